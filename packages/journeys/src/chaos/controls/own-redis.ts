import { Redis } from 'ioredis'

/** A database of the same Redis that the fleet does not use. */
const DATABASE = 9

/** Runs `work` on an empty Redis database of its own. */
export async function onOwnRedis<T>(
  redisUrl: string,
  work: (redis: Redis, url: string) => Promise<T>,
): Promise<T> {
  const url = Object.assign(new URL(redisUrl), { pathname: `/${DATABASE}` }).href
  const redis = new Redis(url, { maxRetriesPerRequest: null })
  redis.on('error', () => undefined)
  try {
    await redis.flushdb()
    return await work(redis, url)
  } finally {
    redis.disconnect()
  }
}
