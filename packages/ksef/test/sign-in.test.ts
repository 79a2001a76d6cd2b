import { constants, type KeyObject, privateDecrypt, X509Certificate } from 'node:crypto'
import { afterEach, describe, expect, test } from 'vitest'
import {
  createKsefClient,
  createSelfSignedCertificate,
  FORMS,
  type KsefClient,
  type KsefClientOptions,
  loadCertificate,
  newSessionKey,
  Sealed,
  sha256Base64,
} from '../src/index.ts'
import { type Answer, json, type LocalServer, refusal, startLocalServer } from './local-server.ts'

const now = new Date('2026-11-22T10:00:00Z')
const validity = { notBefore: new Date('2026-01-01T00:00:00Z'), notAfter: new Date('2028-01-01T00:00:00Z') }
const context = { type: 'Nip', value: '5265877635' } as const
const AUTH = '20261122-AU-2DFC46C000-3AC6D5877F-D4'
const jwt = (name: string): { token: string; validUntil: string } => ({
  token: `eyJhbGciOiJIUzI1NiJ9.${name}.c2ln`,
  validUntil: '2026-11-22T10:15:00.0154302+00:00',
})
const challenge = {
  challenge: '20261122-CR-226FB7B000-3ACF9BE4C0-10',
  timestamp: '2026-11-22T10:00:00+00:00',
  timestampMs: 1795341600123,
  clientIp: '127.0.0.1',
}

/** A published key of the Ministry, with the private half that only KSeF has. */
async function ministryKey(usage: string[], from = '2026-01-01T00:00:00+00:00') {
  const made = await createSelfSignedCertificate({
    nip: '1111111111',
    name: 'Ministerstwo',
    algorithm: 'rsa',
    ...validity,
  })
  const certificate = new X509Certificate(made.certificatePem)
  const publicKeyId = sha256Base64(certificate.publicKey.export({ type: 'spki', format: 'der' }))
  const published = {
    certificate: certificate.raw.toString('base64'),
    certificateId: sha256Base64(certificate.raw),
    publicKeyId,
    usage,
    validFrom: from,
    validTo: '2028-01-01T00:00:00+00:00',
  }
  return { published, publicKeyId, privateKey: loadCertificate(made, now).privateKey.reveal() }
}
const unwrap = (base64: string, key: KeyObject): Buffer =>
  privateDecrypt(
    { key, padding: constants.RSA_PKCS1_OAEP_PADDING, oaepHash: 'sha256' },
    Buffer.from(base64, 'base64'),
  )

const status = (code: number): Answer =>
  json(200, {
    startDate: '0001-01-01T00:00:00+00:00',
    authenticationMethod: 'Token',
    status: { code, description: `opis ${code}`, details: ['Szczegół.'] },
  })
const flow: { [methodAndPath: string]: Answer } = {
  'POST /auth/challenge': json(200, challenge),
  'POST /auth/xades-signature': json(202, { referenceNumber: AUTH, authenticationToken: jwt('operation') }),
  'POST /auth/ksef-token': json(202, { referenceNumber: AUTH, authenticationToken: jwt('operation') }),
  [`GET /auth/${AUTH}`]: (response, request) => status(request.count < 3 ? 100 : 200)(response, request),
  'POST /auth/token/redeem': json(200, { accessToken: jwt('access'), refreshToken: jwt('refresh') }),
  'POST /auth/token/refresh': json(200, { accessToken: jwt('fresh') }),
}

let server: LocalServer | undefined
let client: KsefClient | undefined
afterEach(async () => {
  await client?.close()
  await server?.[Symbol.asyncDispose]()
  client = undefined
  server = undefined
})

/** A client whose clock moves only while it sleeps, so that no test waits. */
async function serve(answers: { [methodAndPath: string]: Answer }, options: Partial<KsefClientOptions> = {}) {
  let time = now.getTime()
  server = await startLocalServer(answers)
  client = createKsefClient({
    baseUrl: server.url,
    now: () => new Date(time),
    sleep: async (ms) => {
      time += ms
    },
    ...options,
  })
  return {
    server,
    client,
    passed: () => time - now.getTime(),
    advance: (ms: number) => {
      time += ms
    },
  }
}
const certificate = async () =>
  loadCertificate(
    await createSelfSignedCertificate({
      nip: '5265877635',
      name: 'Firma',
      algorithm: 'ecdsa-p256',
      ...validity,
    }),
    now,
  )

describe('signing in with a certificate', () => {
  test('challenge, signature, polling, redeeming once', async () => {
    const { client, server } = await serve(flow)
    const result = await client.signIn.withCertificate({ context, certificate: await certificate() })
    if (!result.ok) throw new Error(JSON.stringify(result))
    expect(result.value.authReferenceNumber).toBe(AUTH)
    expect(result.value.accessToken.token.reveal()).toBe(jwt('access').token)
    expect(result.value.refreshToken.token.reveal()).toBe(jwt('refresh').token)
    expect(result.value.accessToken.validUntil).toEqual(new Date('2026-11-22T10:15:00.015Z'))
    expect(JSON.stringify(result)).not.toContain('eyJ')
    const [submitted] = server.seenAt('POST /auth/xades-signature')
    expect(submitted?.headers['content-type']).toContain('application/xml')
    expect(submitted?.body).toContain(`<Challenge>${challenge.challenge}</Challenge>`)
    expect(submitted?.body).toContain('<Nip>5265877635</Nip>')
    expect(server.seenAt(`GET /auth/${AUTH}`)).toHaveLength(3)
    expect(server.seenAt(`GET /auth/${AUTH}`)[0]?.headers.authorization).toBe(
      `Bearer ${jwt('operation').token}`,
    )
    expect(server.seenAt('POST /auth/token/redeem')).toHaveLength(1)
  })

  test.each([
    [415, 'SIGN_IN_NO_PERMISSION'],
    [425, 'SIGN_IN_REVOKED'],
    [450, 'SIGN_IN_TOKEN_REFUSED'],
    [460, 'SIGN_IN_CERTIFICATE_REFUSED'],
    [480, 'SIGN_IN_BLOCKED'],
    [550, 'SIGN_IN_CANCELLED'],
    [499, 'KSEF_UNKNOWN_CODE'],
  ])('status %i ends it as %s, without redeeming', async (code, expected) => {
    const { client, server } = await serve({ ...flow, [`GET /auth/${AUTH}`]: status(code) })
    expect(await client.signIn.withCertificate({ context, certificate: await certificate() })).toEqual({
      ok: false,
      failure: {
        operation: 'getSignInStatus',
        kind: 'status',
        effect: 'none',
        code: expected,
        exceptionCode: code,
        description: `opis ${code}`,
        details: ['Szczegół.'],
      },
    })
    expect(server.seenAt('POST /auth/token/redeem')).toHaveLength(0)
    expect(server.seenAt('POST /auth/xades-signature')).toHaveLength(1)
  })

  test.each([-300_000, 300_000])('with a clock %i ms off it signs at the time of KSeF', async (off) => {
    const skewed = () => new Date(now.getTime() + off)
    const { client, server } = await serve(flow, { now: skewed })
    expect(await client.signIn.withCertificate({ context, certificate: await certificate() })).toMatchObject({
      ok: true,
    })
    const [submitted] = server.seenAt('POST /auth/xades-signature')
    const signedAt = /<xades:SigningTime>([^<]+)</.exec(submitted?.body ?? '')?.[1] ?? ''
    expect(Date.parse(signedAt)).toBeLessThanOrEqual(challenge.timestampMs)
    expect(Date.parse(signedAt)).toBeGreaterThan(challenge.timestampMs - 120_000)
  })

  test('a lost answer to the redeeming is not asked for again', async () => {
    const { client, server } = await serve({
      ...flow,
      'POST /auth/token/redeem': (response) => response.destroy(),
    })
    expect(await client.signIn.withCertificate({ context, certificate: await certificate() })).toMatchObject({
      failure: { operation: 'redeemTokens', kind: 'no-answer', effect: 'unknown' },
    })
    expect(server.seenAt('POST /auth/token/redeem')).toHaveLength(1)
  })

  test('polling survives a status that fails in passing, and a 429 ends it', async () => {
    const passing: Answer = (response, request) => {
      if (request.count === 1) response.destroy()
      else if (request.count === 2) json(503, {})(response, request)
      else status(200)(response, request)
    }
    const first = await serve({ ...flow, [`GET /auth/${AUTH}`]: passing })
    expect(
      await first.client.signIn.withCertificate({ context, certificate: await certificate() }),
    ).toMatchObject({ ok: true })
    await first.client.close()
    await first.server[Symbol.asyncDispose]()
    const second = await serve({ ...flow, [`GET /auth/${AUTH}`]: json(429, {}, { 'retry-after': '7' }) })
    expect(
      await second.client.signIn.withCertificate({ context, certificate: await certificate() }),
    ).toMatchObject({
      failure: { kind: 'rate-limited', retryAfterSeconds: 7 },
    })
  })

  test('polling ends at its deadline, with growing gaps', async () => {
    const { client, server, passed } = await serve({ ...flow, [`GET /auth/${AUTH}`]: status(100) })
    expect(
      await client.signIn.withCertificate({ context, certificate: await certificate(), deadlineMs: 30_000 }),
    ).toMatchObject({
      failure: { code: 'SIGN_IN_TOO_SLOW', effect: 'none' },
    })
    expect(passed()).toBeLessThanOrEqual(30_000)
    expect(server.seenAt(`GET /auth/${AUTH}`).length).toBeLessThan(25)
  })
})

describe('signing in with a KSeF token', () => {
  const token = new Sealed('20261122-EC-planted-ksef-token')
  const KEYS = 'GET /security/public-key-certificates'

  test("the token travels encrypted with KSeF's own timestamp", async () => {
    const key = await ministryKey(['KsefTokenEncryption'])
    const { client, server } = await serve({ ...flow, [KEYS]: json(200, [key.published]) })
    expect(await client.signIn.withToken({ context, token })).toMatchObject({ ok: true })
    const body = JSON.parse(server.seenAt('POST /auth/ksef-token')[0]?.body ?? '')
    expect(body).toEqual({
      challenge: challenge.challenge,
      contextIdentifier: context,
      encryptedToken: expect.any(String),
      publicKeyId: key.publicKeyId,
    })
    expect(unwrap(body.encryptedToken, key.privateKey).toString()).toBe(`${token.reveal()}|1795341600123`)
    expect(JSON.stringify(server.seen)).not.toContain('planted')
  })

  test('a retired key is fetched anew and the token encrypted again, once', async () => {
    const [old, fresh] = [
      await ministryKey(['KsefTokenEncryption']),
      await ministryKey(['KsefTokenEncryption']),
    ]
    const { client, server } = await serve({
      ...flow,
      [KEYS]: (response, request) =>
        json(200, [request.count === 1 ? old.published : fresh.published])(response, request),
      'POST /auth/ksef-token': (response, request) =>
        (request.count === 1 ? refusal(21470) : flow['POST /auth/ksef-token']!)(response, request),
    })
    expect(await client.signIn.withToken({ context, token })).toMatchObject({ ok: true })
    const [, second] = server.seenAt('POST /auth/ksef-token')
    expect(JSON.parse(second?.body ?? '').publicKeyId).toBe(fresh.publicKeyId)
    expect(server.seenAt('POST /auth/ksef-token')).toHaveLength(2)
  })
})

test('refreshing sends the refresh token as bearer', async () => {
  const { client, server } = await serve(flow)
  const result = await client.signIn.refresh(new Sealed('the-refresh-token'))
  expect(result.ok && result.value.accessToken.token.reveal()).toBe(jwt('fresh').token)
  expect(server.seen[0]?.headers.authorization).toBe('Bearer the-refresh-token')
})

describe('opening a session', () => {
  const SESSION = {
    referenceNumber: '20261122-SO-2C3E6C8000-B675CF5D68-07',
    validUntil: '2026-11-22T22:00:00+00:00',
  }
  const KEYS = 'GET /security/public-key-certificates'
  const access = new Sealed('access')
  const opening = () => ({
    formCode: FORMS['FA (3)'].code,
    key: newSessionKey((size) => new Uint8Array(size).fill(size)),
  })

  test('the key goes out wrapped, with the id of the newest valid key for this use', async () => {
    const older = await ministryKey(['SymmetricKeyEncryption'], '2026-02-01T00:00:00+00:00')
    const newer = await ministryKey(['SymmetricKeyEncryption'], '2026-06-01T00:00:00+00:00')
    const future = await ministryKey(['SymmetricKeyEncryption'], '2026-12-01T00:00:00+00:00')
    const other = await ministryKey(['KsefTokenEncryption'], '2026-07-01T00:00:00+00:00')
    const published = [older, future, newer, other].map((key) => key.published)
    const { client, server } = await serve({
      [KEYS]: json(200, published),
      'POST /sessions/online': json(201, SESSION),
    })
    const result = await client.onlineSession.open(access, opening())
    expect(result).toEqual({
      ok: true,
      value: { referenceNumber: SESSION.referenceNumber, validUntil: new Date('2026-11-22T22:00:00Z') },
    })
    const body = JSON.parse(server.seenAt('POST /sessions/online')[0]?.body ?? '')
    expect(body.formCode).toEqual({ systemCode: 'FA (3)', schemaVersion: '1-0E', value: 'FA' })
    expect(body.encryption.publicKeyId).toBe(newer.publicKeyId)
    expect(unwrap(body.encryption.encryptedSymmetricKey, newer.privateKey)).toEqual(Buffer.alloc(32, 32))
    expect(body.encryption.initializationVector).toBe(Buffer.alloc(16, 16).toString('base64'))
  })

  test('keys are fetched once and kept for an hour, by however many callers', async () => {
    const key = await ministryKey(['SymmetricKeyEncryption'])
    const { client, server, advance } = await serve({ [KEYS]: json(200, [key.published]) })
    await Promise.all([1, 2, 3].map(() => client.publicKeys.choose('SymmetricKeyEncryption')))
    await client.publicKeys.choose('SymmetricKeyEncryption')
    expect(server.seen).toHaveLength(1)
    advance(3_600_000)
    await client.publicKeys.choose('SymmetricKeyEncryption')
    expect(server.seen).toHaveLength(2)
  })

  test('21470 leads to one more attempt with a fresh key, and a second 21470 to none', async () => {
    const key = await ministryKey(['SymmetricKeyEncryption'])
    const { client, server } = await serve({
      [KEYS]: json(200, [key.published]),
      'POST /sessions/online': refusal(21470),
    })
    expect(await client.onlineSession.open(access, opening())).toMatchObject({
      failure: { code: 'KSEF_PUBLIC_KEY_RETIRED', effect: 'none' },
    })
    expect(server.seenAt('POST /sessions/online')).toHaveLength(2)
    expect(server.seenAt(KEYS)).toHaveLength(2)
  })

  test('no key for this use is said before anything is sent', async () => {
    const key = await ministryKey(['KsefTokenEncryption'])
    const { client, server } = await serve({ [KEYS]: json(200, [key.published]) })
    expect(await client.onlineSession.open(access, opening())).toMatchObject({
      failure: { code: 'PUBLIC_KEY_MISSING', effect: 'none' },
    })
    expect(server.seenAt('POST /sessions/online')).toHaveLength(0)
  })

  test('a broken certificate among the published ones is passed over', async () => {
    const key = await ministryKey(['SymmetricKeyEncryption'])
    const broken = { ...key.published, certificate: 'AAAA', validFrom: '2026-09-01T00:00:00+00:00' }
    const { client } = await serve({ [KEYS]: json(200, [broken, key.published]) })
    const chosen = await client.publicKeys.choose('SymmetricKeyEncryption')
    expect(chosen.ok && chosen.value.publicKeyId).toBe(key.publicKeyId)
  })
})
