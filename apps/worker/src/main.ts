/** The worker's process: composition, and nothing decided. Resources are released in the reverse of their order. */
import { randomBytes } from 'node:crypto'
import { createAuditTrail, createLogger, JOBS } from '@ksef-fleet/core'
import { connect, migrate } from '@ksef-fleet/db'
import { startAuditRetention, startAuditSealer } from './audit-upkeep.ts'
import { bindJobs } from './bind-jobs.ts'
import { startDatabaseClock } from './clock.ts'
import { readConfig } from './config.ts'
import { createCredentialOutlook } from './credential-outlook.ts'
import { composeDelivery } from './delivery.ts'
import { startHealthServer } from './health.ts'
import { observeLookups } from './lookup-metrics.ts'
import { createMetrics } from './metrics.ts'
import { createDoorbell } from './queues.ts'
import { assertNoEviction, connectCacheRedis, connectListeningRedis, connectRedis } from './redis.ts'
import { redisSecretBus } from './redis-secret-bus.ts'
import { startRelay } from './relay.ts'
import { startSweeper } from './sweeper.ts'

const config = readConfig()
const log = createLogger({ service: 'worker', level: config.logLevel })
const stop = new AbortController()

async function run(): Promise<void> {
  await using resources = new AsyncDisposableStack()
  if (config.databaseOwnerUrl !== null) await migrate(config.databaseOwnerUrl)
  const db = resources.adopt(connect(config.database), (database) => database.close())
  await db.check()
  const clock = resources.adopt(await startDatabaseClock({ db, log }), (kept) => kept.stop())
  const redis = resources.adopt(connectRedis(config.redisUrl, log), (client) => client.disconnect())
  await assertNoEviction(redis, log)
  const cache = resources.adopt(connectCacheRedis(config.redisUrl, log), (client) => client.disconnect())
  const subscriber = resources.adopt(connectListeningRedis(config.redisUrl, log), (client) =>
    client.disconnect(),
  )
  const bus = redisSecretBus({ subscriber, publisher: cache }, log)
  const metrics = createMetrics()
  const { now } = clock
  const trail = resources.adopt(createAuditTrail({ db, now, log }), (kept) => kept.close())
  const credentials = createCredentialOutlook({ db, now })
  await resources.use(
    await startHealthServer({
      ...config.health,
      registry: metrics.registry,
      checks: { postgres: () => db.check(), redis: () => cache.ping() },
      credentials,
    }),
  )
  const parts = { config, db, redis: cache, bus, log, metrics, trail, signal: stop.signal, randomBytes, now }
  const context = composeDelivery(parts)
  resources.adopt(context.ksef, (ksef) => ksef.close())
  observeLookups(metrics.registry, {
    credentials,
    secrets: () => context.secrets.figures(),
    tokens: () => context.access.figures(),
    auditWaiting: () => trail.waiting(),
  })
  const queueOf = (name: string) => JOBS.find((job) => job.name === name)?.queue
  const doorbell = resources.adopt(createDoorbell({ redis, queueOf, now, log }), (bell) => bell.close())
  const jobs = bindJobs({ jobs: JOBS, redis, context, concurrency: config.concurrency, observe: metrics.job })
  resources.adopt(jobs, (bound) => bound.close())
  const relay = startRelay({ db, doorbell, log, pauseMs: config.relayPauseMs })
  resources.adopt(relay, (loop) => loop.stop())
  const { sessionIdleSeconds } = context.timing
  const sweeper = startSweeper({ db, doorbell, log, pauseMs: config.sweepPauseMs, sessionIdleSeconds })
  resources.adopt(sweeper, (loop) => loop.stop())
  const sealer = startAuditSealer({ db, log })
  resources.adopt(sealer, (loop) => loop.stop())
  const retention = startAuditRetention({ db, log, months: config.auditMonths })
  resources.adopt(retention, (loop) => loop.stop())
  log.info({ environment: config.environment, port: config.health.port }, 'worker.ready')
  await stopped()
}

function stopped(): Promise<void> {
  return new Promise((resolve) => {
    for (const signal of ['SIGTERM', 'SIGINT'] as const) {
      process.once(signal, () => {
        log.info({ signal }, 'worker.stopping')
        stop.abort()
        endWithoutWaiting()
        resolve()
      })
    }
  })
}

/**
 * A step at hand ends within a few requests to KSeF. What takes longer is cut: a worker may die at any line anyway.
 */
const STOP_MS_MAX = (config.ksef.deadlineSeconds + 15) * 1000

function endWithoutWaiting(): void {
  setTimeout(() => {
    log.error({}, 'worker.stop-overdue')
    process.exit(1)
  }, STOP_MS_MAX).unref()
}

try {
  await run()
  log.info({}, 'worker.stopped')
} catch (error) {
  log.error({ error }, 'worker.failed')
  process.exitCode = 1
}
