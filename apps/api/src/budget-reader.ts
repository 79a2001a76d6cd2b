/** Reads the counters of calls that the workers keep in Redis. Whoever asks for a status does not wait for a Redis that is away. */
import { randomBytes } from 'node:crypto'
import { BUDGET_SCRIPTS, createSharedBudget, LEAVING_DEMOTED_REDIS, type RateBudget } from '@ksef-fleet/core'
import type { FastifyBaseLogger } from 'fastify'
import { Redis } from 'ioredis'

const ANSWER_MS_MAX = 300
const RECONNECT_MS_MAX = 2_000

export type BudgetReader = Pick<RateBudget, 'peek'> & { close(): void }

export function connectBudgetReader(
  { redisUrl, egress }: { redisUrl: string; egress: string },
  { now, log }: { now: () => Date; log: FastifyBaseLogger },
): BudgetReader {
  const redis = new Redis(redisUrl, {
    maxRetriesPerRequest: 0,
    enableOfflineQueue: false,
    commandTimeout: ANSWER_MS_MAX,
    ...LEAVING_DEMOTED_REDIS,
    retryStrategy: (attempt) => Math.min(attempt * 100, RECONNECT_MS_MAX),
  })
  // That it is away is told by the connection of the queues.
  redis.on('error', () => {})
  const { peek } = createSharedBudget({
    redis: {
      // What calls nothing has nothing to tell another Redis.
      losses: () => 0,
      run: (script, keys, argument) => redis.eval(BUDGET_SCRIPTS[script], keys.length, ...keys, argument),
    },
    egress,
    now,
    randomBytes,
    log,
  })
  return { peek, close: () => redis.disconnect() }
}
