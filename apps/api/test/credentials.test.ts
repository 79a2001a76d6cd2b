import { createSelfSignedCertificate } from '@ksef-fleet/ksef'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { type Json, type RunningApi, startApi } from './running-api.ts'

const DAY_MS = 86_400_000
const inDays = (days: number): Date => new Date(Date.now() + days * DAY_MS)

async function certificate({ from = -10, to = 400 } = {}) {
  const made = await createSelfSignedCertificate({
    nip: '7777777777',
    name: 'Biuro Rachunkowe',
    algorithm: 'ecdsa-p256',
    notBefore: inDays(from),
    notAfter: inDays(to),
  })
  return { type: 'certificate', ...made }
}

let serial = 100
function token(nip: string) {
  serial += 1
  const text = `20261122-EC-0000000000-0000000000-${serial}|nip-${nip}|${'f00dfeed'.repeat(8)}${serial}`
  return { type: 'token', token: text }
}

let api: RunningApi
beforeAll(async () => {
  api = await startApi()
})
afterAll(() => api?.[Symbol.asyncDispose]())

const ofA = () => `/v1/companies/${api.a.id}/credentials`
const take = (url: string, credential: object, more: Json = {}) =>
  api.call({ url, json: { name: 'new', credential, ...more } })

/** A fresh credential of A's, so that no test stands in another's way. */
async function fresh(): Promise<string> {
  const made = await take(ofA(), token(api.a.nip))
  expect(made.statusCode, made.body).toBe(201)
  return String(made.headers.location)
}

describe('a credential', () => {
  test('of the provider is taken in, listed and read, and what is left of it is told', async () => {
    const pem = await certificate({ to: 10 })
    const made = await take('/v1/credentials', pem, { name: 'office seal' })
    expect(made.statusCode, made.body).toBe(201)
    expect(made.json()).toMatchObject({
      companyId: null,
      name: 'office seal',
      kind: 'certificate',
      context: null,
      state: 'active',
      autoRenew: true,
      window: 'within-14-days',
      daysLeft: 9,
      activeVersion: 1,
      rotation: null,
      versions: [{ number: 1, state: 'active', origin: 'supplied', failure: null }],
    })
    const url = String(made.headers.location)
    expect((await api.call({ url })).json()).toEqual(made.json())
    const { credentials } = (await api.call({ url: '/v1/credentials' })).json()
    expect(credentials).toContainEqual(made.json())
    expect((await api.call({ url: ofA() })).json().credentials).not.toContainEqual(made.json())
  })

  test('of the provider is not among a company’s, whichever path is tried, and no company’s key reaches it', async () => {
    const made = (await take('/v1/credentials', await certificate())).json()
    const paths = [`/v1/credentials/${made.id}`, `${ofA()}/${made.id}`]
    for (const url of paths) expect((await api.call({ url, key: api.a.key })).statusCode, url).toBe(404)
    expect((await api.call({ url: paths[1]! })).statusCode, 'nor the provider under a company').toBe(404)
    const revoke = { method: 'POST' as const, url: `${paths[1]}/revoke` }
    expect((await api.call(revoke)).statusCode).toBe(404)
    expect((await api.call({ url: paths[0]! })).json().state).toBe('active')
  })

  test('of a company is tried at once: its integration is verified with it', async () => {
    await api.query('update ksef_integrations set verify_due_at = null where company_id = $1', [api.a.id])
    const made = await api.call({
      url: ofA(),
      json: { name: 'mine', credential: token(api.a.nip) },
      key: api.a.key,
    })
    expect([made.statusCode, made.json().companyId, made.json().context], made.body).toEqual([
      201,
      api.a.id,
      { type: 'Nip', value: api.a.nip },
    ])
    const [row] = await api.query('select verify_due_at from ksef_integrations where company_id = $1', [
      api.a.id,
    ])
    expect(row?.verify_due_at).not.toBeNull()
  })

  test('shows its secret in no answer, row or log line', async () => {
    const supplied = token(api.a.nip)
    const pem = await certificate()
    const made = await take(ofA(), supplied)
    const url = String(made.headers.location)
    const kept = await take('/v1/credentials', pem)
    const rotated = await api.call({ url: `${url}/rotate`, json: { supplied: token(api.a.nip) } })
    expect([kept.statusCode, rotated.statusCode], rotated.body).toEqual([201, 202])
    const rows = await Promise.all(
      ['ksef_credentials', 'ksef_credential_versions', 'ksef_audit_log', 'outbox', 'events'].map((table) =>
        api.query(`select * from ${table}`),
      ),
    )
    const answers = [made.body, kept.body, rotated.body, (await api.call({ url })).body]
    const everywhere = JSON.stringify([rows, answers, api.lines])
    expect(everywhere).toContain(supplied.token.split('|')[0]) // its reference number may be seen
    expect(everywhere).not.toContain('f00dfeed')
    const key = pem.privateKeyPem.split('\n')[1] ?? ''
    expect(key.length).toBeGreaterThan(40)
    expect(everywhere).not.toContain(key)
  })

  test('supplied again is refused with the name of the one that is there, also along with an integration', async () => {
    const supplied = token(api.b.nip)
    const url = `/v1/companies/${api.b.id}/credentials`
    const first = await take(url, supplied)
    const before = await api.counts()
    const again = await take(url, supplied)
    expect([again.statusCode, again.json().code]).toEqual([409, 'CREDENTIAL_EXISTS'])
    expect(again.json().existing).toEqual({ id: first.json().id, location: first.headers.location })
    expect(await api.counts()).toEqual(before)

    const revoked = await api.call({ url: '/v1/companies', json: { nip: '5151515151', name: 'C' } })
    const own = `/v1/companies/${revoked.json().id}`
    const theirs = token('5151515151')
    const kept = await take(`${own}/credentials`, theirs)
    const along = await api.call({ url: `${own}/integrations`, json: { credential: theirs } })
    expect([along.statusCode, along.json().existing?.location], along.body).toEqual([
      409,
      kept.headers.location,
    ])
    const without = await api.call({ url: `${own}/integrations`, json: {} })
    expect(without.statusCode).toBe(202)
    expect(without.json().credentials.chosen).toMatchObject({ owner: 'company', id: kept.json().id })
  })
})

type Refusal = [title: string, () => Promise<object> | object, status: number, code: string]

describe('a credential is refused, and nothing is kept of it, when', () => {
  test.each<Refusal>([
    [
      'its key is another’s',
      async () => ({ ...(await certificate()), privateKeyPem: (await certificate()).privateKeyPem }),
      422,
      'CREDENTIAL_UNREADABLE',
    ],
    [
      'it has no key',
      async () => ({ ...(await certificate()), privateKeyPem: 'none' }),
      422,
      'CREDENTIAL_UNREADABLE',
    ],
    [
      'it is no certificate',
      () => ({ type: 'certificate', certificatePem: 'x', privateKeyPem: 'x' }),
      422,
      'CREDENTIAL_UNREADABLE',
    ],
    [
      'its container is none',
      () => ({ type: 'pkcs12', pkcs12: 'AAAA', passphrase: 'x' }),
      422,
      'CREDENTIAL_UNREADABLE',
    ],
    ['it has expired', () => certificate({ from: -20, to: -1 }), 422, 'CREDENTIAL_EXPIRED'],
    ['it is not valid yet', () => certificate({ from: 2, to: 20 }), 422, 'CREDENTIAL_NOT_YET_VALID'],
    ['it is a token of another context', () => token(api.b.nip), 422, 'CREDENTIAL_WRONG_CONTEXT'],
    [
      'it is a token of two words',
      () => ({ type: 'token', token: 'a token with blanks in it' }),
      422,
      'CREDENTIAL_UNREADABLE',
    ],
    ['it is empty', () => ({ type: 'token', token: '' }), 400, 'REQUEST_INVALID'],
    ['it is of no known type', () => ({ type: 'password', password: 'x' }), 400, 'REQUEST_INVALID'],
    ['it says more than is asked', () => ({ ...token(api.a.nip), version: 9 }), 400, 'REQUEST_INVALID'],
  ])('%s', async (...[, credential, status, code]) => {
    const before = await api.counts()
    const answer = await take(ofA(), await credential())
    expect([answer.statusCode, answer.json().code], answer.body).toEqual([status, code])
    expect(await api.counts()).toEqual(before)
  })

  test('it is a token of the provider, who has many contexts and no token for them', async () => {
    const answer = await take('/v1/credentials', token(api.a.nip))
    expect([answer.statusCode, answer.json().code]).toEqual([400, 'REQUEST_INVALID'])
  })

  test.each([
    ['state', 'ended'],
    ['id', crypto.randomUUID()],
    ['companyId', crypto.randomUUID()],
    ['environment', 'production'],
    ['kind', 'certificate'],
    ['context', { type: 'Nip', value: '1111111111' }],
    ['secretRef', 'another'],
    ['versions', []],
    ['createdAt', '2020-01-01T00:00:00Z'],
    ['__proto__x', {}],
  ])('the request also names %s, which is not the caller’s to set', async (name, value) => {
    const before = await api.counts()
    const answer = await take(ofA(), token(api.a.nip), { [name]: value })
    expect([answer.statusCode, answer.json().code], answer.body).toEqual([400, 'REQUEST_INVALID'])
    expect(answer.json().faults).toContainEqual(
      expect.objectContaining({ code: 'FIELD_UNKNOWN', pointer: `/${name}` }),
    )
    expect(await api.counts()).toEqual(before)
  })
})

describe('a rotation', () => {
  test('by a supplied successor stages the next version beside the one that signs in', async () => {
    const url = await fresh()
    const answer = await api.call({ url: `${url}/rotate`, json: { supplied: token(api.a.nip) } })
    expect(answer.statusCode, answer.body).toBe(202)
    expect(answer.json()).toMatchObject({
      activeVersion: 1,
      rotation: { number: 2, state: 'staged', says: expect.stringMatching(/prove/) },
      versions: [
        { number: 2, state: 'staged', origin: 'supplied' },
        { number: 1, state: 'active' },
      ],
    })
  })

  test('by a token that KSeF shall make asks for it once', async () => {
    const url = await fresh()
    const asked = await api.call({ url: `${url}/rotate`, json: { generate: true } })
    expect([asked.statusCode, asked.json().rotation.state], asked.body).toEqual([202, 'requested'])
    const before = await api.counts()
    const again = await api.call({ url: `${url}/rotate`, json: { generate: true } })
    expect([again.statusCode, again.json().code]).toEqual([409, 'ROTATION_UNDER_WAY'])
    expect(await api.counts()).toEqual(before)
  })

  test('to itself, to another kind or to another context is refused', async () => {
    const supplied = token(api.a.nip)
    const url = String((await take(ofA(), supplied)).headers.location)
    const before = await api.counts()
    const refusals = [
      [{ supplied }, 409, 'CREDENTIAL_UNCHANGED'],
      [{ supplied: await certificate() }, 422, 'CREDENTIAL_WRONG_KIND'],
      [{ enrol: true }, 422, 'CREDENTIAL_WRONG_KIND'],
      [{ supplied: token(api.b.nip) }, 422, 'CREDENTIAL_WRONG_CONTEXT'],
    ] as const
    for (const [json, status, code] of refusals) {
      const answer = await api.call({ url: `${url}/rotate`, json })
      expect([answer.statusCode, answer.json().code], answer.body).toEqual([status, code])
    }
    expect(await api.counts()).toEqual(before)
  })

  test.each([
    {},
    { generate: true, enrol: true },
    { generate: false },
    { enrol: 'true' },
    { supplied: null },
    { generate: true, number: 7 },
    [],
  ])('asked for with %j is refused', async (json) => {
    const url = await fresh()
    const answer = await api.call({ url: `${url}/rotate`, json })
    expect([answer.statusCode, answer.json().code], answer.body).toEqual([400, 'REQUEST_INVALID'])
  })
})

describe('a credential that is revoked', () => {
  test('is ending from that answer on, cannot be rotated or tried, and revoking it again is harmless', async () => {
    const url = await fresh()
    const revoke = () => api.call({ method: 'POST', url: `${url}/revoke` })
    const first = await revoke()
    expect([first.statusCode, first.json().state], first.body).toEqual([202, 'ending'])
    const rotated = await api.call({ url: `${url}/rotate`, json: { generate: true } })
    const tried = await api.call({ method: 'POST', url: `${url}/prove` })
    for (const answer of [rotated, tried]) {
      expect([answer.statusCode, answer.json().code]).toEqual([409, 'CREDENTIAL_ENDED'])
    }
    expect((await revoke()).json()).toEqual(first.json())
    const id = url.split('/').at(-1)
    const acts = await api.query(
      "select action, actor, request_id from ksef_audit_log where subject = $1 and action = 'credential.revoke'",
      [id],
    )
    expect(acts).toEqual([
      {
        action: 'credential.revoke',
        actor: expect.stringMatching(/^key:/),
        request_id: first.headers['x-request-id'],
      },
    ])
  })

  test('may be tried before: a worker is asked, the API does not sign in itself', async () => {
    const url = await fresh()
    await api.query('update ksef_integrations set verify_due_at = null where company_id = $1', [api.a.id])
    const answer = await api.call({ method: 'POST', url: `${url}/prove`, key: api.a.key })
    expect(answer.statusCode, answer.body).toBe(202)
    const due = await api.query('select verify_due_at from ksef_integrations where company_id = $1', [
      api.a.id,
    ])
    expect(due[0]?.verify_due_at).not.toBeNull()
  })
})
