import type { TokenCache } from '@ksef-fleet/core'
import type { Redis } from 'ioredis'

/** Deletes the lock only while this holder has it: a lock that ran out may be another's by now. */
const UNLOCK = `if redis.call('get', KEYS[1]) == ARGV[1] then return redis.call('del', KEYS[1]) end return 0`

const PROLONG = `if redis.call('get', KEYS[1]) == ARGV[1] then return redis.call('pexpire', KEYS[1], ARGV[2]) end return 0`

/** Keys looked at in one step of a search, which shares Redis with everybody else. */
const SCAN_KEYS = 1_000

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
    async deleteAll(prefix) {
      let cursor = '0'
      do {
        const [next, keys] = await redis.scan(cursor, 'MATCH', `${prefix}*`, 'COUNT', SCAN_KEYS)
        if (keys.length > 0) await redis.del(keys)
        cursor = next
      } while (cursor !== '0')
    },
    async lock(key, holder, lifeMs) {
      return (await redis.set(key, holder, 'PX', lifeMs, 'NX')) === 'OK'
    },
    async prolong(key, holder, lifeMs) {
      await redis.eval(PROLONG, 1, key, holder, lifeMs)
    },
    async unlock(key, holder) {
      await redis.eval(UNLOCK, 1, key, holder)
    },
  }
}
