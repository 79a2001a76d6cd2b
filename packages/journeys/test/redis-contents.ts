import type { Redis } from 'ioredis'

/** All that stands in a database of Redis, each key with its value, whatever its type. */
export const everythingIn = async (redis: Redis): Promise<string[]> =>
  Promise.all((await redis.keys('*')).map(async (key) => `${key} ${await contentsOf(redis, key)}`))

async function contentsOf(redis: Redis, key: string): Promise<string> {
  switch (await redis.type(key)) {
    case 'zset':
      return (await redis.zrange(key, 0, '-1', 'WITHSCORES')).join(' ')
    case 'string':
      return (await redis.get(key)) ?? ''
    case 'none':
      return ''
    default:
      throw new Error(`${key} is of a type nobody looks into`)
  }
}
