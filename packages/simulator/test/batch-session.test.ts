import { createHash, randomBytes } from 'node:crypto'
import { afterAll, beforeAll, expect, test } from 'vitest'
import type { Json } from './wire/caller.ts'
import { aCompany, alsoSignsIn, COMPANY_NIP, type Company } from './wire/company.ts'
import { invoiceXml, nextNumber } from './wire/invoice.ts'
import {
  type Entry,
  openingOf,
  outcomeOf,
  sealParts,
  sendBatch,
  tarGzOf,
  upload,
  zipOf,
} from './wire/package.ts'

let shared: Company
beforeAll(async () => {
  shared = await aCompany()
})
afterAll(() => shared.simulator.close())

const errorCode = (body: Json): number => body.exception.exceptionDetailList[0].exceptionCode
const sender = (company: Company) => ({ caller: company.caller, token: company.access })
const invoices = (count: number): Entry[] =>
  Array.from({ length: count }, (_, index) => ({ name: `faktura-${index + 1}.xml`, content: invoiceXml() }))
const listOf = async ({ caller, access }: Company, reference: string, list = 'invoices'): Promise<Json[]> =>
  (await caller.ask('GET', `/sessions/${reference}/${list}?pageSize=100`, { token: access })).body.invoices

async function opened(extra: Json = {}, partCount = 1) {
  const { caller, access: token } = shared
  const sealed = sealParts(await zipOf(invoices(1)), await caller.newKey(), partCount)
  const answer = await caller.ask('POST', '/sessions/batch', {
    token,
    body: openingOf(caller, sealed, extra),
  })
  const close = () => caller.ask('POST', `/sessions/batch/${answer.body.referenceNumber}/close`, { token })
  return { sealed, answer, close, requests: answer.body.partUploadRequests }
}

test.each([
  ['Zip', zipOf, 1],
  ['Zip', zipOf, 3],
  ['TarGz', tarGzOf, 1],
  ['TarGz', tarGzOf, 4],
] as const)(
  'a %s package is taken apart (%o) in its parts and every invoice gets its number',
  async (compressionType, archive, partCount) => {
    const { caller, access: token } = shared
    const entries = invoices(12)
    const sealed = sealParts(await archive(entries), await caller.newKey(), partCount)
    const session = await sendBatch(sender(shared), sealed, { batchFile: { compressionType } })
    expect(session).toMatchObject({
      status: { code: 200 },
      invoiceCount: 12,
      successfulInvoiceCount: 12,
      failedInvoiceCount: 0,
    })
    const list = await listOf(shared, session.referenceNumber)
    expect(list.map((one) => [one.ordinalNumber, one.invoiceFileName])).toEqual(
      entries.map(({ name }, index) => [index + 1, name]),
    )
    expect(list.map((one) => one.invoiceHash)).toEqual(
      entries.map(({ content }) => caller.sealed(content, sealed.aes).invoiceHash),
    )
    const receipt = await fetch(session.upo.pages[0].downloadUrl)
    expect((await receipt.text()).match(/<Dokument>/g)).toHaveLength(12)
    const page = `/sessions/${session.referenceNumber}/upo/${session.upo.pages[0].referenceNumber}`
    expect((await caller.ask('GET', page, { token })).status).toBe(200)
  },
)

test('a bad invoice fails alone and is listed among the failed with its file name', async () => {
  const { caller } = shared
  const number = nextNumber()
  const entries = [
    { name: 'dobra.xml', content: invoiceXml({ number }) },
    { name: 'zla.xml', content: invoiceXml({ kind: 'INNY' }) },
    { name: 'drugi-raz.xml', content: invoiceXml({ number }) },
    { name: 'za-duza.xml', content: Buffer.alloc(3_000_001, 32) },
  ]
  const session = await sendBatch(sender(shared), sealParts(await zipOf(entries), await caller.newKey()))
  expect(session).toMatchObject({ status: { code: 200 }, successfulInvoiceCount: 1, failedInvoiceCount: 3 })
  const failed = await listOf(shared, session.referenceNumber, 'invoices/failed')
  expect(failed.map((one) => [one.invoiceFileName, one.status.code])).toEqual([
    ['zla.xml', 450],
    ['drugi-raz.xml', 440],
    ['za-duza.xml', 430],
  ])
  expect(failed[1].status.extensions.originalSessionReferenceNumber).toBe(session.referenceNumber)
})

test('a package without a valid invoice ends in 445, an empty one in 440', async () => {
  const { caller } = shared
  const invalid = await zipOf([{ name: 'a.xml', content: 'nie faktura' }])
  expect((await sendBatch(sender(shared), sealParts(invalid, await caller.newKey()))).status.code).toBe(445)
  const empty = await sendBatch(sender(shared), sealParts(await tarGzOf([]), await caller.newKey()), {
    batchFile: { compressionType: 'TarGz' },
  })
  expect(empty.status).toMatchObject({ code: 440, details: ['Nie przesłano faktur'] })
})

test('what is no archive, or another archive than declared, ends in 430', async () => {
  const { caller } = shared
  const noise = sealParts(randomBytes(5000), await caller.newKey())
  expect((await sendBatch(sender(shared), noise)).status.code).toBe(430)
  for (const [archive, compressionType] of [
    [await tarGzOf(invoices(1)), 'Zip'] as const,
    [await zipOf(invoices(1)), 'TarGz'] as const,
  ]) {
    const sealed = sealParts(archive, await caller.newKey())
    expect((await sendBatch(sender(shared), sealed, { batchFile: { compressionType } })).status.code).toBe(
      430,
    )
  }
})

test('a package cut short, or with names that leave it, ends in 430', async () => {
  const { caller } = shared
  const whole = await tarGzOf(invoices(3))
  const outside = await tarGzOf([{ name: '../poza.xml', content: invoiceXml() }])
  for (const archive of [whole.subarray(0, whole.length - 20), outside]) {
    const sealed = sealParts(archive, await caller.newKey())
    const session = await sendBatch(sender(shared), sealed, { batchFile: { compressionType: 'TarGz' } })
    expect(session.status.code).toBe(430)
  }
})

test('a package of more files than a session takes ends in 420 and none of them is accepted', async () => {
  await using company = await aCompany({ sessionInvoicesMax: 2 })
  const sealed = sealParts(await zipOf(invoices(3)), await company.caller.newKey())
  const session = await sendBatch(sender(company), sealed)
  expect(session).toMatchObject({ status: { code: 420 }, invoiceCount: 0 })
  expect(company.simulator.ledger.snapshot().accepted).toHaveLength(0)
})

test('parts under another key end in 435, a key that cannot be opened in 415', async () => {
  const { caller, access: token } = shared
  const aes = await caller.newKey()
  const foreign = sealParts(await zipOf(invoices(1)), { ...aes, key: randomBytes(32) })
  expect((await sendBatch(sender(shared), foreign)).status.code).toBe(435)
  const unopenable = { ...aes, wrapped: randomBytes(256).toString('base64') }
  const sealed = sealParts(await zipOf(invoices(1)), unopenable)
  const { body } = await caller.ask('POST', '/sessions/batch', { token, body: openingOf(caller, sealed) })
  expect((await outcomeOf(sender(shared), body.referenceNumber)).status.code).toBe(415)
})

test('parts or a package with another hash than declared end in 405', async () => {
  const { caller } = shared
  const otherHash = caller.sealed('x', await caller.newKey()).invoiceHash
  const sealed = sealParts(await zipOf(invoices(1)), await caller.newKey())
  const wrongPackage = await sendBatch(sender(shared), sealed, { batchFile: { fileHash: otherHash } })
  expect(wrongPackage.status.code).toBe(405)
  const fileParts = [{ ordinalNumber: 1, fileSize: sealed.parts[0]?.length, fileHash: otherHash }]
  expect((await sendBatch(sender(shared), sealed, { batchFile: { fileParts } })).status.code).toBe(405)
})

test('a session is not closed before every declared part lies in storage in its declared size', async () => {
  const { sealed, close, requests } = await opened({}, 2)
  expect(errorCode((await close()).body)).toBe(21205)
  const [first, second] = sealed.parts
  if (first === undefined || second === undefined) throw new Error('two parts were made')
  expect(await upload(requests[0], first)).toBe(201)
  expect(await upload(requests[1], second.subarray(1))).toBe(201)
  expect(errorCode((await close()).body)).toBe(21157)
  expect(await upload(requests[1], second)).toBe(201)
  expect((await close()).status).toBe(204)
  expect(errorCode((await close()).body)).toBe(21180)
})

test('storage takes a part by its address alone: no token, no other address, no other header, not after closing', async () => {
  const { sealed, close, requests } = await opened()
  const [part] = sealed.parts
  const [request] = requests
  if (part === undefined) throw new Error('a part was made')
  expect(await upload(request, part, { authorization: `Bearer ${shared.access}` })).toBe(401)
  expect(await upload({ ...request, url: request.url.split('?')[0] }, part)).toBe(401)
  expect(await upload({ ...request, url: request.url.replace('/1?', '/2?') }, part)).toBe(403)
  expect(await upload({ ...request, headers: {} }, part)).toBe(400)
  expect(await upload(request, part)).toBe(201)
  expect((await close()).status).toBe(204)
  expect(await upload(request, part)).toBe(403)
})

test('twenty minutes a part is all the time there is: then uploads, closing and the session are over', async () => {
  await using company = await aCompany()
  const { caller, access: token, control } = company
  const sealed = sealParts(await zipOf(invoices(1)), await caller.newKey(), 2)
  const { body } = await caller.ask('POST', '/sessions/batch', { token, body: openingOf(caller, sealed) })
  const [part] = sealed.parts
  if (part === undefined) throw new Error('a part was made')
  const { body: before } = await caller.ask('GET', `/sessions/${body.referenceNumber}`, { token })
  expect(Date.parse(before.validUntil) - Date.parse(before.dateCreated)).toBe(2 * 20 * 60_000)
  await caller.ask('POST', `${control}/clock`, { body: { offsetMs: 40 * 60_000 + 1000 } })
  const later = await alsoSignsIn(company, COMPANY_NIP)
  expect(await upload(body.partUploadRequests[0], part)).toBe(403)
  const close = `/sessions/batch/${body.referenceNumber}/close`
  expect(errorCode((await caller.ask('POST', close, { token: later })).body)).toBe(21208)
  const { body: after } = await caller.ask('GET', `/sessions/${body.referenceNumber}`, { token: later })
  expect(after.status).toMatchObject({ code: 440, details: ['Przekroczono czas wysyłki'] })
})

test('a package is declared within its bounds: 50 parts from 1 on, 100 MiB each, 5 GB in all', async () => {
  const hash = shared.caller.sealed('x', await shared.caller.newKey()).invoiceHash
  const part = (ordinalNumber: number, fileSize = 16) => ({ ordinalNumber, fileSize, fileHash: hash })
  const refused = async (batchFile: Json) => errorCode((await opened({ batchFile })).answer.body)
  expect(await refused({ fileParts: Array.from({ length: 51 }, (_, index) => part(index + 1)) })).toBe(21161)
  expect(await refused({ fileParts: [part(1, 100 * 1024 * 1024 + 1)] })).toBe(21157)
  expect(await refused({ fileParts: [part(1), part(3)] })).toBe(21405)
  expect(await refused({ fileParts: [] })).toBe(21405)
  expect(await refused({ fileSize: 5_000_000_001 })).toBe(21405)
  expect(await refused({ compressionType: 'Rar' })).toBe(21405)
  const pef = { formCode: { systemCode: 'PEF (3)', schemaVersion: '2-1', value: 'PEF' } }
  expect(errorCode((await opened(pef)).answer.body)).toBe(21405)
  const retired = { ...shared.caller.opening(await shared.caller.newKey()).encryption, publicKeyId: hash }
  expect(errorCode((await opened({ encryption: retired })).answer.body)).toBe(21470)
})

test('an unknown, foreign or interactive session is no batch session', async () => {
  const { caller, access: token } = shared
  const { answer } = await opened()
  const foreign = await alsoSignsIn(shared, '7980332920')
  const online = await caller.openSession(token)
  const close = (reference: string, by: string) =>
    caller.ask('POST', `/sessions/batch/${reference}/close`, { token: by })
  expect(errorCode((await close(answer.body.referenceNumber, foreign)).body)).toBe(21173)
  expect(errorCode((await close(online.referenceNumber, token)).body)).toBe(21173)
  const batch = { ...online, referenceNumber: answer.body.referenceNumber }
  expect(errorCode((await caller.send(token, batch, invoiceXml())).body)).toBe(21173)
})

test('batch sessions are listed apart from interactive ones', async () => {
  const { caller, access: token } = shared
  const { answer } = await opened()
  await caller.openSession(token)
  const references = async (type: string): Promise<string[]> => {
    const { body } = await caller.ask('GET', `/sessions?sessionType=${type}&pageSize=1000`, { token })
    return body.sessions.map((session: Json) => session.referenceNumber)
  }
  expect(await references('Batch')).toContain(answer.body.referenceNumber)
  expect((await references('Batch')).every((reference) => reference.includes('-SB-'))).toBe(true)
  expect((await references('Online')).every((reference) => reference.includes('-SO-'))).toBe(true)
})

test('in a batch the day of its opening decides about offline, or the sender’s word', async () => {
  let now = new Date('2026-11-22T22:55:00Z')
  await using company = await aCompany({ now: () => now, processingDelayMs: 0 })
  const { caller, access: token } = company
  const entries = [
    { name: 'dzis.xml', content: invoiceXml({ issueDate: '2026-11-22' }) },
    { name: 'wczoraj.xml', content: invoiceXml({ issueDate: '2026-11-21' }) },
  ]
  const sealed = sealParts(await zipOf(entries), await caller.newKey())
  const { body } = await caller.ask('POST', '/sessions/batch', { token, body: openingOf(caller, sealed) })
  now = new Date('2026-11-22T23:05:00Z')
  for (const [index, part] of sealed.parts.entries()) await upload(body.partUploadRequests[index], part)
  await caller.ask('POST', `/sessions/batch/${body.referenceNumber}/close`, { token })
  await outcomeOf(sender(company), body.referenceNumber)
  const list = await listOf(company, body.referenceNumber)
  expect(list.map((one) => one.invoicingMode)).toEqual(['Online', 'Offline'])
  expect(list[0].invoicingDate).toBe('2026-11-22T22:55:00.000Z')
  expect(list[0].ksefNumber).toContain('-20261122-')
  const declared = sealParts(
    await zipOf([{ name: 'a.xml', content: invoiceXml({ issueDate: '2026-11-23' }) }]),
    await caller.newKey(),
  )
  const offline = await sendBatch(sender(company), declared, { offlineMode: true })
  expect((await listOf(company, offline.referenceNumber))[0].invoicingMode).toBe('Offline')
})

test('a package may be refused as a whole for one document in it, and then no invoice of it is read', async () => {
  const own = await aCompany()
  try {
    const { caller, simulator } = own
    const [spoiled, sound] = [invoices(2), invoices(2)]
    const [poison] = spoiled
    const invoiceHash = createHash('sha256').update(poison!.content).digest('base64')
    simulator.control.misbehaviours.add({ kind: 'package-refused', code: 430, invoiceHash })
    const send = async (entries: Entry[]) =>
      sendBatch(sender(own), sealParts(await zipOf(entries), await caller.newKey(), 1), {})
    const accepted = await send(sound)
    const refused = await send(spoiled)
    expect(accepted.status.code).toBe(200)
    expect(refused.status.code).toBe(430)
    expect(await listOf(own, refused.referenceNumber)).toEqual([])
  } finally {
    await own.simulator.close()
  }
})
