import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { type Json, type RunningApi, startApi } from './running-api.ts'

let api: RunningApi
/** What follows tells of itself too, so lists that are compared end here. */
let until: string
beforeAll(async () => {
  api = await startApi()
  for (let n = 0; n < 5; n += 1) {
    await api.call({
      url: `/v1/companies/${api.a.id}/integrations/${api.a.integrationId}/verify`,
      method: 'POST',
    })
    await api.call({ url: '/v1/api-keys', json: { name: `key ${n}`, companyId: api.b.id } })
  }
  await api.deps.trail.flush()
  until = new Date().toISOString()
})
afterAll(() => api?.[Symbol.asyncDispose]())

const ofA = () => `/v1/companies/${api.a.id}/audit`

async function list(
  url: string,
  key = api.providerKey,
): Promise<{ entries: Json[]; nextCursor: string | null }> {
  const answer = await api.call({ url, key })
  expect(answer.statusCode, answer.body).toBe(200)
  return answer.json()
}

describe('the audit log', () => {
  test('of a company tells it what was done for it and nothing else, newest first', async () => {
    const { entries } = await list(`${ofA()}?limit=200`, api.a.key)
    expect(new Set(entries.map(({ companyId }) => companyId))).toEqual(new Set([api.a.id]))
    const actions = entries.map(({ action }) => action)
    expect(actions).toContain('company.create')
    expect(actions).toContain('integration.create')
    const moments = entries.map(({ at }) => String(at))
    expect(moments).toEqual(moments.toSorted().toReversed())
  })

  test('of the provider tells of every company and of its own acts', async () => {
    const { entries } = await list('/v1/audit?limit=200')
    const owners = new Set(entries.map(({ companyId }) => companyId))
    for (const owner of [api.a.id, api.b.id, null]) expect(owners).toContain(owner)
  })

  test('is followed by cursor through every entry once', async () => {
    const all = (await list(`${ofA()}?limit=200&action=key.use&to=${until}`)).entries.map(({ id }) => id)
    expect(all.length).toBeGreaterThan(3)
    const seen: unknown[] = []
    let url: string | null = `${ofA()}?limit=2&action=key.use&to=${until}`
    while (url !== null) {
      const { entries, nextCursor } = await list(url)
      seen.push(...entries.map(({ id }) => id))
      url = nextCursor === null ? null : `${ofA()}?limit=2&action=key.use&to=${until}&cursor=${nextCursor}`
    }
    expect(seen).toEqual(all)
  })

  test('is filtered by time, action, outcome, operation and actor', async () => {
    const { entries } = await list(`/v1/audit?limit=200&to=${until}`)
    const pick = entries.find(({ action, operation }) => action === 'key.use' && operation !== null)
    const at = String(pick?.at)
    const filters = {
      [`from=${at}`]: (entry: Json) => String(entry.at) >= at,
      [`to=${at}`]: (entry: Json) => String(entry.at) < at,
      'action=company.create': ({ action }: Json) => action === 'company.create',
      'outcome=ok': ({ outcome }: Json) => outcome === 'ok',
      [`operation=${encodeURIComponent(String(pick?.operation))}`]: ({ operation }: Json) =>
        operation === pick?.operation,
      [`actor=${encodeURIComponent(String(pick?.actor))}`]: ({ actor }: Json) => actor === pick?.actor,
      'referenceNumber=20261122-SO-NOBODY': () => false,
    }
    for (const [filter, fits] of Object.entries(filters)) {
      const end = filter.startsWith('to=') ? '' : `&to=${until}`
      const found = (await list(`/v1/audit?limit=200&${filter}${end}`)).entries.map(({ id }) => id)
      expect(found, filter).toEqual(entries.filter(fits).map(({ id }) => id))
    }
  })

  test.each(['limit=0', 'limit=201', 'from=yesterday', 'outcome=good', 'action=%00', 'who=me', 'cursor='])(
    'asked with %s is refused',
    async (query) => {
      const answer = await api.call({ url: `/v1/audit?${query}` })
      expect([answer.statusCode, answer.json().code]).toEqual([400, 'REQUEST_INVALID'])
    },
  )

  test('refuses a cursor of another company, of another filter and of another hand', async () => {
    const { nextCursor } = await list(`${ofA()}?limit=1`)
    const refused = [
      `/v1/companies/${api.b.id}/audit?limit=1&cursor=${nextCursor}`,
      `/v1/audit?limit=1&cursor=${nextCursor}`,
      `${ofA()}?limit=1&outcome=ok&cursor=${nextCursor}`,
      `${ofA()}?limit=1&cursor=${nextCursor?.slice(0, -2)}AA`,
    ]
    for (const url of refused) {
      const answer = await api.call({ url })
      expect([answer.statusCode, answer.json().code], url).toEqual([400, 'CURSOR_INVALID'])
    }
  })
})

describe('the chain of a day', () => {
  const today = () => new Date().toISOString().slice(0, 10)
  const chain = async () => (await api.call({ url: `/v1/audit/chain?day=${today()}` })).json()

  test('holds over what was sealed, and shows when an entry was changed past the fleet', async () => {
    await api.deps.db.asSystem('seal-audit', (tx) => tx.audit.seal(10_000))
    const whole = await chain()
    expect(whole).toMatchObject({ day: today(), holds: true, broken: null })
    expect(whole.seals[0]).toMatchObject({ number: 1, hash: expect.any(String), entries: expect.any(Number) })
    const [row] = await api.query("select id from ksef_audit_log where action = 'company.create' limit 1")
    await api.query("update ksef_audit_log set actor = 'nobody' where id = $1", [row?.id])
    const broken = await chain()
    expect(broken.holds).toBe(false)
    expect(broken.broken).toMatchObject({ block: expect.any(Number), why: expect.stringMatching(/\S/) })
  })

  test('of a day without entries holds and is empty', async () => {
    const answer = await api.call({ url: '/v1/audit/chain?day=2020-01-01' })
    expect(answer.json()).toEqual({ day: '2020-01-01', holds: true, broken: null, seals: [] })
  })

  test.each(['', '?day=today', '?day=2026-02-30', '?day=2026-11-22&day=2026-11-23'])(
    'asked for with "%s" is refused',
    async (query) => {
      const answer = await api.call({ url: `/v1/audit/chain${query}` })
      expect([answer.statusCode, answer.json().code]).toEqual([400, 'REQUEST_INVALID'])
    },
  )
})
