import { setTimeout as wait } from 'node:timers/promises'
import { Redis } from 'ioredis'
import { Client } from 'pg'

const POLL_MS = 50

/** Resolves when a query has been answered; rejects with the last refusal after `withinMs`. */
export async function postgresAnswers(url: string, withinMs: number): Promise<void> {
  await untilAnswered(withinMs, async () => {
    const client = new Client({ connectionString: url, connectionTimeoutMillis: 5_000 })
    // A server that goes away while we ask also rejects the query; this event says nothing more.
    client.on('error', () => undefined)
    try {
      await client.connect()
      await client.query('select 1')
    } finally {
      await client.end()
    }
  })
}

/** Thrown for a Redis that would drop our keys under memory pressure; waiting does not cure it. */
export class RedisEvicts extends Error {
  constructor(policy: string) {
    super(
      `Redis evicts keys under memory pressure (maxmemory-policy ${policy}). BullMQ needs maxmemory-policy noeviction.`,
    )
    this.name = 'RedisEvicts'
  }
}

/**
 * Resolves when Redis answers and its policy is `noeviction`; a server that hides CONFIG (as managed ones do) is
 * asked through INFO.
 * @throws RedisEvicts
 */
export async function redisAnswers(url: string, withinMs: number): Promise<void> {
  const info = await untilAnswered(withinMs, async () => {
    const redis = new Redis(url, { lazyConnect: true, retryStrategy: () => null, maxRetriesPerRequest: 0 })
    // The same failure rejects connect() below; without a listener the client prints it.
    redis.on('error', () => undefined)
    try {
      await redis.connect()
      return await redis.info('memory')
    } finally {
      redis.disconnect()
    }
  })
  const policy = /^maxmemory_policy:(\S+)/m.exec(info)?.[1]
  if (policy !== undefined && policy !== 'noeviction') throw new RedisEvicts(policy)
}

async function untilAnswered<T>(withinMs: number, ask: () => Promise<T>): Promise<T> {
  const until = Date.now() + withinMs
  for (;;) {
    try {
      return await ask()
    } catch (error) {
      if (Date.now() > until) throw error
      await wait(POLL_MS)
    }
  }
}
