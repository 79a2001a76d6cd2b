/** Redis is not the truth: what somebody puts into its queues has no effect that the rows of PostgreSQL do not ask for. */
import { randomUUID } from 'node:crypto'
import { setTimeout as sleep } from 'node:timers/promises'
import { isDeepStrictEqual } from 'node:util'
import { createWebhook, JOBS, QUEUE_NAMES } from '@ksef-fleet/core'
import { Queue } from 'bullmq'
import { Redis } from 'ioredis'
import { afterAll, beforeAll, expect, test } from 'vitest'
import type { Connected } from '../delivery/delivery-fleet.ts'
import { type MortalFleet, NOTHING_BROKEN, startMortalFleet } from './mortal-fleet.ts'

let mortal: MortalFleet
let redis: Redis
let queues: Map<string, Queue>

beforeAll(async () => {
  mortal = await startMortalFleet()
  redis = new Redis(mortal.env.REDIS_URL ?? '', { maxRetriesPerRequest: null })
  queues = new Map(QUEUE_NAMES.map((name) => [name, new Queue(name, { connection: redis })]))
})
afterAll(async () => {
  await Promise.all([...(queues?.values() ?? [])].map((queue) => queue.close()))
  redis?.disconnect()
  await mortal?.[Symbol.asyncDispose]()
})

const WITHIN_MS = 60_000
const QUIET_MS = 1_500
/** A sweep notes for whom it has rung. */
const RESTLESS = /_rung_at$/

/** Ids that a payload may name, each of something that the company has. */
async function idsOf({ id: companyId, integration }: Connected): Promise<Record<string, string>> {
  const { fleet } = mortal
  const one = async (table: string) =>
    (await fleet.admin.query<{ id: string }>(`select id from ${table} where company_id = $1`, [companyId]))
      .rows[0]?.id ?? ''
  return {
    companyId,
    integrationId: integration.id,
    sessionId: await one('sessions'),
    submissionId: await one('submissions'),
    credentialId: await one('ksef_credentials'),
    webhookId: await one('webhook_endpoints'),
    subjectType: 'Subject2',
    version: '1',
  }
}

/** It waits for what does not happen here. */
async function webhookOf({ id: owner }: Connected): Promise<void> {
  const { context } = mortal.fleet.worker()
  const deps = { ...context, destinations: { http: false, networks: [] } }
  const types = ['credential.expiring'] as const
  const given = { url: 'https://nobody.example/events', name: 'story', types, ordered: false }
  await createWebhook(deps, { owner, ...given, actor: 'story' })
}

const nobodys = (ids: Record<string, string>): Record<string, string> =>
  Object.fromEntries(Object.entries(ids).map(([name, id]) => [name, id.length === 36 ? randomUUID() : id]))

/** All that belongs to companies. */
async function tables(): Promise<Record<string, unknown>> {
  const { admin } = mortal.fleet
  const { rows } = await admin.query<{ name: string }>(
    `select table_name as name from information_schema.columns
      where table_schema = 'public' and column_name = 'company_id'`,
  )
  const read = async ({ name }: { name: string }) => {
    const found = await admin.query<{ row: Record<string, unknown> }>(
      `select to_jsonb(t) as row from "${name}" t`,
    )
    const still = found.rows.map(({ row }) =>
      Object.entries(row).filter(([column]) => !RESTLESS.test(column)),
    )
    return [name, still.map((row) => JSON.stringify(Object.fromEntries(row))).sort()] as const
  }
  return Object.fromEntries(await Promise.all(rows.map(read)))
}

/** The tables once nothing is written any more: a trail of calls is written a moment after them. */
async function restingTables(): Promise<Record<string, unknown>> {
  const until = Date.now() + WITHIN_MS
  for (let before = await tables(); Date.now() < until; ) {
    await sleep(QUIET_MS)
    const now = await tables()
    if (isDeepStrictEqual(now, before)) return now
    before = now
  }
  throw new Error('the tables do not come to rest')
}

const callsForCompanies = (): number =>
  mortal.fleet.simulator.ledger.calls().filter(({ context }) => context !== undefined).length

async function idle(): Promise<void> {
  const until = Date.now() + WITHIN_MS
  for (;;) {
    const counts = await Promise.all(
      [...queues.values()].map((queue) =>
        queue.getJobCountByTypes('waiting', 'active', 'delayed', 'prioritized'),
      ),
    )
    if (counts.every((count) => count === 0)) return
    if (Date.now() > until) throw new Error(`rings are left: ${counts}`)
    await sleep(50)
  }
}

test('rings for what is not there, for another company’s, and of unknown kinds change nothing and ask KSeF nothing', async () => {
  const [one, another] = await mortal.companies(2)
  if (one === undefined || another === undefined) throw new Error('no companies')
  const worker = mortal.worker()
  worker.begin(null)
  for (const company of [one, another]) {
    await webhookOf(company)
    await mortal.feed(company, 2, 'immediate')
  }
  await mortal.atRest()
  await idle()
  const [mine, theirs] = [await idsOf(one), await idsOf(another)]
  const before = await restingTables()
  const calls = callsForCompanies()
  const companyId = mine.companyId ?? ''
  const wellFormed = [
    { ...theirs, companyId },
    { ...nobodys(mine), companyId },
  ]
  const ofNobody = [
    nobodys(mine),
    { ...mine, companyId: randomUUID() },
    // The provider's, where a job knows such a thing.
    ...[mine, theirs, nobodys(mine)].map((ids) => ({ ...ids, companyId: '' })),
  ]
  const malformed = [
    { ...mine, companyId: "' or true --", webhookId: '../..' },
    { companyId: 1, credentialId: {}, sessionId: null },
    {},
    null,
    ['a list'],
  ]
  const ring = async (payloads: readonly unknown[]) => {
    for (const { name, queue } of JOBS) for (const data of payloads) await queues.get(queue)?.add(name, data)
    await idle()
  }
  const failures = () => worker.told().split('"job.failed"').length - 1
  await ring(wellFormed)
  expect(failures()).toBe(0)
  await ring([...ofNobody, ...malformed])
  expect(failures()).toBeGreaterThanOrEqual(JOBS.length * malformed.length)
  for (const queue of queues.values()) await queue.add('of-a-newer-version', { ...mine, more: {} })
  await idle()
  expect(await restingTables()).toEqual(before)
  expect(callsForCompanies()).toBe(calls)
  // Whoever was rung for nothing goes on, and a newer version's payload has more than this one knows.
  const failed = failures()
  await ring([{ ...theirs, companyId, since: 'version 2' }])
  expect(failures()).toBe(failed)
  await mortal.feed(one, 1, 'immediate')
  await mortal.atRest()
  expect(await mortal.verdict()).toEqual(NOTHING_BROKEN)
}, 120_000)
