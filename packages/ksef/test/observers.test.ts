import { randomBytes } from 'node:crypto'
import { afterEach, beforeEach, expect, test } from 'vitest'
import {
  type CallRecord,
  createKsefClient,
  encryptInvoice,
  FORMS,
  newSessionKey,
  Sealed,
} from '../src/index.ts'
import { json, type LocalServer, refusal, startLocalServer } from './local-server.ts'
import { clientOf, signInWithSeal, startSimulatorProcess } from './simulator.ts'

const SESSION = '20260918-SO-2F15D39000-242207E5C4-1B'
const INVOICE = '20260918-EE-2F15D39000-242207E5C4-1C'
const INVOICES = `POST /sessions/online/${SESSION}/invoices`
const access = new Sealed('access')
const invoice = encryptInvoice(Buffer.from('<Faktura/>'), newSessionKey(randomBytes))

let server: LocalServer | undefined
let calls: CallRecord[] = []
beforeEach(() => {
  calls = []
})
afterEach(async () => {
  await server?.[Symbol.asyncDispose]()
  server = undefined
})

/** Makes one call against prepared answers and gives what its observer was told. */
async function observed(
  answers: Parameters<typeof startLocalServer>[0],
  act: (client: ReturnType<typeof createKsefClient>) => Promise<unknown>,
): Promise<CallRecord | undefined> {
  server = await startLocalServer(answers)
  const client = createKsefClient({ baseUrl: server.url, onCall: (call) => calls.push(call) })
  await act(client)
  await client.close()
  return calls.at(-1)
}

test('the reference number KSeF handed out is recorded', async () => {
  const record = await observed({ [INVOICES]: json(202, { referenceNumber: INVOICE }) }, (client) =>
    client.onlineSession.sendInvoice(access, SESSION, invoice),
  )
  expect(record).toMatchObject({ operation: 'sendInvoice', httpStatus: 202, referenceNumber: INVOICE })
})

test('without one, the most specific of the path is recorded', async () => {
  const refused = await observed({ [INVOICES]: refusal(21180) }, (client) =>
    client.onlineSession.sendInvoice(access, SESSION, invoice),
  )
  expect(refused).toMatchObject({ referenceNumber: SESSION, ksefCode: 21180, failureCode: 'SESSION_CLOSED' })
  await server?.[Symbol.asyncDispose]()
  const read = await observed({}, (client) => client.sessions.invoice(access, SESSION, INVOICE))
  expect(read).toMatchObject({ referenceNumber: INVOICE })
})

test('a good answer that cannot be read is recorded as the failure it is', async () => {
  const record = await observed({ [`GET /sessions/${SESSION}`]: json(200, { status: 'odd' }) }, (client) =>
    client.sessions.status(access, SESSION),
  )
  expect(record).toMatchObject({
    httpStatus: 200,
    failureKind: 'unreadable',
    failureCode: 'KSEF_ANSWER_UNREADABLE',
  })
})

test('a call that was refused a connection is recorded without a status', async () => {
  const client = createKsefClient({ baseUrl: 'http://127.0.0.1:1', onCall: (call) => calls.push(call) })
  await client.sessions.status(access, SESSION)
  await client.close()
  expect(calls).toEqual([
    {
      operation: 'getSessionStatus',
      durationMs: expect.any(Number),
      failureKind: 'connection',
      failureCode: 'KSEF_UNREACHABLE',
      referenceNumber: SESSION,
    },
  ])
})

test('each company is told its own calls, and the first observer all of them', async () => {
  await using simulator = await startSimulatorProcess()
  const all: CallRecord[] = []
  const client = clientOf(simulator, { onCall: (call) => all.push(call) })
  const [first, second]: [CallRecord[], CallRecord[]] = [[], []]
  const forFirst = client.observedBy((call) => first.push(call))
  const forSecond = client.observedBy((call) => second.push(call))
  await Promise.all([signInWithSeal(forFirst, '5265877635'), signInWithSeal(forSecond, '7980332920')])
  const opening = { formCode: FORMS['FA (3)'].code, key: newSessionKey(randomBytes) }
  const { accessToken } = await signInWithSeal(forFirst, '5265877635')
  const opened = await forFirst.onlineSession.open(accessToken.token, opening)
  await client.close()
  expect(first.at(-1)).toMatchObject({
    operation: 'openOnlineSession',
    referenceNumber: opened.ok && opened.value.referenceNumber,
  })
  expect(second.map((call) => call.operation)).not.toContain('openOnlineSession')
  expect(first.length + second.length + 1).toBe(all.length) // and one fetch of the public keys, nobody's own
  expect(first.map((call) => call.operation)).not.toContain('listPublicKeys')
})

test('what KSeF calls the life of an access token arrives with it', async () => {
  await using simulator = await startSimulatorProcess()
  const client = clientOf(simulator)
  const { accessToken, refreshToken } = await signInWithSeal(client, '5265877635')
  await client.close()
  expect(accessToken.lifeSeconds).toBeGreaterThan(0)
  expect(refreshToken.lifeSeconds).toBeGreaterThan(accessToken.lifeSeconds ?? 0)
})
