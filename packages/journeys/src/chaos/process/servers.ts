/** PostgreSQL and Redis that may be crashed: their own, never given ones, and behind addresses that stay. */

import { randomBytes } from 'node:crypto'
import { rmSync } from 'node:fs'
import { setTimeout as sleep } from 'node:timers/promises'
import { migrate, type ProvisionedUrls, provisionRoles } from '@ksef-fleet/db'
import { type Services, startServices } from '@ksef-fleet/infra'
import { Redis } from 'ioredis'
import pg from 'pg'
import { redirectedLine } from '../../fleet/redirected-line.ts'

export type Servers = AsyncDisposable & {
  database: ProvisionedUrls
  /** A superuser's login to the fleet's database. */
  adminUrl: string
  /** The rows of a superuser's question, over a connection that is kept: a storm asks several times a second. */
  ask<Row extends pg.QueryResultRow>(text: string): Promise<Row[]>
  redisUrl: string
  passwords: readonly string[]
  flushRedis(): Promise<void>
  /** SIGKILL; an empty one takes its place after a while. */
  crashRedis(awayMs: number): Promise<void>
  /** Kills a backend with SIGKILL, which makes PostgreSQL throw all others out and recover from its log. */
  crashPostgres(): Promise<void>
}

const DATABASE = 'ksef_fleet'
const LOOK_MS = 50

export async function startServers(directory: string, log: (line: string) => void): Promise<Servers> {
  await using started = new AsyncDisposableStack()
  rmSync(directory, { recursive: true, force: true })
  const start = async (need: 'postgres' | 'redis'): Promise<Services> => {
    const services = await startServices({
      directory: `${directory}/${need}`,
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
  let redis = await start('redis')
  started.defer(() => redis[Symbol.asyncDispose]())
  const line = started.use(await redirectedLine(redis.redisUrl))
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
  // The passwords of a Redis that comes and goes differ; the fleet knows the first one's, so later ones take it over.
  const redisUrl = line.url
  const known = new URL(redisUrl).password
  const held = started.move()

  return {
    database,
    adminUrl,
    ask: async <Row extends pg.QueryResultRow>(text: string) => (await asking.query<Row>(text)).rows,
    redisUrl,
    passwords: [...Object.values(passwords), known],
    async flushRedis() {
      await onRedis(redisUrl, (client) => client.flushall())
    },
    async crashRedis(awayMs) {
      await onRedis(redisUrl, async (client) => kill(client, redis.origin.redis === 'local'))
      line.redirect(null)
      await redis[Symbol.asyncDispose]()
      await sleep(awayMs)
      redis = await start('redis')
      await onRedis(redis.redisUrl, (client) => client.config('SET', 'requirepass', known))
      line.redirect(redis.redisUrl)
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

/** Where its process is out of reach, in a container, it ends itself without saving. */
async function kill(client: Redis, isLocal: boolean): Promise<void> {
  const pid = /process_id:(\d+)/.exec(await client.info('server'))?.[1]
  if (isLocal && pid !== undefined) process.kill(Number(pid), 'SIGKILL')
  else await client.shutdown('NOSAVE').catch(() => undefined)
}

export async function onRedis<T>(url: string, work: (client: Redis) => Promise<T>): Promise<T> {
  const client = new Redis(url, { retryStrategy: () => null, lazyConnect: true })
  client.on('error', () => undefined)
  try {
    await client.connect()
    return await work(client)
  } finally {
    client.disconnect()
  }
}

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
