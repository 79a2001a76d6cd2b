/** Redis is not the truth: what somebody puts into its queues has no effect that the rows of PostgreSQL do not ask for. */
import { randomUUID } from 'node:crypto'
import { setTimeout as sleep } from 'node:timers/promises'
import { isDeepStrictEqual } from 'node:util'
import { JOBS, QUEUE_NAMES } from '@ksef-fleet/core'
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

/** Ids that a payload may name, each of something that the company has, or of nothing. */
async function idsOf({ id, integration }: Connected): Promise<Record<string, string>> {
  const one = async (question: string) =>
    (await mortal.fleet.admin.query<{ id: string }>(question, [id])).rows[0]?.id ?? randomUUID()
  return {
    companyId: id,
    integrationId: integration.id,
    sessionId: await one('select id from sessions where company_id = $1'),
    submissionId: await one('select id from submissions where company_id = $1'),
    credentialId: await one('select id from ksef_credentials where company_id = $1'),
    webhookId: randomUUID(),
    subjectType: 'Subject2',
    number: '1',
  }
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
  for (const company of [one, another]) await mortal.feed(company, 2, 'immediate')
  await mortal.atRest()
  await idle()
  const [mine, theirs] = [await idsOf(one), await idsOf(another)]
  const before = await restingTables()
  const calls = callsForCompanies()
  const forged = JOBS.flatMap(({ name, queue }) =>
    [
      nobodys(mine),
      { ...theirs, companyId: mine.companyId ?? '' },
      { ...nobodys(mine), companyId: mine.companyId ?? '' },
      { ...mine, companyId: randomUUID() },
      { companyId: "' or true --", integrationId: '1', sessionId: '../..', webhookId: '', credentialId: '' },
      {},
      null,
      ['a list'],
    ].map((data) => ({ queue, name, data })),
  )
  const unknown = QUEUE_NAMES.map((queue) => ({
    queue,
    name: 'of-a-newer-version',
    data: { ...mine, more: {} },
  }))
  const all = [...forged, ...forged.slice(0, 90), ...unknown]
  expect(all.length).toBeGreaterThanOrEqual(200)
  for (const { queue, name, data } of all) await queues.get(queue)?.add(name, data)
  await idle()
  expect(await restingTables()).toEqual(before)
  expect(callsForCompanies()).toBe(calls)
  // A newer version's payload has more than this one knows.
  await mortal.feed(one, 1, 'immediate')
  await queues.get('send')?.add('send-pending', { companyId: one.id, since: 'version 2' })
  await mortal.atRest()
  expect(await mortal.verdict()).toEqual(NOTHING_BROKEN)
}, 120_000)
