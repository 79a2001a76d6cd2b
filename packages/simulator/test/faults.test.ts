import { expect, test } from 'vitest'
import type { Fault } from '../src/index.ts'
import { makeHolder, sealOf } from './wire/certificate.ts'
import { aCompany, COMPANY_NIP, type Company } from './wire/company.ts'
import { invoiceXml } from './wire/invoice.ts'

const SEND = 'POST /sessions/online/{referenceNumber}/invoices'
const CLOSE = 'POST /sessions/online/{referenceNumber}/close'
const INVOICE = 'GET /sessions/{referenceNumber}/invoices/{invoiceReferenceNumber}'

const arm = async ({ caller, control }: Company, fault: Fault): Promise<void> => {
  expect((await caller.ask('POST', `${control}/faults`, { body: fault })).status).toBe(201)
}

async function withSession() {
  const company = await aCompany()
  return { ...company, session: await company.caller.openSession(company.access) }
}

/** Gives up as soon as the simulator has noted the call: nothing is waited for. */
async function abandoned(
  company: Company,
  operation: string,
  ask: (signal: AbortSignal) => Promise<unknown>,
) {
  const giveUp = new AbortController()
  const asked = ask(giveUp.signal).then(
    () => 'answered',
    () => 'abandoned',
  )
  const { ledger } = company.simulator
  while (!ledger.calls().some((call) => call.operation === operation && call.fault === 'hang'))
    await new Promise(setImmediate)
  giveUp.abort()
  return asked
}

test.each([
  ['before', false, 0],
  ['after', true, 1],
])('a call that hangs %s its effect is never answered', async (_when, afterEffect, accepted) => {
  await using company = await withSession()
  const { caller, access, session, simulator } = company
  await arm(company, { operation: SEND, mode: 'hang', afterEffect })
  const url = `${simulator.url}/sessions/online/${session.referenceNumber}/invoices`
  const body = JSON.stringify(caller.sealed(invoiceXml(), session.aes))
  const headers = { 'content-type': 'application/json', authorization: `Bearer ${access}` }
  const outcome = await abandoned(company, SEND, (signal) =>
    fetch(url, { method: 'POST', headers, body, signal }),
  )
  expect(outcome).toBe('abandoned')
  expect(simulator.ledger.snapshot().accepted).toHaveLength(accepted)
})

test('closing may hang though it succeeded: the session is closed all the same', async () => {
  await using company = await withSession()
  const { caller, access, session, simulator } = company
  await caller.deliver(access, session, invoiceXml())
  await arm(company, { operation: CLOSE, mode: 'hang', afterEffect: true })
  const url = `${simulator.url}/sessions/online/${session.referenceNumber}/close`
  const headers = { authorization: `Bearer ${access}` }
  await abandoned(company, CLOSE, (signal) => fetch(url, { method: 'POST', headers, signal }))
  const again = await caller.ask('POST', url, { token: access })
  expect(again.body.exception.exceptionDetailList[0].exceptionCode).toBe(21180)
})

test('an answer that trickles is whole in the end', async () => {
  await using company = await withSession()
  const { caller, access, session } = company
  await caller.deliver(access, session, invoiceXml())
  const path = `/sessions/${session.referenceNumber}/invoices`
  const plain = await caller.ask('GET', path, { token: access })
  await arm(company, {
    operation: 'GET /sessions/{referenceNumber}/invoices',
    mode: 'trickle',
    ms: 40,
  })
  const slow = await caller.ask('GET', path, { token: access })
  expect(slow.body.invoices[0].ksefNumber).toBe(plain.body.invoices[0].ksefNumber)
  expect(slow.headers.get('content-length')).toBeNull()
})

test('an answer that is delayed comes, and no sooner than told', async () => {
  await using company = await aCompany()
  const delayMs = 60
  await arm(company, { operation: 'POST /auth/challenge', mode: 'delay', ms: delayMs })
  const asked = performance.now()
  expect((await company.caller.ask('POST', '/auth/challenge')).status).toBe(200)
  // A timer may fire up to a millisecond early.
  expect(performance.now() - asked).toBeGreaterThanOrEqual(delayMs - 1)
})

test('KSeF may deny a session it knows (21173), in either error format', async () => {
  await using company = await withSession()
  const { caller, access, session } = company
  const { body: sent } = await caller.send(access, session, invoiceXml())
  const path = `/sessions/${session.referenceNumber}/invoices/${sent.referenceNumber}`
  await arm(company, { operation: INVOICE, mode: 'refusal', code: 21173, times: 2 })
  const plain = await caller.ask('GET', path, { token: access })
  expect(plain.body.exception.exceptionDetailList[0].exceptionCode).toBe(21173)
  const headers = { 'x-error-format': 'problem-details' }
  const problem = await caller.ask('GET', path, { token: access, headers })
  expect(problem.body.errors[0].code).toBe(21173)
  expect((await caller.ask('GET', path, { token: access })).status).toBe(200)
})

test('a session may take no more invoices (21184) while another does', async () => {
  await using company = await withSession()
  const { caller, access, session } = company
  await arm(company, { operation: SEND, mode: 'refusal', code: 21184 })
  const refused = await caller.send(access, session, invoiceXml())
  expect(refused.body.exception.exceptionDetailList[0].exceptionCode).toBe(21184)
  const other = await caller.openSession(access)
  expect((await caller.send(access, other, invoiceXml())).status).toBe(202)
})

test('random faults strike some calls of every operation, the same ones for the same seed', async () => {
  const run = async (seed: string) => {
    await using company = await aCompany({ seed })
    const { caller, access, simulator } = company
    simulator.control.faults.add({ operation: '*', mode: 'status', httpStatus: 503, probability: 0.4 })
    const codes: number[] = []
    for (let asked = 0; asked < 12; asked++)
      codes.push((await caller.ask('GET', '/sessions?sessionType=Online', { token: access })).status)
    return codes
  }
  const once = await run('los')
  expect(new Set(once)).toEqual(new Set([200, 503]))
  expect(await run('los')).toEqual(once)
})

test('processing takes as long as its kind is told, and the clock moves over it', async () => {
  await using company = await withSession()
  const { caller, access, session, control, simulator } = company
  const { body } = await caller.ask('POST', `${control}/delays`, { body: { invoice: 60_000, session: 0 } })
  expect(body).toMatchObject({ invoice: 60_000, session: 0, signIn: 5 })
  const { body: sent } = await caller.send(access, session, invoiceXml())
  const path = `/sessions/${session.referenceNumber}/invoices/${sent.referenceNumber}`
  const codes: number[] = []
  for (let step = 0; step < 3; step++) {
    codes.push((await caller.ask('GET', path, { token: access })).body.status.code)
    await caller.ask('POST', `${control}/clock`, { body: { advanceMs: 31_000 } })
  }
  expect(codes).toEqual([100, 150, 200])
  expect(simulator.control.clock.now().getTime()).toBeGreaterThan(Date.now() + 90_000)
})

test('a key retired in an emergency refuses what was wrapped for it (21470)', async () => {
  await using company = await aCompany()
  const { caller, access, control } = company
  const aes = await caller.newKey()
  await caller.ask('POST', `${control}/keys/rotate`, { body: { mode: 'planned' } })
  const open = () => caller.ask('POST', '/sessions/online', { token: access, body: caller.opening(aes) })
  expect((await open()).status).toBe(201)
  await caller.ask('POST', `${control}/keys/rotate`, { body: { mode: 'emergency' } })
  expect((await open()).body.exception.exceptionDetailList[0].exceptionCode).toBe(21470)
  expect((await caller.openSession(access)).referenceNumber).toMatch(/-SO-/)
})

test('a sign-in revoked mid-way keeps its access token and loses its refresh token', async () => {
  await using company = await aCompany()
  const { caller, simulator, control } = company
  const init = (await caller.submit(await makeHolder({ name: sealOf(COMPANY_NIP) }))).body
  const { access, refresh } = await caller.redeem(init)
  const body = { authenticationReferenceNumber: init.referenceNumber }
  expect((await caller.ask('POST', `${control}/revocations`, { body })).status).toBe(204)
  expect((await caller.ask('GET', '/sessions?sessionType=Online', { token: access })).status).toBe(200)
  expect((await caller.ask('POST', '/auth/token/refresh', { token: refresh })).status).toBe(400)
  expect(() => simulator.control.revoke({ tokenReferenceNumber: 'x' })).toThrow('21405')
})

test('a KSeF token revoked mid-way is Revoked for its maker', async () => {
  await using company = await aCompany()
  const { caller, access, simulator } = company
  const { body: made } = await caller.ask('POST', '/tokens', {
    token: access,
    body: { permissions: ['InvoiceRead'], description: 'odbierany w locie' },
  })
  simulator.control.revoke({ tokenReferenceNumber: made.referenceNumber })
  const { body } = await caller.ask('GET', `/tokens/${made.referenceNumber}`, { token: access })
  expect(body.status).toBe('Revoked')
})

test('a permission revoked mid-way is missing from the next access token, not from this one', async () => {
  await using company = await aCompany()
  const { caller, simulator } = company
  const guest = { type: 'Nip', value: '7980332920' } as const
  const client = { type: 'Nip', value: '1111111111' } as const
  await caller.ask('POST', '/testdata/permissions', {
    body: {
      contextIdentifier: client,
      authorizedIdentifier: guest,
      permissions: ['InvoiceWrite', 'InvoiceRead'].map((permissionType) => ({
        permissionType,
        description: 'obsługa faktur',
      })),
    },
  })
  const holder = await makeHolder({ name: sealOf(guest.value) })
  const tokens = await caller.signIn(holder, { context: `<Nip>${client.value}</Nip>` })
  simulator.control.revoke({ context: client, subject: guest })
  const list = (token: string) => caller.ask('GET', '/sessions?sessionType=Online', { token })
  expect((await list(tokens.access)).status).toBe(200)
  const { body } = await caller.ask('POST', '/auth/token/refresh', { token: tokens.refresh })
  expect((await list(body.accessToken.token)).status).toBe(403)
})

test('rows of a list that lags appear when their time has come', async () => {
  await using company = await withSession()
  const { caller, access, session, simulator } = company
  await caller.deliver(access, session, invoiceXml())
  const rows = async () =>
    (await caller.ask('GET', `/sessions/${session.referenceNumber}/invoices`, { token: access })).body
      .invoices
  simulator.control.setListLag(60_000)
  expect(await rows()).toEqual([])
  simulator.control.clock.advance(61_000)
  expect(await rows()).toHaveLength(1)
})

test('calm disarms faults, misbehaviours and outcomes', async () => {
  await using company = await withSession()
  const { control } = company.simulator
  control.faults.add({ operation: SEND, mode: 'status', httpStatus: 500 })
  control.misbehaviours.add({ kind: 'invoice-status', code: 550 })
  control.outcomes.force({ kind: 'authentication', code: 500 })
  control.calm()
  const settled = await company.caller.deliver(company.access, company.session, invoiceXml())
  expect([settled.status.code, control.faults.list(), control.misbehaviours.list()]).toEqual([200, [], []])
  expect(control.outcomes.take('authentication')).toBeUndefined()
})
