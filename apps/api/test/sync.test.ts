import { CompanyId, IntegrationId } from '@ksef-fleet/core'
import { afterAll, beforeAll, expect, test } from 'vitest'
import { type RunningApi, startApi } from './running-api.ts'

let api: RunningApi
let url: string

beforeAll(async () => {
  api = await startApi()
  url = `/v1/companies/${api.a.id}/sync`
})
afterAll(() => api?.[Symbol.asyncDispose]())

const START = new Date('2026-02-01T00:00:00Z')

/** What a worker does when the integration becomes active. */
const begin = () =>
  api.deps.db.withCompany(CompanyId.parse(api.a.id), (tx) =>
    tx.inbox.begin(
      (['Subject1', 'Subject2'] as const).map((subjectType) => ({
        integrationId: IntegrationId.parse(api.a.integrationId),
        environment: 'test',
        subjectType,
        startAt: START,
        intervalSeconds: subjectType === 'Subject2' ? 900 : null,
        nextSyncAt: new Date(Date.now() + 3_600_000),
        lateAt: new Date(Date.now() + 7_200_000),
      })),
    ),
  )

test('before anything is received there is nothing to tell, to ask for or to set', async () => {
  const read = await api.call({ url, key: api.a.key })
  expect([read.statusCode, read.json()]).toEqual([200, { syncs: [] }])
  const asked = await api.call({ url, method: 'POST', json: {}, key: api.a.key })
  expect([asked.statusCode, asked.json().code]).toEqual([409, 'SYNC_NOT_BEGUN'])
})

test('a sync tells how far it is, goes on at once when asked, and is set by role', async () => {
  await begin()
  const { syncs } = (await api.call({ url, key: api.a.key })).json()
  expect(syncs.map(({ role }: { role: string }) => role)).toEqual(['Subject1', 'Subject2'])
  expect(syncs[1]).toMatchObject({
    enabled: true,
    completeUpTo: START.toISOString(),
    progress: 0,
    late: false,
    intervalMinutes: 15,
    held: null,
    lastFailure: null,
    missing: 0,
    audit: null,
  })
  const asked = await api.call({ url, method: 'POST', json: { roles: ['Subject2'] }, key: api.a.key })
  expect(asked.statusCode).toBe(202)
  const [seller, buyer] = asked.json().syncs
  expect(new Date(buyer.nextAt).getTime()).toBeLessThanOrEqual(Date.now())
  expect(new Date(seller.nextAt).getTime()).toBeGreaterThan(Date.now())
  const set = await api.call({
    url,
    method: 'PUT',
    json: { roles: ['Subject1'], enabled: false, intervalMinutes: 60, startAt: '2026-01-01T00:00:00+01:00' },
    key: api.a.key,
  })
  expect(set.statusCode).toBe(200)
  expect(set.json().syncs[0]).toMatchObject({
    enabled: false,
    intervalMinutes: 60,
    startAt: '2025-12-31T23:00:00.000Z',
    held: { code: 'SYNC_DISABLED', blame: 'caller' },
    nextAt: null,
  })
})

test.each([
  [{ roles: [] }, '/roles'],
  [{ roles: ['Podmiot2'] }, '/roles/0'],
  [{ roles: ['Subject2'], intervalMinutes: 5 }, '/intervalMinutes'],
  [{ roles: ['Subject2'], startAt: '2026-02-30' }, '/startAt'],
])('settings that cannot be, such as %j, are refused by name', async (json, at) => {
  const refused = await api.call({ url, method: 'PUT', json, key: api.a.key })
  expect(refused.statusCode).toBe(400)
  expect(JSON.stringify(refused.json())).toContain(at.slice(1).split('/')[0])
})
