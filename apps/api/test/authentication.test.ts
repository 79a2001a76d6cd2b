import { createApiKey, formatApiKey, revokeApiKey } from '@ksef-fleet/core'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { routesOf } from '../src/index.ts'
import { FIXTURES, urlOf } from './route-fixtures.ts'
import { type Call, type RunningApi, startApi } from './running-api.ts'

let api: RunningApi
let bad: Record<string, (call: Call) => Call>

beforeAll(async () => {
  api = await startApi()
  bad = await badCredentials(api)
})
afterAll(() => api?.[Symbol.asyncDispose]())

const base64 = (value: object): string => Buffer.from(JSON.stringify(value)).toString('base64url')
const jwt = (header: object, claims: object): string => `${base64(header)}.${base64(claims)}.c2lnbmF0dXJl`

async function badCredentials({ deps, providerKey: key, a }: RunningApi): Promise<typeof bad> {
  const revoked = await createApiKey(deps, {
    companyId: null,
    role: 'administrator',
    name: 'revoked',
    actor: 'test',
  })
  await revokeApiKey(deps, { realm: { scope: 'provider' }, id: revoked.apiKey.id, actor: 'test' })
  const header = (authorization: string) => (call: Call) => ({
    ...call,
    key: null,
    headers: { authorization },
  })
  const flip = (text: string) =>
    text.replace(/[a-z]/i, (c) => (c === c.toLowerCase() ? c.toUpperCase() : c.toLowerCase()))
  return {
    none: (call) => ({ ...call, key: null }),
    empty: header(''),
    'the scheme alone': header('Bearer'),
    'the scheme and a blank': header('Bearer '),
    'another scheme': header(`Basic ${Buffer.from(`ops:${key}`).toString('base64')}`),
    'the key without a scheme': header(key),
    'in the query': (call) => ({ ...call, key: null, url: `${call.url}?access_token=${key}&api_key=${key}` }),
    'in a cookie': (call) => ({
      ...call,
      key: null,
      headers: { cookie: `authorization=${key}; api_key=${key}` },
    }),
    'in a header of another name': (call) => ({ ...call, key: null, headers: { 'x-api-key': key } }),
    'one character short': header(`Bearer ${key.slice(0, -1)}`),
    'one character long': header(`Bearer ${key}0`),
    'in flipped case': header(`Bearer kfp_${flip(key.slice(4, -9))}${key.slice(-9)}`),
    'with a wrong checksum': header(`Bearer ${key.slice(0, -1)}${key.endsWith('0') ? '1' : '0'}`),
    'well formed and never issued': header(
      `Bearer ${formatApiKey('provider', crypto.getRandomValues(new Uint8Array(32)))}`,
    ),
    'the company prefix on a provider’s key': header(`Bearer ${key.replace('kfp_', 'kfc_')}`),
    revoked: header(`Bearer ${revoked.key}`),
    'ten kilobytes long': header(`Bearer ${'A'.repeat(10_000)}`),
    'not ASCII': header(`Bearer ${key}ł`),
    'two blanks before': header(`Bearer  ${key}`),
    'a tab before': header(`Bearer\t${key}`),
    'two keys in one header': header(`Bearer ${key}, Bearer ${a.key}`),
    'a JWT without algorithm': header(`Bearer ${jwt({ alg: 'none' }, { sub: 'provider' })}`),
    'a JWT with HMAC': header(`Bearer ${jwt({ alg: 'HS256' }, { sub: 'provider' })}`),
    'a JWT with a path as key id': header(`Bearer ${jwt({ alg: 'RS256', kid: '../../etc/passwd' }, {})}`),
    'a JWT of another audience': header(
      `Bearer ${jwt({ alg: 'RS256' }, { aud: 'elsewhere', exp: 9_999_999_999 })}`,
    ),
    'an expired JWT': header(`Bearer ${jwt({ alg: 'RS256' }, { exp: 1 })}`),
  }
}

const v1Routes = () =>
  routesOf(api.app)
    .routes()
    .filter((route) => route.url.startsWith('/v1'))

describe('every route of /v1', () => {
  test('has a fixture, and every fixture has a route', () => {
    const routes = v1Routes()
      .filter(({ method }) => method !== 'HEAD')
      .map(({ method, url }) => `${method} ${url}`)
    expect(routes.length).toBeGreaterThan(10)
    expect(new Set(routes)).toEqual(new Set(Object.keys(FIXTURES)))
  })

  test('answers each of 26 bad credentials with one and the same 401, and writes nothing', async () => {
    expect(Object.keys(bad)).toHaveLength(26)
    const before = await api.counts()
    const bodies = new Set<string>()
    for (const { method, url } of v1Routes()) {
      const route = `${method === 'HEAD' ? 'GET' : method} ${url}`
      const { provider: _, ...fixture } = FIXTURES[route]!(api.a)
      const path = urlOf(route, { companyId: api.a.id, integrationId: api.a.integrationId })
      const lawful: Call = { ...fixture, method: method as NonNullable<Call['method']>, url: path }
      await Promise.all(
        Object.entries(bad).map(async ([name, spoil]) => {
          const answer = await api.call(spoil(lawful))
          expect(answer.statusCode, `${method} ${url} with a key ${name}`).toBe(401)
          expect(answer.headers['www-authenticate']).toBe('Bearer realm="ksef-fleet"')
          if (method !== 'HEAD') bodies.add(JSON.stringify({ ...answer.json(), requestId: '' }))
        }),
      )
    }
    expect([...bodies].map((body) => JSON.parse(body).code)).toEqual(['UNAUTHENTICATED'])
    expect(await api.counts()).toEqual(before)
  }, 120_000)
})

describe('the throttle of wrong keys', () => {
  test('tells an address that keeps failing to wait, and lets its valid keys through', async () => {
    await using own = await startApi({ failedKeysPerMinuteMax: 20 })
    const statuses: number[] = []
    for (let turn = 0; turn < 25; turn += 1) {
      const answer = await own.call({ url: '/v1/companies', key: 'kfp_wrong' })
      statuses.push(answer.statusCode)
      if (answer.statusCode === 429) {
        expect(answer.json().code).toBe('TOO_MANY_FAILED_KEYS')
        expect(Number(answer.headers['retry-after'])).toBeGreaterThan(0)
      }
    }
    expect(statuses).toEqual([...Array(20).fill(401), ...Array(5).fill(429)])
    expect((await own.call({ url: '/v1/companies', key: own.a.key })).statusCode).toBe(200)
    expect((await own.call({ url: '/v1/companies' })).statusCode).toBe(200)
  })

  test('is not fooled by a forwarded address from someone who is no trusted proxy', async () => {
    await using own = await startApi({ failedKeysPerMinuteMax: 3 })
    const statuses: number[] = []
    for (let turn = 0; turn < 5; turn += 1) {
      const headers = { 'x-forwarded-for': `203.0.113.${turn}` }
      statuses.push((await own.call({ url: '/v1/companies', key: 'wrong', headers })).statusCode)
    }
    expect(statuses.slice(3)).toEqual([429, 429])
  })

  test('tells callers behind a trusted proxy apart by the address it forwards', async () => {
    await using own = await startApi({ failedKeysPerMinuteMax: 3, trustedProxies: ['127.0.0.1'] })
    for (let turn = 0; turn < 6; turn += 1) {
      const headers = { 'x-forwarded-for': `203.0.113.${turn}` }
      expect((await own.call({ url: '/v1/companies', key: 'wrong', headers })).statusCode).toBe(401)
    }
  })
})

test('a key works until it is revoked, and its last use is noted', async () => {
  const made = await api.call({ url: '/v1/api-keys', json: { name: 'short-lived', companyId: api.a.id } })
  const { id, key } = made.json()
  expect((await api.call({ url: '/v1/companies', key })).statusCode).toBe(200)
  const listed = (await api.call({ url: '/v1/api-keys' })).json().apiKeys as {
    id: string
    lastUsedAt: string | null
  }[]
  expect(listed.find((each) => each.id === id)?.lastUsedAt).not.toBeNull()
  expect((await api.call({ method: 'DELETE', url: `/v1/api-keys/${id}` })).statusCode).toBe(204)
  expect((await api.call({ url: '/v1/companies', key })).statusCode).toBe(401)
  expect((await api.call({ method: 'DELETE', url: `/v1/api-keys/${id}` })).statusCode).toBe(204)
})
