import { Redis } from 'ioredis'
import { expect } from 'vitest'

// Files run at the same time in different workers, and a worker runs one file after the other: so the worker's number
// is a Redis database that no other file is using, and emptying it first gives each file an empty Redis.
const { testPath } = expect.getState()
const base = process.env.FLEET_TEST_REDIS_URL
if (base !== undefined && testPath !== undefined && /[/\\]test[/\\]|[/\\]journeys[/\\]/.test(testPath)) {
  const url = new URL(base)
  url.pathname = `/${process.env.VITEST_POOL_ID ?? '1'}`
  const redis = new Redis(url.href)
  try {
    await redis.flushdb()
  } finally {
    redis.disconnect()
  }
  process.env.FLEET_TEST_REDIS_URL = url.href
}
