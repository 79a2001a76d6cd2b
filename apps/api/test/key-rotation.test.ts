import { formatApiKey } from '@ksef-fleet/core'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { type RunningApi, startApi } from './running-api.ts'

let api: RunningApi
beforeAll(async () => {
  api = await startApi()
})
afterAll(() => api?.[Symbol.asyncDispose]())

const NEVER_ISSUED = formatApiKey('provider', crypto.getRandomValues(new Uint8Array(32)))

let serial = 0
async function newKey(of: object = {}): Promise<{ id: string; key: string; name: string }> {
  serial += 1
  const made = await api.call({ url: '/v1/api-keys', json: { name: `rotating ${serial}`, ...of } })
  return made.json()
}

const rotate = (id: string, json: object = {}, key?: string) =>
  api.call({ url: `/v1/api-keys/${id}/rotate`, json, ...(key === undefined ? {} : { key }) })

const opens = async (key: string) => (await api.call({ url: '/v1/companies', key })).statusCode === 200

describe('a key that is rotated', () => {
  test('works beside the new one until its grace is over, a day when nothing is said', async () => {
    const old = await newKey({ role: 'administrator' })
    const answer = await rotate(old.id)
    const { key, id, name, role, replaced } = answer.json()
    expect(answer.statusCode).toBe(201)
    expect(answer.headers.location).toBe(`/v1/api-keys/${id}`)
    expect([name, role, replaced.id]).toEqual([old.name, 'administrator', old.id])
    expect(key).not.toBe(old.key)
    const lastsSeconds = (Date.parse(replaced.expiresAt) - Date.now()) / 1000
    expect(lastsSeconds).toBeGreaterThan(86_400 - 120)
    expect(lastsSeconds).toBeLessThan(86_400 + 120)
    expect([await opens(old.key), await opens(key)]).toEqual([true, true])
  })

  test('without grace is at once answered exactly like one that was never issued, and its use is not noted', async () => {
    const old = await newKey()
    const { key } = (await rotate(old.id, { graceSeconds: 0 })).json()
    const [ended, unknown] = await Promise.all(
      [old.key, NEVER_ISSUED].map((each) => api.call({ url: '/v1/companies', key: each })),
    )
    const shown = (answer: typeof ended) => ({
      status: answer?.statusCode,
      body: { ...answer?.json(), requestId: '' },
      headers: Object.keys(answer?.headers ?? {}).sort(),
    })
    expect(ended?.statusCode).toBe(401)
    expect(shown(ended)).toEqual(shown(unknown))
    expect(await opens(key)).toBe(true)
    const [row] = await api.query('select last_used_at from api_keys where id = $1', [old.id])
    expect(row).toEqual({ last_used_at: null })
  })

  test('is not rotated again while two of it work, and is once one of them has ended', async () => {
    const first = await newKey()
    const second = (await rotate(first.id, { graceSeconds: 3_600 })).json()
    for (const { id } of [first, second]) {
      const third = await rotate(id)
      expect([third.statusCode, third.json().code]).toEqual([409, 'API_KEY_ROTATING'])
    }
    await api.call({ method: 'DELETE', url: `/v1/api-keys/${first.id}` })
    expect((await rotate(second.id)).statusCode).toBe(201)
  })

  test('by several at once gets one successor', async () => {
    const old = await newKey()
    const answers = await Promise.all(Array.from({ length: 6 }, () => rotate(old.id)))
    const statuses = answers.map(({ statusCode }) => statusCode).sort()
    expect(statuses).toEqual([201, 409, 409, 409, 409, 409])
  })

  test('never ends later than it would have', async () => {
    const old = await newKey()
    const { replaced, id } = (await rotate(old.id, { graceSeconds: 60 })).json()
    await api.call({ method: 'DELETE', url: `/v1/api-keys/${id}` })
    const again = (await rotate(old.id, { graceSeconds: 2_592_000 })).json()
    expect(again.replaced.expiresAt).toBe(replaced.expiresAt)
  })

  test('and ended is rotated no more, nor is a revoked one', async () => {
    const ended = await newKey()
    await rotate(ended.id, { graceSeconds: 0 })
    const revoked = await newKey()
    await api.call({ method: 'DELETE', url: `/v1/api-keys/${revoked.id}` })
    for (const { id } of [ended, revoked]) expect((await rotate(id)).statusCode).toBe(404)
  })
})

describe('a rotation', () => {
  test('asks for a grace of at most thirty days', async () => {
    const { id } = await newKey()
    for (const graceSeconds of [-1, 2_592_001, 1.5, '60', null]) {
      expect((await rotate(id, { graceSeconds })).statusCode).toBe(400)
    }
    expect((await rotate(id, { graceSeconds: 2_592_000 })).statusCode).toBe(201)
  })

  test('by a company’s key reaches keys of its own company only', async () => {
    const own = await newKey({ companyId: api.a.id })
    const foreign = await newKey({ companyId: api.b.id })
    const providers = await newKey()
    for (const { id } of [foreign, providers]) expect((await rotate(id, {}, api.a.key)).statusCode).toBe(404)
    const made = (await rotate(own.id, {}, api.a.key)).json()
    expect([made.role, made.companyId]).toEqual(['company', api.a.id])
    expect(made.key).toMatch(/^kfc_/)
  })

  test('is told in the audit log with the new key and the grace', async () => {
    const old = await newKey()
    const answer = await rotate(old.id, { graceSeconds: 60 })
    const { id } = answer.json()
    const told = await api.query(
      "select actor, outcome, details, request_id from ksef_audit_log where action = 'api-key.rotate' and subject = $1",
      [old.id],
    )
    expect(told).toHaveLength(1)
    expect(told[0]).toMatchObject({
      actor: expect.stringMatching(/^key:/),
      outcome: 'ok',
      details: { keyId: id, role: 'operator', graceSeconds: 60 },
      request_id: answer.headers['x-request-id'],
    })
  })
})
