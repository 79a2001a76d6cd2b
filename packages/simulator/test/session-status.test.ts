import { createHash } from 'node:crypto'
import { readFileSync } from 'node:fs'
import { XmlDocument, XsdValidator } from 'libxml2-wasm'
import { expect, test } from 'vitest'
import type { Json } from './wire/caller.ts'
import { aCompany, alsoSignsIn, type Company } from './wire/company.ts'
import { contractFolder } from './wire/contract-folder.ts'
import { invoiceXml } from './wire/invoice.ts'

const errorCode = (body: Json): number => body.exception.exceptionDetailList[0].exceptionCode
const folder = contractFolder('validating UPO against the official schema')

function expectValidUpo(xml: string): void {
  expect(xml).toContain('http://upo.schematy.mf.gov.pl/KSeF/v4-3')
  if (folder === undefined) return
  using schema = XmlDocument.fromBuffer(readFileSync(`${folder}/schemas/upo-v4-3.xsd`))
  using validator = XsdValidator.fromDoc(schema)
  using document = XmlDocument.fromString(xml)
  validator.validate(document)
}

/** A session with `count` accepted invoices, closed and settled. */
async function aSettledSession({ caller, access }: Company, count: number) {
  const session = await caller.openSession(access)
  const invoices: Json[] = []
  for (let sent = 0; sent < count; sent++) invoices.push(await caller.deliver(access, session, invoiceXml()))
  await caller.ask('POST', `/sessions/online/${session.referenceNumber}/close`, { token: access })
  const status = await caller.until(
    () => caller.ask('GET', `/sessions/${session.referenceNumber}`, { token: access }),
    (body) => body.status.code === 200,
  )
  return { session, invoices, status }
}

test('the receipt of an invoice is the same by its reference, by its KSeF number and by its link', async () => {
  await using company = await aCompany()
  const { caller, access } = company
  const { session, invoices } = await aSettledSession(company, 1)
  const [invoice] = invoices
  const base = `/sessions/${session.referenceNumber}/invoices`
  const receipts = [
    await caller.ask('GET', `${base}/${invoice.referenceNumber}/upo`, { token: access }),
    await caller.ask('GET', `${base}/ksef/${invoice.ksefNumber}/upo`, { token: access }),
    await caller.ask('GET', invoice.upoDownloadUrl),
  ]
  for (const { status, text, headers } of receipts) {
    expect(status).toBe(200)
    expect(text).toBe(receipts[0]?.text)
    expect(text).toContain(`<NumerKSeFDokumentu>${invoice.ksefNumber}</NumerKSeFDokumentu>`)
    expect(headers.get('x-ms-meta-hash')).toBe(createHash('sha256').update(text).digest('base64'))
    expectValidUpo(text)
  }
})

test('the receipt of a session lists its accepted invoices', async () => {
  await using company = await aCompany()
  const { caller, access } = company
  const { session, invoices, status } = await aSettledSession(company, 3)
  expect([status.invoiceCount, status.successfulInvoiceCount, status.failedInvoiceCount]).toEqual([3, 3, 0])
  const [page] = status.upo.pages
  const byLink = await caller.ask('GET', page.downloadUrl)
  const byPath = await caller.ask('GET', `/sessions/${session.referenceNumber}/upo/${page.referenceNumber}`, {
    token: access,
  })
  expect(byLink.text).toBe(byPath.text)
  for (const { ksefNumber } of invoices) expect(byLink.text).toContain(ksefNumber)
  expectValidUpo(byLink.text)
})

test('a receipt under a sign-in by token names the token', async () => {
  await using company = await aCompany({ processingDelayMs: 0 })
  const { caller, access } = company
  const body = { permissions: ['InvoiceWrite'], description: 'token testowy' }
  const { body: made } = await caller.ask('POST', '/tokens', { token: access, body })
  const { challenge, timestampMs } = await caller.challenge()
  const encryptedToken = caller.wrap(
    await caller.keyFor('KsefTokenEncryption'),
    Buffer.from(`${made.token}|${timestampMs}`),
  )
  const contextIdentifier = { type: 'Nip', value: '5265877635' }
  const init = await caller.ask('POST', '/auth/ksef-token', {
    body: { challenge, contextIdentifier, encryptedToken },
  })
  const tokens = await caller.redeem(init.body)
  const { invoices } = await aSettledSession({ ...company, access: tokens.access }, 1)
  const { text } = await caller.ask('GET', invoices[0].upoDownloadUrl)
  expect(text).toContain(`<NumerReferencyjnyTokenaKSeF>${made.referenceNumber}</NumerReferencyjnyTokenaKSeF>`)
  expectValidUpo(text)
})

test('a link to a receipt takes no token, no other path and no later day', async () => {
  await using company = await aCompany()
  const { caller, access, control } = company
  const { invoices } = await aSettledSession(company, 2)
  const url: string = invoices[0].upoDownloadUrl
  expect((await caller.ask('GET', url, { token: access })).status).toBe(400)
  const other = url.replace(invoices[0].referenceNumber, invoices[1].referenceNumber)
  expect((await caller.ask('GET', other)).status).toBe(403)
  await caller.ask('POST', `${control}/clock`, { body: { offsetMs: 3 * 24 * 3600_000 + 60_000 } })
  expect((await caller.ask('GET', url)).status).toBe(403)
})

test('the invoice list pages by continuation token and the list of failures holds failures only', async () => {
  await using company = await aCompany({ processingDelayMs: 0 })
  const { caller, access } = company
  const session = await caller.openSession(access)
  for (let sent = 0; sent < 12; sent++) await caller.send(access, session, invoiceXml())
  await caller.send(access, session, 'nie faktura')
  const path = `/sessions/${session.referenceNumber}/invoices`
  const first = await caller.ask('GET', path, { token: access })
  expect(first.body.invoices.map((one: Json) => one.ordinalNumber)).toEqual([1, 2, 3, 4, 5, 6, 7, 8, 9, 10])
  const headers = { 'x-continuation-token': first.body.continuationToken }
  const second = await caller.ask('GET', path, { token: access, headers })
  expect(second.body.invoices.map((one: Json) => one.ordinalNumber)).toEqual([11, 12, 13])
  expect(second.body.continuationToken).toBeNull()
  const failed = await caller.ask('GET', `${path}/failed`, { token: access })
  expect(failed.body.invoices.map((one: Json) => one.status.code)).toEqual([430])
  expect(errorCode((await caller.ask('GET', `${path}?pageSize=5`, { token: access })).body)).toBe(21405)
})

test('a lagging list shows an invoice late while its own status is already there', async () => {
  await using company = await aCompany({ processingDelayMs: 0 })
  const { caller, access, control } = company
  await caller.ask('POST', `${control}/list-lag`, { body: { ms: 3600_000 } })
  const session = await caller.openSession(access)
  const settled = await caller.deliver(access, session, invoiceXml())
  const path = `/sessions/${session.referenceNumber}/invoices`
  expect((await caller.ask('GET', path, { token: access })).body.invoices).toEqual([])
  await caller.ask('POST', `${control}/list-lag`, { body: { ms: 0 } })
  const rows = (await caller.ask('GET', path, { token: access })).body.invoices
  expect(rows.map((one: Json) => one.ksefNumber)).toEqual([settled.ksefNumber])
})

test('sessions are listed newest first, by kind and status, within one context', async () => {
  await using company = await aCompany()
  const { caller, access } = company
  const { session: done } = await aSettledSession(company, 1)
  const open = await caller.openSession(access)
  const list = async (query: string, token = access): Promise<string[]> =>
    (await caller.ask('GET', `/sessions?${query}`, { token })).body.sessions.map(
      (one: Json) => one.referenceNumber,
    )
  expect(await list('sessionType=Online')).toEqual([open.referenceNumber, done.referenceNumber])
  expect(await list('sessionType=Online&statuses=Succeeded')).toEqual([done.referenceNumber])
  expect(await list('sessionType=Batch')).toEqual([])
  expect(await list('sessionType=Online', await alsoSignsIn(company, '7980332920'))).toEqual([])
})

test('an accepted document is read by its parties only, with its hash', async () => {
  await using company = await aCompany({ processingDelayMs: 0 })
  const { caller, access } = company
  const xml = invoiceXml({ buyerNip: '7980332920' })
  const { ksefNumber, invoiceHash } = await caller.deliver(access, await caller.openSession(access), xml)
  const read = (token: string) => caller.ask('GET', `/invoices/ksef/${ksefNumber}`, { token })
  await caller.until(
    async () => ({ ...(await read(access)), body: (await read(access)).status }),
    (status) => status === 200,
  )
  const document = await read(access)
  expect([document.text, document.headers.get('x-ms-meta-hash')]).toEqual([xml, invoiceHash])
  expect((await read(await alsoSignsIn(company, '7980332920'))).status).toBe(200)
  expect(errorCode((await read(await alsoSignsIn(company, '3755747347'))).body)).toBe(21164)
})

test('metadata finds an invoice by its exact KSeF number, for the seller and for the buyer', async () => {
  await using company = await aCompany({ processingDelayMs: 0 })
  const { caller, access } = company
  const session = await caller.openSession(access)
  const wanted = await caller.deliver(
    access,
    session,
    invoiceXml({ buyerNip: '7980332920', number: 'FV/szukana' }),
  )
  await caller.deliver(access, session, invoiceXml())
  const dateRange = { dateType: 'PermanentStorage', from: new Date(Date.now() - 3600_000).toISOString() }
  const query = (token: string, filters: Record<string, unknown>) =>
    caller.ask('POST', '/invoices/query/metadata', {
      token,
      body: { subjectType: 'Subject1', dateRange, ...filters },
    })
  const found = await caller.until(
    () => query(access, { ksefNumber: wanted.ksefNumber }),
    (body) => body.invoices.length === 1,
  )
  expect(found.invoices[0]).toMatchObject({
    ksefNumber: wanted.ksefNumber,
    invoiceNumber: 'FV/szukana',
    invoiceHash: wanted.invoiceHash,
    netAmount: 100.1,
    vatAmount: 23.02,
    grossAmount: 123.12,
  })
  const buyer = await alsoSignsIn(company, '7980332920')
  expect(
    (await query(buyer, { subjectType: 'Subject2', invoiceNumber: 'FV/szukana' })).body.invoices,
  ).toHaveLength(1)
  expect((await query(buyer, {})).body.invoices).toEqual([])
  const tooWide = {
    dateRange: { dateType: 'Issue', from: '2026-01-01T00:00:00Z', to: '2026-11-01T00:00:00Z' },
  }
  expect(errorCode((await query(access, tooWide)).body)).toBe(21405)
})
