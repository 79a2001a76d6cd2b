import { API_KEY_ROLES, type ApiKeyRole, CompanyId, createApiKey } from '@ksef-fleet/core'
import Fastify from 'fastify'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { routesOf } from '../src/index.ts'
import { ROUTE_ROLES, requireRoles, rolesOf } from '../src/route-roles.ts'
import { FIXTURES, urlOf } from './route-fixtures.ts'
import { type Call, type RunningApi, startApi } from './running-api.ts'

let api: RunningApi
let keys: Record<ApiKeyRole, string>

beforeAll(async () => {
  api = await startApi()
  const operator = await createApiKey(api.deps, {
    companyId: null,
    role: 'operator',
    name: 'night shift',
    actor: 'test',
  })
  const company = await createApiKey(api.deps, {
    companyId: CompanyId.parse(api.a.id),
    name: 'walk',
    actor: 'test',
  })
  keys = { administrator: api.providerKey, operator: operator.key, company: company.key }
})
afterAll(() => api?.[Symbol.asyncDispose]())

const routes = () =>
  routesOf(api.app)
    .routes()
    .filter(({ method, url }) => url.startsWith('/v1') && method !== 'HEAD')

/** A lawful request of one's own company; things within it that it names do not exist. */
const ask = (route: string, role: ApiKeyRole) => {
  const { provider: _, ...fixture } = FIXTURES[route]!(api.a)
  const method = route.split(' ')[0] as NonNullable<Call['method']>
  return api.call({ ...fixture, method, url: urlOf(route, { companyId: api.a.id }), key: keys[role] })
}

describe('the table of roles', () => {
  test('has a row for every route of /v1 and none for another', () => {
    const served = routes().map(({ method, url }) => `${method} ${url}`)
    expect(served.length).toBeGreaterThan(15)
    expect(new Set(Object.keys(ROUTE_ROLES))).toEqual(new Set(served))
  })

  test('lets an administrator do everything that the provider does', () => {
    for (const [route, roles] of Object.entries(ROUTE_ROLES)) expect(roles, route).toContain('administrator')
  })

  test('lets no operator near keys, credentials and proofs, except to read of them', () => {
    const changing = Object.entries(ROUTE_ROLES).filter(([route]) => !route.startsWith('GET '))
    const guarded = changing.filter(([route]) => /api-keys|credential|attest|offboard/.test(route))
    expect(guarded.length).toBeGreaterThan(2)
    for (const [route, roles] of guarded) expect(roles, route).not.toContain('operator')
  })

  test('keeps a server with a forgotten route from booting', () => {
    const app = Fastify()
    requireRoles(app)
    expect(() => app.get('/v1/forgotten', async () => 'open to all')).toThrow('GET /v1/forgotten')
  })
})

describe('a role', () => {
  test('that a route does not name is refused there, and nothing is written', async () => {
    const before = await api.counts()
    let refused = 0
    for (const { method, url } of routes()) {
      const route = `${method} ${url}`
      for (const role of API_KEY_ROLES.filter((each) => !rolesOf(method, url)?.includes(each))) {
        const answer = await ask(route, role)
        // To a company, things of the provider's do not exist.
        const hidden = role === 'company' && url.includes(':')
        const expected = hidden ? [404, 'NOT_FOUND'] : [403, 'SCOPE_INSUFFICIENT']
        expect([answer.statusCode, answer.json().code], `${role}: ${route}`).toEqual(expected)
        refused += 1
      }
    }
    expect(refused).toBeGreaterThan(5)
    expect(await api.counts()).toEqual(before)
  })

  test('that a route names gets through to it', async () => {
    for (const { method, url } of routes()) {
      for (const role of rolesOf(method, url) ?? []) {
        // Such a body asks for what only the provider gets on a route that companies use too.
        if (role === 'company' && FIXTURES[`${method} ${url}`]?.(api.a).provider) continue
        const answer = await ask(`${method} ${url}`, role)
        const code = answer.statusCode < 400 ? null : answer.json().code
        expect(code, `${role}: ${method} ${url}`).not.toBe('SCOPE_INSUFFICIENT')
        expect(code, `${role}: ${method} ${url}`).not.toBe('UNAUTHENTICATED')
      }
    }
  })

  test('stands in the OpenAPI document of every route, with the refusal of those it names not', async () => {
    const { paths } = (await api.call({ url: '/openapi.json', key: null })).json()
    for (const { method, url } of routes()) {
      const described = paths[url.replace(/:([A-Za-z]+)/g, '{$1}')][method.toLowerCase()]
      const roles = rolesOf(method, url) ?? []
      expect(described.description.endsWith(`Roles: ${roles.join(', ')}.`), url).toBe(true)
      if (roles.length < API_KEY_ROLES.length) expect(described.responses, url).toHaveProperty('403')
    }
  })
})

describe('a provider’s key made through the API', () => {
  test('is an operator’s unless it is said otherwise, and says so', async () => {
    const made = await api.call({ url: '/v1/api-keys', json: { name: 'by default' } })
    expect([made.statusCode, made.json().role]).toEqual([201, 'operator'])
    const refused = await api.call({ url: '/v1/api-keys', json: { name: 'x' }, key: made.json().key })
    expect([refused.statusCode, refused.json().code]).toEqual([403, 'SCOPE_INSUFFICIENT'])
    const administrator = await api.call({
      url: '/v1/api-keys',
      json: { name: 'chief', role: 'administrator' },
    })
    expect(administrator.json().role).toBe('administrator')
    expect((await api.call({ url: '/v1/api-keys', key: administrator.json().key })).statusCode).toBe(200)
  })

  test('of a company takes no role, and no role beside the three exists', async () => {
    for (const json of [
      { name: 'x', companyId: api.a.id, role: 'administrator' },
      { name: 'x', role: 'company' },
      { name: 'x', role: 'root' },
    ]) {
      const answer = await api.call({ url: '/v1/api-keys', json })
      expect([answer.statusCode, answer.json().code]).toEqual([400, 'REQUEST_INVALID'])
    }
  })
})
