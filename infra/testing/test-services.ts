import { join } from 'node:path'
import { Redis } from 'ioredis'
import { startServices } from '../services/index.ts'
import { root } from '../tasks/workspace.ts'

/**
 * Starts the servers of one test run and puts their addresses into the environment that test processes inherit:
 * FLEET_TEST_POSTGRES_URL (a superuser), FLEET_TEST_REDIS_URL and, where one can be had, FLEET_TEST_AWS_URL.
 */
export async function startTestServices(log: (line: string) => void): Promise<AsyncDisposable> {
  await using started = new AsyncDisposableStack()
  const where = { directory: join(root, '.fleet', 'tests'), durable: false, log }
  // Thousands of tests talk to them, and a container's proxy would take part in every word.
  const services = started.use(
    await startServices({ ...where, need: ['postgres', 'redis'], prefer: 'local' }),
  )
  const { awsEndpointUrl } = started.use(await startServices({ ...where, need: ['aws'] }))
  if (services.origin.redis === 'given') await refuseUsedRedis(services.redisUrl)
  process.env.FLEET_TEST_POSTGRES_URL = services.postgresAdminUrl
  process.env.FLEET_TEST_REDIS_URL = services.redisUrl
  // Only a Docker engine brings a Secrets Manager; without one its tests are skipped and say so.
  if (awsEndpointUrl !== undefined) process.env.FLEET_TEST_AWS_URL = awsEndpointUrl
  return started.move()
}

/** Tests empty the Redis databases they use, so a Redis that already holds something is not given to them. */
async function refuseUsedRedis(url: string): Promise<void> {
  const redis = new Redis(url)
  try {
    const keyspace = await redis.info('keyspace')
    if (/^db\d+:/m.test(keyspace)) {
      throw new Error('The Redis in REDIS_URL holds data. Tests empty its databases: give them an empty one.')
    }
  } finally {
    redis.disconnect()
  }
}
