/** PostgreSQL and Redis that may be crashed: their own, never given ones, and behind addresses that stay. */

import { randomBytes } from 'node:crypto'
import { rmSync } from 'node:fs'
import { setTimeout as sleep } from 'node:timers/promises'
import { migrate, type ProvisionedUrls, provisionRoles } from '@ksef-fleet/db'
import { type Services, startServices } from '@ksef-fleet/infra'
import pg from 'pg'
import { type CrashableRedis, startCrashableRedis } from './crashable-redis.ts'

export type Servers = AsyncDisposable & {
  database: ProvisionedUrls
  /** A superuser's login to the fleet's database. */
  adminUrl: string
  /** The rows of a superuser's question, over a connection that is kept: a storm asks several times a second. */
  ask<Row extends pg.QueryResultRow>(text: string): Promise<Row[]>
  redis: CrashableRedis
  passwords: readonly string[]
  /** PostgreSQL has no room for a new row of these tables (53100). */
  fillDisk(tables: readonly string[], meanwhile: () => Promise<void>): Promise<void>
  /** Kills a backend with SIGKILL, which makes PostgreSQL throw all others out and recover from its log. */
  crashPostgres(): Promise<void>
}

const DATABASE = 'ksef_fleet'
const LOOK_MS = 50

export async function startServers(directory: string, log: (line: string) => void): Promise<Servers> {
  await using started = new AsyncDisposableStack()
  rmSync(directory, { recursive: true, force: true })
  let nth = 0
  const start = async (need: 'postgres' | 'redis'): Promise<Services> => {
    const services = await startServices({
      directory: `${directory}/${need}-${++nth}`,
      log,
      need: [need],
      // Containers take seconds to die and to come back, and a proxy of theirs takes part in every call.
      prefer: 'local',
      durable: false,
    })
    if (services.origin[need] === 'given')
      throw new Error('unset DATABASE_URL and REDIS_URL: a storm crashes its servers')
    return services
  }
  const postgres = started.use(await start('postgres'))
  const redis = started.use(await startCrashableRedis(() => start('redis')))
  const password = () => randomBytes(18).toString('hex')
  const passwords = { ownerPassword: password(), appPassword: password(), systemPassword: password() }
  const database = await provisionRoles(postgres.postgresAdminUrl, { database: DATABASE, ...passwords })
  await migrate(database.ownerUrl)
  const adminUrl = Object.assign(new URL(postgres.postgresAdminUrl), { pathname: `/${DATABASE}` }).href
  const asking = started.adopt(new pg.Pool({ connectionString: adminUrl, max: 1 }), (pool) => pool.end())
  // A connection that died with its server is replaced at the next question.
  asking.on('error', () => undefined)
  // Started for tests it does not wait for its log, and a crash could take back what was committed.
  await query(postgres.postgresAdminUrl, `alter database ${DATABASE} set synchronous_commit = on`)
  const held = started.move()

  return {
    database,
    adminUrl,
    ask: async <Row extends pg.QueryResultRow>(text: string) => (await asking.query<Row>(text)).rows,
    redis,
    passwords: [...Object.values(passwords), new URL(redis.url).password],
    async fillDisk(tables, meanwhile) {
      await query(adminUrl, DISK_FULL)
      // One after the other: whoever locks several at once may lock itself out.
      for (const table of tables)
        await query(
          adminUrl,
          `create trigger disk_full before insert on ${table} execute function disk_full()`,
        )
      await meanwhile()
      for (const table of tables) await query(adminUrl, `drop trigger disk_full on ${table}`)
    },
    async crashPostgres() {
      await query(postgres.postgresAdminUrl, `copy (select 1) to program 'kill -9 $PPID'`).catch(
        () => undefined,
      )
      while (!(await answers(adminUrl))) await sleep(LOOK_MS)
    },
    [Symbol.asyncDispose]: () => held.disposeAsync(),
  }
}

/** What PostgreSQL says of a statement when the file of a table cannot grow. */
const DISK_FULL = `create or replace function disk_full() returns trigger language plpgsql as
  $$ begin raise exception using errcode = '53100', message = 'could not extend file: No space left on device'; end $$`

export async function query<Row extends pg.QueryResultRow>(url: string, text: string): Promise<Row[]> {
  const client = new pg.Client({ connectionString: url })
  client.on('error', () => undefined)
  try {
    await client.connect()
    return (await client.query<Row>(text)).rows
  } finally {
    await client.end().catch(() => undefined)
  }
}

async function answers(url: string): Promise<boolean> {
  try {
    await query(url, 'select 1')
    return true
  } catch {
    return false // recovering
  }
}
