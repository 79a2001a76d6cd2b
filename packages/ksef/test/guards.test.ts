import { randomBytes, X509Certificate } from 'node:crypto'
import { afterEach, expect, test } from 'vitest'
import {
  type CallRecord,
  createKsefClient,
  createSelfSignedCertificate,
  FORMS,
  type Guard,
  heldBack,
  type KsefClient,
  type KsefOperation,
  newSessionKey,
  Sealed,
} from '../src/index.ts'
import { json, type LocalServer, refusal, startLocalServer } from './local-server.ts'
import { clientOf, signInWithSeal, startSimulatorProcess } from './simulator.ts'

const access = new Sealed('access')
let server: LocalServer | undefined
let client: KsefClient | undefined
afterEach(async () => {
  await client?.close()
  await server?.[Symbol.asyncDispose]()
  server = undefined
})

const asked: KsefOperation[] = []
const counting: Guard = async ({ operation }) => {
  asked.push(operation)
  return null
}
const refusing =
  (...operations: KsefOperation[]): Guard =>
  async ({ operation }) =>
    operations.includes(operation) ? heldBack(operation, 2.5) : null

afterEach(() => void asked.splice(0))

test('a call that is held back never leaves, tells no observer, and says when to come again', async () => {
  server = await startLocalServer({})
  const calls: CallRecord[] = []
  client = createKsefClient({ baseUrl: server.url, onCall: (call) => calls.push(call) })
  const guarded = client.guardedBy(refusing('sendInvoice', 'getSessionStatus'))
  const result = await guarded.sessions.status(access, 'REF')
  expect(result).toEqual({ ok: false, failure: heldBack('getSessionStatus', 2.5) })
  expect([server.seen, calls]).toEqual([[], []])
})

test('guards and observers add up in whatever order, and the guard added first is asked first', async () => {
  server = await startLocalServer({})
  const calls: CallRecord[] = []
  client = createKsefClient({ baseUrl: server.url, admit: counting })
  const inner = client.guardedBy(counting).observedBy((call) => calls.push(call))
  await inner.sessions.status(access, 'REF')
  expect([asked, calls.length]).toEqual([['getSessionStatus', 'getSessionStatus'], 1])
  const outer = client.guardedBy(refusing('getSessionStatus')).guardedBy(counting)
  await outer.sessions.status(access, 'REF')
  expect(asked).toHaveLength(3)
})

test('a guard hears when the call has ended, also the one whose permit another guard made useless', async () => {
  server = await startLocalServer({})
  const ends: Promise<void>[] = []
  const following: Guard = async ({ ended }) => {
    ends.push(ended)
    return null
  }
  client = createKsefClient({ baseUrl: server.url, admit: following })
  await client.sessions.status(access, 'REF')
  await client.guardedBy(refusing('getSessionStatus')).sessions.status(access, 'REF')
  expect(ends).toHaveLength(2)
  await Promise.all(ends)
})

test('each page of a list asks', async () => {
  let pages = 0
  server = await startLocalServer({
    // Each page comes under the same path: what tells them apart is how many were asked for.
    'GET /tokens': (response, request) =>
      json(200, { tokens: [], ...(pages++ < 2 ? { continuationToken: 'next' } : {}) })(response, request),
  })
  client = createKsefClient({ baseUrl: server.url })
  await client.guardedBy(counting).tokens.list(access)
  expect(asked).toEqual(['listKsefTokens', 'listKsefTokens', 'listKsefTokens'])
})

test('the repeat after a retired key asks again, and the fetch of keys asks the first client’s guard', async () => {
  const made = await createSelfSignedCertificate({
    nip: '1111111111',
    name: 'Ministerstwo',
    algorithm: 'rsa',
    notBefore: new Date(Date.now() - 86_400_000),
    notAfter: new Date(Date.now() + 86_400_000),
  })
  const published = {
    certificate: new X509Certificate(made.certificatePem).raw.toString('base64'),
    usage: ['SymmetricKeyEncryption'],
    validFrom: '2026-01-01T00:00:00+00:00',
    validTo: '2099-01-01T00:00:00+00:00',
  }
  server = await startLocalServer({
    'GET /security/public-key-certificates': json(200, [published]),
    'POST /sessions/online': refusal(21470),
  })
  const first: KsefOperation[] = []
  const admit: Guard = async ({ operation }) => {
    first.push(operation)
    return null
  }
  client = createKsefClient({ baseUrl: server.url, admit })
  const opening = { formCode: FORMS['FA (3)'].code, key: newSessionKey(randomBytes) }
  await client.guardedBy(counting).onlineSession.open(access, opening)
  expect(first).toEqual(['listPublicKeys', 'openOnlineSession', 'listPublicKeys', 'openOnlineSession'])
  expect(asked).toEqual(['openOnlineSession', 'openOnlineSession'])
})

test('a poll of a sign-in that is held back is made later, and the sign-in succeeds', async () => {
  await using simulator = await startSimulatorProcess()
  let refusals = 2
  const waits: number[] = []
  client = clientOf(simulator, {
    sleep: async (ms) => {
      waits.push(ms)
      await new Promise((resolve) => setTimeout(resolve, 20))
    },
  })
  const guarded = client.guardedBy(async ({ operation }) =>
    operation === 'getSignInStatus' && refusals-- > 0 ? heldBack(operation, 2.5) : null,
  )
  await signInWithSeal(guarded, '5265877635')
  expect(waits.slice(0, 2)).toEqual([2_500, 2_500])
})

test('a pre-signed link asks nobody', async () => {
  server = await startLocalServer({ 'GET /upo': (response) => response.end('<UPO/>') })
  client = createKsefClient({ baseUrl: server.url })
  await client.guardedBy(counting).upo.download(`${server.url}/upo`)
  expect([asked, server.seen.length]).toEqual([[], 1])
})
