/**
 * Hears from the workers that logs have grown. Only a doorbell: what it says may be lost with Redis, and those who wait
 * look for themselves every now and then.
 */
import { type CompanyId, EVENTS_CHANNEL, LEAVING_DEMOTED_REDIS, readGrowth } from '@ksef-fleet/core'
import type { FastifyBaseLogger } from 'fastify'
import { Redis } from 'ioredis'

const RECONNECT_MS_MAX = 2_000

export type EventBell = {
  /** @param companyId whose log; null for everyone's. @returns to hear no more */
  listen(companyId: CompanyId | null, rung: () => void): () => void
}

export function connectEventBell(redisUrl: string, log: FastifyBaseLogger): EventBell & { close(): void } {
  const listeners = new Set<{ companyId: CompanyId | null; rung: () => void }>()
  const redis = new Redis(redisUrl, {
    maxRetriesPerRequest: null,
    ...LEAVING_DEMOTED_REDIS,
    retryStrategy: (attempt) => Math.min(attempt * 100, RECONNECT_MS_MAX),
  })
  // That it is away is told by the connection of the queues.
  redis.on('error', () => {})
  redis.on('message', (_channel: string, message: string) => {
    const grown = readGrowth(message)
    for (const { companyId, rung } of listeners) {
      if (companyId === null || grown === null || grown.has(companyId)) rung()
    }
  })
  redis.subscribe(EVENTS_CHANNEL).catch((error: unknown) => log.warn({ error }, 'event-bell.not-subscribed'))
  return {
    listen(companyId, rung) {
      const listener = { companyId, rung }
      listeners.add(listener)
      return () => void listeners.delete(listener)
    },
    close: () => redis.disconnect(),
  }
}
