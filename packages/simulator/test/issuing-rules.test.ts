import { afterAll, beforeAll, expect, test } from 'vitest'
import type { Json } from './wire/caller.ts'
import { aCompany, alsoSignsIn, COMPANY_NIP, type Company } from './wire/company.ts'
import { invoiceRrXml, invoiceXml, nextNumber } from './wire/invoice.ts'
import { sealParts, sendBatch, zipOf } from './wire/package.ts'

const OTHER = '7980332920'
const FOURTH = '1111111111'
const errorCode = (body: Json): number => body.exception.exceptionDetailList[0].exceptionCode

let shared: Company
beforeAll(async () => {
  shared = await aCompany()
})
afterAll(() => shared.simulator.close())

type Authorization = { type: string; authorizing: string; authorized: string }
const authorize = (body: Authorization, path = '/authorizations') =>
  shared.caller.ask('POST', shared.control + path, { body })
const byOther = (type: string): Authorization => ({ type, authorizing: OTHER, authorized: COMPANY_NIP })

/** Sends one invoice in a session of its own and gives its final status. */
async function outcome(token: string, xml: string, systemCode?: string): Promise<Json> {
  const { caller } = shared
  const aes = await caller.newKey()
  const body = caller.opening(aes, systemCode)
  if (systemCode === 'FA_RR (1)') body.formCode = { systemCode, schemaVersion: '1-1E', value: 'FA_RR' }
  const opened = await caller.ask('POST', '/sessions/online', { token, body })
  return caller.deliver(token, { ...opened.body, aes }, xml)
}

test('a buyer issues its own purchase once the seller has authorized self-invoicing, and no longer', async () => {
  const xml = () => invoiceXml({ sellerNip: OTHER, buyerNip: COMPANY_NIP, isSelfInvoicing: true })
  expect((await outcome(shared.access, xml())).status.code).toBe(410)
  await authorize(byOther('SelfInvoicing'))
  expect((await outcome(shared.access, xml())).status.code).toBe(200)
  const notDeclared = invoiceXml({ sellerNip: OTHER, buyerNip: COMPANY_NIP })
  expect((await outcome(shared.access, notDeclared)).status.code).toBe(410)
  const notBuyer = invoiceXml({ sellerNip: OTHER, buyerNip: FOURTH, isSelfInvoicing: true })
  expect((await outcome(shared.access, notBuyer)).status.code).toBe(410)
  await authorize(byOther('SelfInvoicing'), '/authorizations/revoke')
  expect((await outcome(shared.access, xml())).status.code).toBe(410)
})

test('a tax representative issues for the seller who authorized it and whose invoice names it', async () => {
  const named = () => invoiceXml({ sellerNip: OTHER, buyerNip: FOURTH, authorizedNip: COMPANY_NIP })
  expect((await outcome(shared.access, named())).status.code).toBe(410)
  await authorize(byOther('TaxRepresentative'))
  expect((await outcome(shared.access, named())).status.code).toBe(200)
  expect((await outcome(shared.access, invoiceXml({ sellerNip: OTHER }))).status.code).toBe(410)
})

test('an invoice RR is issued by its buyer, whom the supplier authorized', async () => {
  const xml = () => invoiceRrXml({ supplierNip: OTHER, buyerNip: COMPANY_NIP })
  expect((await outcome(shared.access, xml(), 'FA_RR (1)')).status.code).toBe(410)
  await authorize(byOther('RRInvoicing'))
  const settled = await outcome(shared.access, xml(), 'FA_RR (1)')
  expect([settled.status.details, settled.status.code]).toEqual([undefined, 200])
  const body = {
    subjectType: 'Subject2',
    dateRange: { dateType: 'Issue', from: '2026-11-20', to: '2026-11-21' },
    formType: 'FA_RR',
  }
  const found = await shared.caller.until(
    () => shared.caller.ask('POST', '/invoices/query/metadata', { token: shared.access, body }),
    (answer) => answer.invoices.length > 0,
  )
  expect(found.invoices[0]).toMatchObject({
    invoiceType: 'VatRr',
    formCode: { systemCode: 'FA_RR (1)' },
    seller: { nip: OTHER },
    netAmount: 100,
    vatAmount: 7,
    grossAmount: 107,
  })
})

test('an attachment travels in a batch only, and only after consent', async () => {
  const { caller, access: token } = shared
  const xml = () => invoiceXml({ hasAttachment: true })
  expect((await outcome(token, xml())).status.code).toBe(415)
  const batch = async () => {
    const archive = await zipOf([{ name: 'z-zalacznikiem.xml', content: xml() }])
    const session = await sendBatch({ caller, token }, sealParts(archive, await caller.newKey()))
    const path = `/sessions/${session.referenceNumber}/invoices`
    return (await caller.ask('GET', path, { token })).body.invoices[0].status.code
  }
  expect(await batch()).toBe(415)
  await caller.ask('POST', '/testdata/attachment', { body: { nip: COMPANY_NIP } })
  expect(await batch()).toBe(200)
  expect((await outcome(token, xml())).status.code).toBe(415)
  await caller.ask('POST', '/testdata/attachment/revoke', { body: { nip: COMPANY_NIP } })
  expect(await batch()).toBe(415)
})

test('a rejected offline invoice is corrected once, and what was accepted is not corrected', async () => {
  const { caller, access: token } = shared
  const session = await caller.openSession(token)
  const hashOf = (xml: string): string => caller.sealed(xml, session.aes).invoiceHash
  const correct = (xml: string, hashOfCorrectedInvoice: string, offlineMode = true) =>
    caller.post(token, session, { ...caller.sealed(xml, session.aes), offlineMode, hashOfCorrectedInvoice })
  const broken = invoiceXml({ kind: 'INNY' })
  const rejected = await caller.deliver(token, session, broken)
  expect(rejected.status.code).toBe(450)
  expect(errorCode((await correct(invoiceXml(), hashOf(broken), false)).body)).toBe(21405)
  const { body } = await correct(invoiceXml(), hashOf(broken))
  const corrected = await caller.settled(token, session, body.referenceNumber)
  expect(corrected).toMatchObject({ status: { code: 200 }, invoicingMode: 'Offline' })
  expect(errorCode((await correct(invoiceXml(), hashOf(broken))).body)).toBe(21166)
  const good = invoiceXml()
  await caller.deliver(token, session, good)
  expect(errorCode((await correct(invoiceXml(), hashOf(good))).body)).toBe(21167)
})

test('a technical correction may carry an attachment in an interactive session', async () => {
  await using company = await aCompany()
  const { caller, access: token } = company
  await caller.ask('POST', '/testdata/attachment', { body: { nip: COMPANY_NIP } })
  const session = await caller.openSession(token)
  const rejected = caller.sealed('nie faktura', session.aes)
  await caller.post(token, session, { ...rejected, offlineMode: true })
  const { body } = await caller.post(token, session, {
    ...caller.sealed(invoiceXml({ hasAttachment: true }), session.aes),
    offlineMode: true,
    hashOfCorrectedInvoice: rejected.invoiceHash,
  })
  expect((await caller.settled(token, session, body.referenceNumber)).status.code).toBe(200)
})

test('a declared offline invoice of today is offline', async () => {
  const { caller, access: token } = shared
  const session = await caller.openSession(token)
  const today = new Date().toLocaleDateString('sv-SE', { timeZone: 'Europe/Warsaw' })
  const sealed = caller.sealed(invoiceXml({ issueDate: today, number: nextNumber() }), session.aes)
  const { body } = await caller.post(token, session, { ...sealed, offlineMode: true })
  expect((await caller.settled(token, session, body.referenceNumber)).invoicingMode).toBe('Offline')
})

test('a session that takes no invoices for now says 21184, and another session takes them', async () => {
  const { caller, access: token, control } = shared
  const operation = 'POST /sessions/online/{referenceNumber}/invoices'
  const fault = { operation, mode: 'refusal', code: 21184 }
  expect((await caller.ask('POST', `${control}/faults`, { body: fault })).status).toBe(201)
  const refused = await caller.send(token, await caller.openSession(token), invoiceXml())
  expect([refused.status, errorCode(refused.body)]).toEqual([400, 21184])
  expect((await caller.send(token, await caller.openSession(token), invoiceXml())).status).toBe(202)
})

test('another company’s batch has no effect on ours', async () => {
  const foreign = await alsoSignsIn(shared, OTHER)
  const number = nextNumber()
  expect((await outcome(foreign, invoiceXml({ sellerNip: OTHER, number }))).status.code).toBe(200)
  expect((await outcome(shared.access, invoiceXml({ number }))).status.code).toBe(200)
})
