/**
 * A hundred thousand companies whose syncs come due over a quarter of an hour, in moved time: each of its 900 seconds is one tick.
 * What is due is found in PostgreSQL and rung for in Redis, and nobody answers, so that Redis holds the worst it may come to.
 */
import { fileURLToPath } from 'node:url'
import { nextSyncAt, sweepSyncs } from '@ksef-fleet/core'
import { connect } from '@ksef-fleet/db'
import { createTestDatabase } from '@ksef-fleet/db/test-database'
import { startServices } from '@ksef-fleet/infra'
import { createDoorbell } from '@ksef-fleet/worker/queues'
import { Redis } from 'ioredis'
import pg from 'pg'
import { type Report, rounded } from './report.ts'

const COMPANIES = 100_000
const SECONDS = 900
const INTERVAL_SECONDS = 900
const MB = 1_000_000
const DIRECTORY = fileURLToPath(new URL('../../../../.fleet/bench', import.meta.url))
const TARGETS = { tickDatabaseP99Ms: 50, redisMbMax: 300, spreadMax: 2 }

const say = (text: string): void => void process.stderr.write(`${text}\n`)

/** Companies that all became active at once, and what the fleet's own schedule makes of them after some rounds. */
function slots(): { of: number[]; spread: number } {
  let seconds = Array.from({ length: COMPANIES }, () => 0)
  const start = new Date(0)
  for (let rounds = 0; rounds < ROUNDS_BEFORE; rounds++)
    seconds = seconds.map((at) => {
      const now = new Date(start.getTime() + at * 1000)
      return (
        (nextSyncAt({ intervalSeconds: INTERVAL_SECONDS }, now, Math.random()).getTime() - start.getTime()) /
        1000
      )
    })
  const of = seconds.map((at) => Math.floor(at) % SECONDS)
  const counts = Array.from({ length: SECONDS }, () => 0)
  for (const slot of of) counts[slot] = (counts[slot] ?? 0) + 1
  return { of, spread: Math.max(...counts) / (COMPANIES / SECONDS) }
}
/** A tenth of an interval by chance each time: after two days nothing is left of a common beginning. */
const ROUNDS_BEFORE = 200

async function fill(admin: pg.Pool, of: readonly number[]): Promise<void> {
  await admin.query(
    `insert into companies (id, nip, nip_shared, name, created_at)
     select gen_random_uuid(), lpad((1000000000 + n)::text, 10, '0'), false, 'Firma ' || n, now()
       from generate_series(1, $1::int) n`,
    [COMPANIES],
  )
  await admin.query(
    `insert into ksef_integrations (id, company_id, environment, context, scopes, state, permissions_in_force, grant_code, nip_proof, created_at)
     select gen_random_uuid(), id, 'test', jsonb_build_object('type', 'Nip', 'value', nip), '{InvoiceRead}', 'active', '{InvoiceRead}', 'KOD',
            '{"method":"attested","at":"2026-01-01T00:00:00Z","by":"key:1"}', now() from companies`,
  )
  await admin.query(
    `insert into ksef_sync_state (company_id, integration_id, subject_type, start_at, checkpoint, interval_seconds, next_sync_at, late_at, updated_at)
     select company_id, id, 'Subject2', now(), now(), $1, now() + interval '1 day' + make_interval(secs => slots[row_number() over ()]),
            now() + interval '2 days', now()
       from ksef_integrations, (select $2::int[] as slots) s`,
    [INTERVAL_SECONDS, of],
  )
  await admin.query('analyze')
}

const at = (sorted: readonly number[], share: number): number =>
  sorted[Math.min(sorted.length - 1, Math.floor(sorted.length * share))] ?? Number.NaN

export async function benchSchedule(): Promise<Report> {
  await using resources = new AsyncDisposableStack()
  const services = resources.use(
    await startServices({ directory: DIRECTORY, log: say, need: ['postgres', 'redis'], prefer: 'local' }),
  )
  process.env.FLEET_TEST_POSTGRES_URL = services.postgresAdminUrl
  const database = resources.use(await createTestDatabase())
  const admin = resources.adopt(new pg.Pool({ connectionString: database.adminUrl, max: 2 }), (pool) =>
    pool.end(),
  )
  const db = resources.adopt(connect({ ...database, poolSize: 4 }), (connected) => connected.close())
  const redis = resources.adopt(new Redis(services.redisUrl, { maxRetriesPerRequest: null }), (one) =>
    one.disconnect(),
  )
  const log = { info: () => {}, warn: () => {}, error: () => {} }
  const doorbell = resources.adopt(
    createDoorbell({ redis, queueOf: () => 'sync', now: () => new Date(), log, ringSeconds: 3_600 }),
    (bell) => bell.close(),
  )
  const { of, spread } = slots()
  say(`${COMPANIES} companies; at most ${rounded(spread)} times the mean are due in one second`)
  await fill(admin, of)
  const memory = async () => Number(/used_memory:(\d+)/.exec(await redis.info('memory'))?.[1] ?? 0)
  const idle = await memory()
  const ticks: { databaseMs: number; ms: number; rings: number }[] = []
  const began = new Date(
    (await admin.query<{ at: Date }>("select now() + interval '1 day' as at")).rows[0]?.at ?? 0,
  )
  for (let second = 0; second < SECONDS + 60; second++) {
    // The second has come: what lies in it is due.
    await admin.query(
      'update ksef_sync_state set next_sync_at = clock_timestamp() where next_sync_at between $1 and $2',
      [new Date(began.getTime() - 60_000), new Date(began.getTime() + (second - 30) * 1000)],
    )
    const start = performance.now()
    const { rings } = await sweepSyncs(db)
    const databaseMs = performance.now() - start
    if (rings.length > 0) await doorbell.ring(rings)
    ticks.push({ databaseMs, ms: performance.now() - start, rings: rings.length })
    // As who runs them would: the next time is set.
    await admin.query(
      `update ksef_sync_state set next_sync_at = now() + interval '3 days', sync_rung_at = null where sync_rung_at is not null`,
    )
  }
  const redisMb = ((await memory()) - idle) / MB
  const rung = ticks.reduce((total, { rings }) => total + rings, 0)
  const databaseMs = ticks.map((tick) => tick.databaseMs).sort((a, b) => a - b)
  const wholeMs = ticks.map((tick) => tick.ms).sort((a, b) => a - b)
  await redis.flushdb()
  const p99 = at(databaseMs, 0.99)
  return {
    bench: 'schedule',
    ok:
      rung === COMPANIES &&
      p99 <= TARGETS.tickDatabaseP99Ms &&
      redisMb <= TARGETS.redisMbMax &&
      spread <= TARGETS.spreadMax,
    figures: {
      companies: COMPANIES,
      rung,
      spread: rounded(spread),
      ringsPerTickMax: Math.max(...ticks.map(({ rings }) => rings)),
      tickDatabaseP50Ms: rounded(at(databaseMs, 0.5)),
      tickDatabaseP99Ms: rounded(p99),
      tickP99Ms: rounded(at(wholeMs, 0.99)),
      redisMb: rounded(redisMb),
      redisBytesPerWaitingSync: Math.round((redisMb * MB) / COMPANIES),
    },
    floors: {},
    targets: TARGETS,
  }
}
