import type { TokenCache } from '@ksef-fleet/core'
import type { Redis } from 'ioredis'

/** Deletes the lock only while this holder has it: a lock that ran out may be another's by now. */
const UNLOCK = `if redis.call('get', KEYS[1]) == ARGV[1] then return redis.call('del', KEYS[1]) end return 0`

/** Access tokens in Redis; what is stored is sealed before it gets here. */
export function redisTokenCache(redis: Redis): TokenCache {
  return {
    get: (key) => redis.get(key),
    async set(key, value, lifeMs) {
      await redis.set(key, value, 'PX', Math.ceil(lifeMs))
    },
    async delete(key) {
      await redis.del(key)
    },
    async lock(key, holder, lifeMs) {
      return (await redis.set(key, holder, 'PX', lifeMs, 'NX')) === 'OK'
    },
    async unlock(key, holder) {
      await redis.eval(UNLOCK, 1, key, holder)
    },
  }
}
