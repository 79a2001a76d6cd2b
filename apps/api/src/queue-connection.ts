/**
 * The API's only way to Redis: for the operators' board and for saying whether Redis is there. Nothing a caller asks for
 * waits for it, so commands fail at once while it is away.
 */

import { LEAVING_DEMOTED_REDIS, QUEUE_NAMES } from '@ksef-fleet/core'
import { Queue } from 'bullmq'
import type { FastifyBaseLogger } from 'fastify'
import { Redis } from 'ioredis'
import type { BoardQueue } from './ops-board.ts'

const RECONNECT_MS_MAX = 2_000
const REPORT_EVERY_MS = 60_000

export type ConnectedQueues = {
  queues: readonly BoardQueue[]
  ping(): Promise<void>
  close(): Promise<void>
}

export function connectQueues(redisUrl: string, log: FastifyBaseLogger): ConnectedQueues {
  const redis = new Redis(redisUrl, {
    maxRetriesPerRequest: 1,
    enableOfflineQueue: false,
    ...LEAVING_DEMOTED_REDIS,
    retryStrategy: (attempt) => Math.min(attempt * 100, RECONNECT_MS_MAX),
  })
  const report = reporter(log)
  redis.on('error', report)
  const queues = QUEUE_NAMES.map((name) => new Queue(name, { connection: redis }))
  for (const queue of queues) queue.on('error', report)
  return {
    queues,
    async ping() {
      await redis.ping()
    },
    async close() {
      await Promise.allSettled(queues.map((queue) => queue.close()))
      redis.disconnect()
    },
  }
}

/** ioredis tells of every attempt to reconnect; once a minute is enough to read. */
function reporter(log: FastifyBaseLogger): (error: Error) => void {
  let reportedAt = Number.NEGATIVE_INFINITY
  return (error) => {
    if (performance.now() - reportedAt < REPORT_EVERY_MS) return
    reportedAt = performance.now()
    log.warn({ error }, 'redis.unreachable')
  }
}
