import { LEAVING_DEMOTED_REDIS, type Log } from '@ksef-fleet/core'
import { Redis } from 'ioredis'

/** Waits between reconnects: short, because a worker without Redis does nothing but sweep in vain. */
const RECONNECT_MS_MAX = 2_000

export function connectRedis(url: string, log: Log): Redis {
  const redis = new Redis(url, {
    maxRetriesPerRequest: null, // BullMQ's workers wait for Redis however long it is gone
    ...LEAVING_DEMOTED_REDIS,
    retryStrategy: (times) => Math.min(times * 100, RECONNECT_MS_MAX),
  })
  redis.on('error', (error) => log.warn({ reason: error.name }, 'redis.error'))
  return redis
}

/** A cache that does not answer at once is not worth waiting for. */
const CACHE_ANSWER_MS_MAX = 1_000
/** Workers find it again close together: until all have told what they called without it, none may call. */
const CACHE_RECONNECT_MS_MAX = 500

/**
 * A connection for what Redis merely saves us: unlike BullMQ's, it refuses a command at once while Redis is away, so that
 * the caller goes on without it instead of waiting for its return.
 */
export function connectCacheRedis(url: string, log: Log): Redis {
  const redis = new Redis(url, {
    maxRetriesPerRequest: 0,
    commandTimeout: CACHE_ANSWER_MS_MAX,
    connectTimeout: CACHE_ANSWER_MS_MAX,
    ...LEAVING_DEMOTED_REDIS,
    retryStrategy: (times) => Math.min(times * 100, CACHE_RECONNECT_MS_MAX),
  })
  redis.on('error', (error) => log.warn({ reason: error.name }, 'redis.cache-error'))
  return redis
}

/** A connection that listens. It subscribes anew itself, so that it knows when it may have missed something. */
export function connectListeningRedis(url: string, log: Log): Redis {
  const redis = new Redis(url, {
    maxRetriesPerRequest: null,
    autoResubscribe: false,
    ...LEAVING_DEMOTED_REDIS,
    retryStrategy: (times) => Math.min(times * 100, RECONNECT_MS_MAX),
  })
  redis.on('error', (error) => log.warn({ reason: error.name }, 'redis.listening-error'))
  return redis
}

/**
 * Refuses a Redis that would silently drop jobs and locks. Managed servers that hide CONFIG are let pass with a warning.
 *
 * @throws Error when the eviction policy is not `noeviction`
 */
export async function assertNoEviction(redis: Redis, log: Log): Promise<void> {
  let policy: string | undefined
  try {
    const answer = await redis.config('GET', 'maxmemory-policy')
    policy = Array.isArray(answer) ? String(answer[1]) : undefined
  } catch {
    log.warn({ because: 'CONFIG is not permitted' }, 'redis.eviction-policy-unknown')
    return
  }
  if (policy !== 'noeviction') {
    throw new Error(`Redis evicts keys (maxmemory-policy ${policy}); set it to noeviction`)
  }
}
