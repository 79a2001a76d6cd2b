import { createSelfSignedCertificate } from '@ksef-fleet/ksef'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { buildServer } from '../src/index.ts'
import { type RunningApi, startApi } from './running-api.ts'

let api: RunningApi
beforeAll(async () => {
  api = await startApi()
})
afterAll(() => api?.[Symbol.asyncDispose]())

const NIP = '7777777777'
const DAY_MS = 86_400_000

const certificate = (validity: { from: number; to: number }) =>
  createSelfSignedCertificate({
    nip: NIP,
    name: 'Test',
    algorithm: 'ecdsa-p256',
    notBefore: new Date(Date.now() + validity.from),
    notAfter: new Date(Date.now() + validity.to),
  })

describe('a field the caller may not set', () => {
  const EXTRA = [
    'id',
    'companyId',
    'tenantId',
    'state',
    'status',
    'ksefNumber',
    'createdAt',
    'createdBy',
    'scope',
    'hash',
    'key',
    'nipProof',
    'nipShared',
    'grantCode',
    'permissionsInForce',
    'verifiedAt',
  ]

  test.each(EXTRA)('such as %s is refused by name, and nothing is written', async (field) => {
    const before = await api.counts()
    const bodies: [string, object][] = [
      ['/v1/companies', { nip: NIP, name: 'Name', [field]: api.b.id }],
      [
        `/v1/companies/${api.a.id}/integrations`,
        { credential: { type: 'token', token: 't' }, [field]: api.b.id },
      ],
    ]
    if (field !== 'companyId') bodies.push(['/v1/api-keys', { name: 'Name', [field]: api.b.id }])
    for (const [url, json] of bodies) {
      const answer = await api.call({ url, json })
      expect([answer.statusCode, answer.json().code], url).toEqual([400, 'REQUEST_INVALID'])
      expect(answer.json().faults).toEqual([
        expect.objectContaining({ code: 'FIELD_UNKNOWN', pointer: `/${field}` }),
      ])
    }
    expect(await api.counts()).toEqual(before)
  })
})

describe('a body', () => {
  test.each<[string, string]>([
    ['that is not JSON', '{"nip":'],
    ['that is empty', ''],
    ['that is an array', '[]'],
    ['that is null', 'null'],
    ['that poisons the prototype', '{"nip":"7777777777","name":"x","__proto__":{"scope":"provider"}}'],
    ['that poisons the constructor', '{"nip":"7777777777","name":"x","constructor":{"prototype":{"a":1}}}'],
    ['that is nested 30,000 deep', `${'['.repeat(30_000)}${']'.repeat(30_000)}`],
    ['with a number for a NIP', '{"nip":7777777777,"name":"x"}'],
    ['with a NIP of nine digits', '{"nip":"777777777","name":"x"}'],
    ['with a NIP in other digits', '{"nip":"٧٧٧٧٧٧٧٧٧٧","name":"x"}'],
    ['with NUL in a name', '{"nip":"7777777777","name":"a\\u0000b"}'],
    ['with half a character in a name', '{"nip":"7777777777","name":"a\\ud800b"}'],
    ['with a blank name', '{"nip":"7777777777","name":"   "}'],
    ['with a name of 201 characters', JSON.stringify({ nip: '7777777777', name: 'x'.repeat(201) })],
  ])('%s is refused with 400, and nothing is written', async (_, payload) => {
    const before = await api.counts()
    const headers = { 'content-type': 'application/json' }
    const answer = await api.call({ method: 'POST', url: '/v1/companies', xml: payload, headers })
    expect([answer.statusCode, answer.json().code], answer.body).toEqual([400, 'REQUEST_INVALID'])
    expect(await api.counts()).toEqual(before)
  })

  test('names every faulty place with a JSON pointer', async () => {
    const answer = await api.call({ url: '/v1/companies', json: { nip: 'x', name: '', 'a/b~c': 1 } })
    expect(
      answer
        .json()
        .faults.map(({ pointer }: { pointer: string }) => pointer)
        .sort(),
    ).toEqual(['/a~1b~0c', '/name', '/nip'])
  })

  test('of JSON over 64 kB is refused with 413', async () => {
    const answer = await api.call({ url: '/v1/companies', json: { nip: NIP, name: 'x'.repeat(70_000) } })
    expect([answer.statusCode, answer.json().code]).toEqual([413, 'BODY_TOO_LARGE'])
  })

  test.each([
    'text/plain',
    'application/x-www-form-urlencoded',
    'application/xml',
    'multipart/form-data; boundary=x',
  ])('of the type %s is refused where JSON is due', async (type) => {
    const answer = await api.call({
      url: '/v1/companies',
      json: { nip: NIP, name: 'x' },
      headers: { 'content-type': type },
    })
    expect([answer.statusCode, answer.json().code]).toEqual([415, 'MEDIA_TYPE_UNSUPPORTED'])
  })

  test('is refused by an action that takes none, while an empty object passes', async () => {
    const url = `/v1/companies/${api.a.id}/integrations/${api.a.integrationId}/verify`
    expect((await api.call({ url, json: { force: true } })).statusCode).toBe(400)
    expect((await api.call({ url, json: {} })).statusCode).toBe(202)
    expect(
      (await api.call({ url, method: 'POST', headers: { 'content-type': 'application/json' } })).statusCode,
    ).toBe(202)
  })
})

describe('a company', () => {
  test('is registered once by NIP', async () => {
    const made = await api.call({
      url: '/v1/companies',
      json: { nip: '8888888888', name: 'Spółka ś.p. „Żuk”' },
    })
    expect(made.statusCode).toBe(201)
    expect(made.headers.location).toBe(`/v1/companies/${made.json().id}`)
    const read = await api.call({ url: String(made.headers.location) })
    expect(read.json()).toEqual(made.json())
    const again = await api.call({ url: '/v1/companies', json: { nip: '8888888888', name: 'Other' } })
    expect([again.statusCode, again.json().code]).toEqual([409, 'COMPANY_EXISTS'])
  })
})

test('on production a NIP must pass its checksum', async () => {
  const app = await buildServer({ ...api.deps, environment: 'production' })
  const register = (nip: string) =>
    app.inject({
      method: 'POST',
      url: '/v1/companies',
      headers: { authorization: `Bearer ${api.providerKey}` },
      payload: { nip, name: 'x' },
    })
  try {
    const refused = await register('5265877636')
    expect([refused.statusCode, refused.json().faults]).toEqual([
      400,
      [{ code: 'NIP_CHECKSUM', message: 'The NIP fails its checksum.', pointer: '/nip' }],
    ])
    expect((await register('5265877635')).statusCode).toBe(201)
  } finally {
    await app.close()
  }
})

describe('an integration', () => {
  let serial = 0
  const company = async () => {
    serial += 1
    const nip = String(6_000_000_000 + serial)
    return String((await api.call({ url: '/v1/companies', json: { nip, name: 'x' } })).json().id)
  }
  const connect = (id: string, credential: object) =>
    api.call({ url: `/v1/companies/${id}/integrations`, json: { credential } })

  test('with a certificate is created, read with its facts, verified on request and revoked, and never shows a secret', async () => {
    const id = await company()
    const { certificatePem, privateKeyPem } = await certificate({ from: -DAY_MS, to: DAY_MS })
    const made = await connect(id, { type: 'certificate', certificatePem, privateKeyPem })
    expect(made.statusCode, made.body).toBe(202)
    expect(made.json()).toMatchObject({
      state: 'pending',
      environment: 'test',
      permissionsInForce: [],
      failure: null,
    })
    const path = String(made.headers.location)
    const read = await api.call({ url: path })
    expect(read.json().credentials.chosen).toMatchObject({
      owner: 'company',
      kind: 'certificate',
      version: 1,
    })
    const credential = `/v1/companies/${id}/credentials/${read.json().credentials.chosen.id}`
    const kept = await api.call({ url: credential })
    expect(kept.json().versions[0].fingerprint).toMatch(/^[0-9a-f]{64}$/i)
    const second = await connect(id, { type: 'token', token: 't' })
    expect([second.statusCode, second.json().code]).toEqual([409, 'INTEGRATION_EXISTS'])
    expect((await api.call({ url: `${path}/verify`, method: 'POST' })).statusCode).toBe(202)
    const revoked = await api.call({ url: `${path}/revoke`, method: 'POST' })
    expect([revoked.statusCode, revoked.json().state]).toEqual([200, 'revoked'])
    const late = await api.call({ url: `${path}/verify`, method: 'POST' })
    expect([late.statusCode, late.json().code]).toEqual([409, 'INTEGRATION_REVOKED'])
    const list = await api.call({ url: `/v1/companies/${id}/integrations` })
    expect(list.json().integrations).toHaveLength(1)
    expect((await api.call({ url: credential })).json().state).toBe('ending')
    expect((await api.call({ url: path })).json().credentials.chosen).toBeNull()
    for (const answer of [made, read, kept, revoked, list]) {
      expect(answer.body).not.toContain('PRIVATE KEY')
      expect(answer.body).not.toContain('secretRef')
    }
  })

  test.each([[[]], [['Owner']], [['InvoiceWrite', 'InvoiceRead', 'InvoiceWrite']], ['InvoiceWrite'], [null]])(
    'that wants the permissions %j is refused',
    async (scopes) => {
      const id = await company()
      const answer = await api.call({ url: `/v1/companies/${id}/integrations`, json: { scopes } })
      expect([answer.statusCode, answer.json().code], answer.body).toEqual([400, 'REQUEST_INVALID'])
    },
  )

  test.each<[string, () => Promise<object>, string]>([
    [
      'whose key is another certificate’s',
      async () => {
        const [one, other] = [
          await certificate({ from: -1, to: DAY_MS }),
          await certificate({ from: -1, to: DAY_MS }),
        ]
        return { type: 'certificate', certificatePem: one.certificatePem, privateKeyPem: other.privateKeyPem }
      },
      'CREDENTIAL_UNREADABLE',
    ],
    [
      'that is over',
      async () => ({ type: 'certificate', ...(await certificate({ from: -2 * DAY_MS, to: -DAY_MS })) }),
      'CREDENTIAL_EXPIRED',
    ],
    [
      'that is not valid yet',
      async () => ({ type: 'certificate', ...(await certificate({ from: DAY_MS, to: 2 * DAY_MS })) }),
      'CREDENTIAL_NOT_YET_VALID',
    ],
    [
      'that is no PEM',
      async () => ({ type: 'certificate', certificatePem: 'x', privateKeyPem: 'y' }),
      'CREDENTIAL_UNREADABLE',
    ],
    [
      'that is no PKCS#12',
      async () => ({ type: 'pkcs12', pkcs12: 'AAAA', passphrase: 'x' }),
      'CREDENTIAL_UNREADABLE',
    ],
  ])('with a certificate %s is refused with 422, and nothing is written', async (_, credential, code) => {
    const id = await company()
    const before = await api.counts()
    const answer = await connect(id, await credential())
    expect([answer.statusCode, answer.json().code], answer.body).toEqual([422, code])
    expect(await api.counts()).toEqual(before)
  })

  test.each<[string, object]>([
    ['of no known type', { type: 'password', password: 'x' }],
    ['without its key', { type: 'certificate', certificatePem: 'x' }],
    ['with a foreign field', { type: 'token', token: 'x', secretRef: 'ksef-fleet/other' }],
    ['with PKCS#12 that is not Base64', { type: 'pkcs12', pkcs12: '***', passphrase: 'x' }],
  ])('with a credential %s is refused with 400', async (_, credential) => {
    const answer = await connect(await company(), credential)
    expect([answer.statusCode, answer.json().code]).toEqual([400, 'REQUEST_INVALID'])
    expect(answer.json().faults[0].pointer).toMatch(/^\/credential/)
  })
})
