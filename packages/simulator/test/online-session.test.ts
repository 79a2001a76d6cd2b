import { randomBytes } from 'node:crypto'
import { afterAll, beforeAll, expect, test } from 'vitest'
import { startSimulator } from '../src/index.ts'
import { createCaller, type Json } from './wire/caller.ts'
import { makeHolder, sealOf } from './wire/certificate.ts'
import { aCompany, alsoSignsIn, COMPANY_NIP, type Company } from './wire/company.ts'
import { underContract } from './wire/contract-folder.ts'
import { invoiceXml } from './wire/invoice.ts'

// Making the Ministry's keys is most of a start: tests that do not need a fresh simulator share this one.
let shared: Company
beforeAll(async () => {
  shared = await aCompany()
})
afterAll(() => shared.simulator.close())

const errorCode = (body: Json): number => body.exception.exceptionDetailList[0].exceptionCode

test('an invoice goes from 100 over 150 to 200 as time passes', async () => {
  let now = new Date('2026-11-22T10:00:00Z')
  const pass = (milliseconds: number) => {
    now = new Date(now.getTime() + milliseconds)
  }
  await using simulator = await startSimulator({
    processingDelayMs: 1000,
    now: () => now,
    ...underContract(),
  })
  const caller = createCaller(simulator.url)
  const { body: init } = await caller.submit(await makeHolder({ name: sealOf(COMPANY_NIP) }))
  pass(1000)
  const { access } = await caller.redeem(init)
  const session = await caller.openSession(access)
  const { body: sent } = await caller.send(access, session, invoiceXml({ issueDate: '2026-11-22' }))
  const look = async () =>
    (
      await caller.ask('GET', `/sessions/${session.referenceNumber}/invoices/${sent.referenceNumber}`, {
        token: access,
      })
    ).body
  expect([(await look()).status.code, (await look()).ksefNumber]).toEqual([100, undefined])
  pass(500)
  expect((await look()).status.code).toBe(150)
  pass(500)
  const settled = await look()
  expect(settled.status.code).toBe(200)
  expect(settled.ksefNumber).toMatch(new RegExp(`^${COMPANY_NIP}-20261122-[0-9A-F]{12}-[0-9A-F]{2}$`))
  expect(settled.invoicingMode).toBe('Online')
})

test('an invoice dated before its receipt is marked offline', async () => {
  const { caller, access } = shared
  const settled = await caller.deliver(
    access,
    await caller.openSession(access),
    invoiceXml({ issueDate: '2026-11-20' }),
  )
  expect(settled.invoicingMode).toBe('Offline')
})

test('the same number in another session is a duplicate that names the original', async () => {
  await using company = await aCompany()
  const { caller, access, simulator } = company
  const first = await caller.openSession(access)
  const second = await caller.openSession(access)
  const xml = invoiceXml({ number: 'FV/1' })
  const original = await caller.deliver(access, first, xml)
  const duplicate = await caller.deliver(access, second, invoiceXml({ number: 'FV/1', itemName: 'Otręby' }))
  expect(duplicate.status.code).toBe(440)
  expect(duplicate.status.extensions).toEqual({
    originalSessionReferenceNumber: first.referenceNumber,
    originalKsefNumber: original.ksefNumber,
  })
  const correction = await caller.deliver(access, second, invoiceXml({ number: 'FV/1', kind: 'UPR' }))
  expect(correction.status.code).toBe(200)
  expect(simulator.ledger.snapshot().accepted).toHaveLength(2)
  expect(simulator.ledger.snapshot().postsByHash[original.invoiceHash]).toBe(1)
})

test('racing duplicates have one winner', async () => {
  await using company = await aCompany()
  const { caller, access, simulator } = company
  const session = await caller.openSession(access)
  const xml = invoiceXml()
  const sent = await Promise.all(Array.from({ length: 8 }, () => caller.send(access, session, xml)))
  const codes = await Promise.all(
    sent.map(async ({ body }) => (await caller.settled(access, session, body.referenceNumber)).status.code),
  )
  expect(codes.sort()).toEqual([200, 440, 440, 440, 440, 440, 440, 440])
  expect(Object.values(simulator.ledger.snapshot().postsByHash)).toEqual([8])
})

test.each([
  ['a byte order mark', `\uFEFF${invoiceXml()}`, 430],
  ['a document type declaration', invoiceXml({ beforeRoot: '<!DOCTYPE Faktura>' }), 430],
  ['a processing instruction', invoiceXml({ beforeRoot: '<?php echo ?>' }), 430],
  [
    'another declared encoding',
    invoiceXml({ declaration: '<?xml version="1.0" encoding="ISO-8859-2"?>' }),
    430,
  ],
  ['a discouraged character', invoiceXml({ itemName: 'a\u0080b' }), 430],
  ['a discouraged character by reference', invoiceXml({ itemName: 'a&#x80;b' }), 430],
  ['XML that is not well formed', invoiceXml().slice(0, -3), 430],
  ['a schema error', invoiceXml({ kind: 'INNY' }), 450],
  ['another namespace', invoiceXml().replace('/13775/', '/1/'), 450],
  ['an issue date in the future', invoiceXml({ issueDate: '2049-01-01' }), 450],
  ['another seller than the context', invoiceXml({ sellerNip: '7980332920' }), 410],
  ['more than 1,000,000 bytes', invoiceXml({ beforeRoot: `<!--${'x'.repeat(1_000_000)}-->` }), 430],
])('%s is rejected without blocking the next invoice', async (_name, xml, code) => {
  const { caller, access, simulator } = shared
  const session = await caller.openSession(access)
  const rejected = await caller.deliver(access, session, xml)
  expect([rejected.status.code, rejected.ksefNumber]).toEqual([code, undefined])
  expect((await caller.deliver(access, session, invoiceXml())).status.code).toBe(200)
  const decisions = simulator.ledger
    .snapshot()
    .decisions.filter((decision) => decision.sessionReferenceNumber === session.referenceNumber)
  expect(decisions.map((decision) => decision.statusCode)).toEqual([code, 200])
})

test('declared sizes and hashes are checked: of the ciphertext at once, of the invoice afterwards', async () => {
  const { caller, access } = shared
  const session = await caller.openSession(access)
  const wrongHash = caller.sealed('x', session.aes).invoiceHash
  const altered = (extra: Record<string, unknown>) =>
    caller.post(access, session, { ...caller.sealed(invoiceXml(), session.aes), ...extra })
  const size = await altered({ encryptedInvoiceSize: 1 })
  expect(errorCode(size.body)).toBe(21402)
  const hash = await altered({ encryptedInvoiceHash: wrongHash })
  expect(errorCode(hash.body)).toBe(21403)
  for (const extra of [{ invoiceSize: 1 }, { invoiceHash: wrongHash }]) {
    const { body } = await altered(extra)
    expect((await caller.settled(access, session, body.referenceNumber)).status.code).toBe(430)
  }
})

test('an invoice under another key than the session’s ends in 435', async () => {
  const { caller, access } = shared
  const session = await caller.openSession(access)
  const other = { ...session, aes: { ...session.aes, key: randomBytes(32) } }
  expect((await caller.deliver(access, other, invoiceXml())).status.code).toBe(435)
})

test('a session whose key cannot be opened ends in 415 and takes nothing more', async () => {
  const { caller, access } = shared
  const aes = { ...(await caller.newKey()), wrapped: randomBytes(256).toString('base64') }
  const opened = await caller.ask('POST', '/sessions/online', { token: access, body: caller.opening(aes) })
  expect(opened.status).toBe(201)
  const path = `/sessions/${opened.body.referenceNumber}`
  await caller.until(
    () => caller.ask('GET', path, { token: access }),
    (body) => body.status.code === 415,
  )
  expect(errorCode((await caller.send(access, { ...opened.body, aes }, invoiceXml())).body)).toBe(21180)
})

test('a form that the environment does not take is refused, FA(2) is taken', async () => {
  const { caller, access } = shared
  const aes = await caller.newKey()
  const pef = await caller.ask('POST', '/sessions/online', {
    token: access,
    body: caller.opening(aes, 'PEF (3)'),
  })
  expect(errorCode(pef.body)).toBe(21405)
  const fa2 = await caller.ask('POST', '/sessions/online', {
    token: access,
    body: caller.opening(aes, 'FA (2)'),
  })
  expect(fa2.status).toBe(201)
})

test('a closed session takes nothing, an unknown or foreign one does not exist', async () => {
  const { caller, access } = shared
  const session = await caller.openSession(access)
  const close = `/sessions/online/${session.referenceNumber}/close`
  const foreign = await alsoSignsIn(shared, '7980332920')
  expect(errorCode((await caller.send(foreign, session, invoiceXml())).body)).toBe(21173)
  expect(
    errorCode((await caller.ask('GET', `/sessions/${session.referenceNumber}`, { token: foreign })).body),
  ).toBe(21173)
  expect((await caller.ask('POST', close, { token: access })).status).toBe(204)
  expect(errorCode((await caller.ask('POST', close, { token: access })).body)).toBe(21180)
  expect(errorCode((await caller.send(access, session, invoiceXml())).body)).toBe(21180)
  expect(
    errorCode((await caller.ask('POST', close.replace(/.{2}\/close$/, '00/close'), { token: access })).body),
  ).toBe(21173)
})

test('a closed session ends in 440 when nothing was sent and in 445 when nothing was valid', async () => {
  const { caller, access } = shared
  const empty = await caller.openSession(access)
  const invalid = await caller.openSession(access)
  await caller.send(access, invalid, 'nie faktura')
  for (const [session, code] of [[empty, 440] as const, [invalid, 445] as const]) {
    await caller.ask('POST', `/sessions/online/${session.referenceNumber}/close`, { token: access })
    const ended = await caller.until(
      () => caller.ask('GET', `/sessions/${session.referenceNumber}`, { token: access }),
      (body) => body.status.code >= 200,
    )
    expect([ended.status.code, ended.upo]).toEqual([code, undefined])
  }
})

test('a session lives twelve hours', async () => {
  await using company = await aCompany()
  const { caller, access, control } = company
  const session = await caller.openSession(access)
  const lifeMs = Date.parse(session.validUntil) - Date.now()
  expect(Math.round(lifeMs / 60_000)).toBe(12 * 60)
  await caller.ask('POST', `${control}/clock`, { body: { offsetMs: 12 * 3600_000 + 60_000 } })
  const holder = await makeHolder({ name: sealOf(COMPANY_NIP) })
  const { access: later } = await caller.signIn(holder)
  expect(errorCode((await caller.send(later, session, invoiceXml())).body)).toBe(21180)
})

test('a session takes no more than its cap of invoices', async () => {
  await using company = await aCompany({ sessionInvoicesMax: 2 })
  const { caller, access } = company
  const session = await caller.openSession(access)
  for (let sent = 0; sent < 2; sent++)
    expect((await caller.send(access, session, invoiceXml())).status).toBe(202)
  expect(errorCode((await caller.send(access, session, invoiceXml())).body)).toBe(21155)
})

test('a provider signs in with its own seal into the context of a client that granted it rights', async () => {
  await using company = await aCompany()
  const { caller, simulator } = company
  const client = '7980332920'
  const provider = await makeHolder({ name: sealOf(COMPANY_NIP) })
  const permissions = ['InvoiceRead', 'InvoiceWrite'].map((permissionType) => ({
    permissionType,
    description: 'biuro',
  }))
  const parties = {
    contextIdentifier: { type: 'Nip', value: client },
    authorizedIdentifier: { type: 'Nip', value: COMPANY_NIP },
  }
  await caller.ask('POST', '/testdata/permissions', { body: { ...parties, permissions } })
  const { access } = await caller.signIn(provider, { context: `<Nip>${client}</Nip>` })
  const settled = await caller.deliver(
    access,
    await caller.openSession(access),
    invoiceXml({ sellerNip: client }),
  )
  expect(settled.status.code).toBe(200)
  expect(simulator.ledger.snapshot().accepted[0]).toMatchObject({
    context: { value: client },
    subject: { value: COMPANY_NIP },
  })
  await caller.ask('POST', '/testdata/permissions/revoke', { body: parties })
  const { body } = await caller.submit(provider, { context: `<Nip>${client}</Nip>` })
  expect((await caller.outcome(body)).status.code).toBe(415)
})
