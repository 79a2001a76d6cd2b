import { createHash } from 'node:crypto'
import { expect, test } from 'vitest'
import { UNKNOWN_FIELD } from '../src/control/unknown-fields.ts'
import { crc8 } from '../src/crc8.ts'
import type { Misbehaviour } from '../src/index.ts'
import { makeHolder, sealOf } from './wire/certificate.ts'
import { aCompany, COMPANY_NIP, type Company } from './wire/company.ts'
import { invoiceXml, nextNumber } from './wire/invoice.ts'

const HOUR_MS = 3_600_000

const arm = async ({ caller, control }: Company, misbehaviour: Misbehaviour): Promise<void> => {
  const { status } = await caller.ask('POST', `${control}/misbehaviours`, { body: misbehaviour })
  expect(status).toBe(201)
}

async function withSession() {
  const company = await aCompany()
  const { caller, access } = company
  const session = await caller.openSession(access)
  const deliver = (xml: string) => caller.deliver(access, session, xml)
  const statusOf = async () =>
    (await caller.ask('GET', `/sessions/${session.referenceNumber}`, { token: access })).body.status
  return { ...company, session, deliver, statusOf }
}

test('an invoice that the system cancels (550) is not registered, and the next attempt succeeds', async () => {
  await using company = await withSession()
  await arm(company, { kind: 'invoice-status', code: 550 })
  const xml = invoiceXml()
  expect(await company.deliver(xml)).toMatchObject({
    status: { code: 550, description: 'Operacja została anulowana przez system' },
  })
  expect(company.simulator.ledger.snapshot().accepted).toEqual([])
  expect((await company.deliver(xml)).status.code).toBe(200)
})

test('any status can befall the next invoices, with its words and extensions', async () => {
  await using company = await withSession()
  const told = { code: 430, description: 'Inny błąd', details: ['bo tak'], extensions: { a: 'b' } }
  await arm(company, { kind: 'invoice-status', times: 2, ...told })
  const codes = [invoiceXml(), invoiceXml(), invoiceXml()].map(company.deliver)
  const settled = await Promise.all(codes)
  expect(settled.filter((one) => one.status.code === 430).map((one) => one.status)).toEqual([told, told])
})

test('a status can be meant for one document, whatever comes before it', async () => {
  await using company = await withSession()
  const [other, meant] = [invoiceXml(), invoiceXml()]
  const invoiceHash = createHash('sha256').update(meant).digest('base64')
  await arm(company, { kind: 'invoice-status', code: 450, invoiceHash, times: 1 })
  expect((await company.deliver(other)).status.code).toBe(200)
  expect((await company.deliver(meant)).status.code).toBe(450)
  expect((await company.deliver(meant)).status.code).toBe(200)
})

test.each([
  [100, 'Faktura przyjęta do dalszego przetwarzania'],
  [150, 'Trwa przetwarzanie'],
])('an invoice stuck in %i stays there until its time has come', async (code, description) => {
  await using company = await withSession()
  const { caller, access, session } = company
  await arm(company, { kind: 'invoice-status', code, forMs: HOUR_MS })
  const { body: sent } = await caller.send(access, session, invoiceXml())
  const path = `/sessions/${session.referenceNumber}/invoices/${sent.referenceNumber}`
  company.simulator.control.clock.advance(HOUR_MS - 60_000)
  const token = await signedInAgain(company)
  expect((await caller.ask('GET', path, { token })).body.status).toEqual({ code, description })
  company.simulator.control.clock.advance(120_000)
  expect((await caller.ask('GET', path, { token })).body.status.code).toBe(200)
})

/** The access token of before the clock was moved has expired meanwhile. */
async function signedInAgain({ caller }: Company): Promise<string> {
  return (await caller.signIn(await makeHolder({ name: sealOf(COMPANY_NIP) }))).access
}

test('an invoice without a limit to its delay is stuck for ever', async () => {
  await using company = await withSession()
  const { caller, access, session } = company
  await arm(company, { kind: 'invoice-status', code: 150 })
  await caller.send(access, session, invoiceXml())
  company.simulator.control.clock.advance(7 * 24 * HOUR_MS)
  const token = await signedInAgain(company)
  const { body } = await caller.ask('GET', `/sessions/${session.referenceNumber}/invoices`, { token })
  expect(body.invoices.map((one: { status: { code: number } }) => one.status.code)).toEqual([150])
})

test('a duplicate may name a session that never was, or no original at all', async () => {
  await using company = await withSession()
  const xml = invoiceXml()
  const { ksefNumber } = await company.deliver(xml)
  await arm(company, { kind: 'duplicate-of-wrong-session' })
  const wrong = (await company.deliver(xml)).status
  expect(wrong).toMatchObject({ code: 440, extensions: { originalKsefNumber: ksefNumber } })
  expect(wrong.extensions.originalSessionReferenceNumber).not.toBe(company.session.referenceNumber)
  await arm(company, { kind: 'duplicate-without-extensions' })
  const silent = (await company.deliver(xml)).status
  expect([silent.code, silent.extensions]).toEqual([440, undefined])
  expect((await company.deliver(xml)).status.extensions.originalSessionReferenceNumber).toBe(
    company.session.referenceNumber,
  )
})

test('the permanent storage date may be null though the invoice is accepted', async () => {
  await using company = await withSession()
  const { caller, access, session } = company
  const { referenceNumber } = await company.deliver(invoiceXml())
  const path = `/sessions/${session.referenceNumber}/invoices/${referenceNumber}`
  await caller.until(
    () => caller.ask('GET', path, { token: access }),
    (body) => body.permanentStorageDate !== undefined,
  )
  await arm(company, { kind: 'permanent-storage-date-null' })
  const { body } = await caller.ask('GET', path, { token: access })
  expect([body.permanentStorageDate, body.status.code]).toEqual([null, 200])
})

test('unknown fields stand in every object of every answer while they last', async () => {
  await using company = await withSession()
  const { caller, access, session } = company
  await company.deliver(invoiceXml())
  await arm(company, { kind: 'unknown-fields', times: 1 })
  const path = `/sessions/${session.referenceNumber}/invoices`
  const { body } = await caller.ask('GET', path, { token: access })
  expect(body).toHaveProperty(UNKNOWN_FIELD)
  expect(body.invoices[0].status).toHaveProperty(UNKNOWN_FIELD)
  expect((await caller.ask('GET', path, { token: access })).body).not.toHaveProperty(UNKNOWN_FIELD)
})

test('a KSeF number may come with a wrong checksum', async () => {
  await using company = await withSession()
  await arm(company, { kind: 'ksef-number-with-wrong-crc' })
  const [wrong, right] = [await company.deliver(invoiceXml()), await company.deliver(invoiceXml())]
  const hasRightSum = (ksefNumber: string) => crc8(ksefNumber.slice(0, -3)) === ksefNumber.slice(-2)
  expect([hasRightSum(wrong.ksefNumber), hasRightSum(right.ksefNumber)]).toEqual([false, true])
})

test('the next session may show any status; a known one can be given another and let go', async () => {
  await using company = await withSession()
  const { caller, access, control, session, statusOf } = company
  await arm(company, { kind: 'session-status', code: 500, description: 'Nieznany błąd (500)' })
  const ill = await caller.openSession(access)
  const { body } = await caller.ask('GET', `/sessions/${ill.referenceNumber}`, { token: access })
  expect(body.status).toEqual({ code: 500, description: 'Nieznany błąd (500)' })
  expect((await statusOf()).code).toBe(100)
  const path = `${control}/sessions/${session.referenceNumber}/status`
  await caller.ask('PUT', path, { body: { code: 445, details: ['wymuszone'] } })
  expect(await statusOf()).toMatchObject({ code: 445, details: ['wymuszone'] })
  expect((await caller.send(access, session, invoiceXml())).status).toBe(400)
  await caller.ask('DELETE', path)
  expect((await statusOf()).code).toBe(100)
})

test('with a seed, chance strikes the same invoices in every run', async () => {
  const run = async (seed: string) => {
    await using company = await aCompany({ seed })
    company.simulator.control.misbehaviours.add({ kind: 'invoice-status', code: 550, probability: 0.5 })
    const session = await company.caller.openSession(company.access)
    const codes: number[] = []
    for (let sent = 0; sent < 12; sent++) {
      const xml = invoiceXml({ number: nextNumber() })
      codes.push((await company.caller.deliver(company.access, session, xml)).status.code)
    }
    return codes
  }
  const once = await run('kości')
  expect(new Set(once)).toEqual(new Set([200, 550]))
  expect(await run('kości')).toEqual(once)
})

test('a misspelt or incomplete misbehaviour is refused instead of doing nothing', async () => {
  await using company = await aCompany()
  const { caller, control } = company
  const ask = (body: unknown) => caller.ask('POST', `${control}/misbehaviours`, { body })
  expect((await ask({ kind: 'invoice-status' })).text).toContain('code')
  expect((await ask({ kind: 'invoice-staus', code: 550 })).status).toBe(400)
  expect((await ask({ kind: 'invoice-status', code: 550, tmies: 2 })).status).toBe(400)
})
