/** What a worker is made of: composition, and nothing decided. Resources are released in the reverse of their order. */
import { randomBytes } from 'node:crypto'
import type { LookupFunction } from 'node:net'
import { createAuditTrail, type FleetDatabase, JOBS, type Log, type SharedBudget } from '@ksef-fleet/core'
import { connect, migrate } from '@ksef-fleet/db'
import type { KsefClientOptions } from '@ksef-fleet/ksef'
import type { Redis } from 'ioredis'
import { startAuditRetention, startAuditSealer } from './audit-upkeep.ts'
import { openLighthouse, probeKsef, startAvailabilityWatch } from './availability-upkeep.ts'
import { bindJobs } from './bind-jobs.ts'
import { startDatabaseClock } from './clock.ts'
import type { WorkerConfig } from './config.ts'
import { createCredentialOutlook } from './credential-outlook.ts'
import { composeDelivery } from './delivery.ts'
import { startDocumentRegister, startDocumentRetention } from './document-upkeep.ts'
import { startEventLog } from './event-log.ts'
import { startHealthServer } from './health.ts'
import { startHistoryRetention } from './history-upkeep.ts'
import { startInboxTick } from './inbox-tick.ts'
import { observeLookups } from './lookup-metrics.ts'
import { startLoop } from './loop.ts'
import { createMetrics } from './metrics.ts'
import { createDoorbell, type Doorbell } from './queues.ts'
import { assertNoEviction, connectCacheRedis, connectListeningRedis, connectRedis } from './redis.ts'
import { redisSecretBus } from './redis-secret-bus.ts'
import { startRelay } from './relay.ts'
import { startSpoolSweeper } from './spool-upkeep.ts'
import { startSweeper } from './sweeper.ts'

/** The ways out of a worker, for whoever wants to stand in them. */
export type WorkerDoors = {
  database?: (db: FleetDatabase) => FleetDatabase
  transport?: KsefClientOptions['transport']
  /** Resolves the names of receivers. */
  resolve?: LookupFunction
}

/** Runs a worker until `stop` is aborted. @throws Error when it cannot start */
export async function runWorker(
  worker: { config: WorkerConfig; log: Log; stop: AbortSignal },
  doors: WorkerDoors = {},
): Promise<void> {
  const { config, log, stop } = worker
  await using resources = new AsyncDisposableStack()
  if (config.databaseOwnerUrl !== null) await migrate(config.databaseOwnerUrl)
  const connected = resources.adopt(
    connect({ ...config.database, ringSeconds: config.ringSeconds, isPresent: true }),
    (database) => database.close(),
  )
  await connected.check()
  const db = doors.database?.(connected) ?? connected
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
  const credentials = createCredentialOutlook({ db, now, log })
  await resources.use(
    await startHealthServer({
      ...config.health,
      registry: metrics.registry,
      checks: { postgres: () => connected.check(), redis: () => cache.ping() },
      credentials,
    }),
  )
  const parts = { config, db, redis: cache, bus, log, metrics, trail, signal: stop, randomBytes, now }
  const context = composeDelivery({ ...parts, transport: doors.transport, resolve: doors.resolve })
  resources.adopt(context.ksef, (ksef) => ksef.close())
  resources.defer(() => context.closeWebhooks())
  observeLookups(metrics.registry, {
    credentials,
    secrets: () => context.secrets.figures(),
    tokens: () => context.access.figures(),
    auditWaiting: () => trail.waiting(),
  })
  const queueOf = (name: string) => JOBS.find((job) => job.name === name)?.queue
  const doorbell = resources.adopt(
    createDoorbell({ redis, queueOf, now, log, ringSeconds: config.ringSeconds }),
    (bell) => bell.close(),
  )
  const { concurrency, jobLockMs: lockMs } = config
  const jobs = bindJobs({ jobs: JOBS, redis, context, concurrency, lockMs, observe: metrics.job })
  resources.adopt(jobs, (bound) => bound.close())
  const ticking = startInboxTick({ redis, db, doorbell, log, everyMs: config.inboxTickMs, lockMs })
  resources.adopt(ticking, (tick) => tick.close())
  watchKsef(resources, { config, db, log, now, context })
  startLoops(resources, {
    config,
    db,
    log,
    doorbell,
    publisher: cache,
    budget: context.budget,
    sessionIdleSeconds: context.timing.sessionIdleSeconds,
  })
  log.info({ environment: config.environment, port: config.health.port }, 'worker.ready')
  await aborted(stop)
}

/** Has this worker take its part in finding out whether KSeF can be reached. */
function watchKsef(
  resources: AsyncDisposableStack,
  {
    config,
    context,
    ...deps
  }: {
    config: WorkerConfig
    db: FleetDatabase
    log: Log
    now: () => Date
    context: ReturnType<typeof composeDelivery>
  },
): void {
  const lighthouse = resources.adopt(openLighthouse(config.ksef.lighthouseUrl), (opened) => opened?.close())
  const watch = startAvailabilityWatch({
    ...deps,
    lighthouse,
    environment: config.environment,
    takeCalls: () => context.calls.take(),
    probe: () => probeKsef(context.ksef),
    timing: config.availabilityTiming,
    pauseMs: config.availabilityPauseMs,
  })
  resources.adopt(watch, (loop) => loop.stop())
}

/** What goes round and round beside the jobs. */
function startLoops(
  resources: AsyncDisposableStack,
  parts: {
    config: WorkerConfig
    db: FleetDatabase
    log: Log
    doorbell: Doorbell
    publisher: Redis
    budget: SharedBudget
    sessionIdleSeconds: number
  },
): void {
  const { config, db, log, doorbell, publisher, budget, sessionIdleSeconds } = parts
  const relay = startRelay({ db, doorbell, log, pauseMs: config.relayPauseMs })
  resources.adopt(relay, (loop) => loop.stop())
  const eventLog = startEventLog({ db, doorbell, publisher, log, pauseMs: config.relayPauseMs })
  resources.adopt(eventLog, (loop) => loop.stop())
  const counting = startLoop({
    name: 'budget',
    pauseMs: COUNT_PAUSE_MS,
    log,
    step: () => keepCounters(budget),
  })
  resources.adopt(counting, (loop) => loop.stop())
  const sweeper = startSweeper({ db, doorbell, log, pauseMs: config.sweepPauseMs, sessionIdleSeconds })
  resources.adopt(sweeper, (loop) => loop.stop())
  const sealer = startAuditSealer({ db, log })
  resources.adopt(sealer, (loop) => loop.stop())
  const retention = startAuditRetention({ db, log, months: config.auditMonths })
  resources.adopt(retention, (loop) => loop.stop())
  const documents = startDocumentRetention({ db, log, years: config.documentYears })
  resources.adopt(documents, (loop) => loop.stop())
  const { eventMonths, exportDays } = config
  const history = startHistoryRetention({ db, log, eventMonths, exportDays })
  resources.adopt(history, (loop) => loop.stop())
  const register = startDocumentRegister({ db, log })
  resources.adopt(register, (loop) => loop.stop())
  const spool = startSpoolSweeper({ spoolDirectory: config.spoolDirectory, log })
  resources.adopt(spool, (loop) => loop.stop())
}

/** Some of them fit into the time in which nothing goes after a loss, on a busy machine too. */
const COUNT_PAUSE_MS = 400

/** A worker that makes no call tells all the same what it called, should the counters be lost. */
async function keepCounters(budget: SharedBudget): Promise<false> {
  await budget.begin()
  return false
}

const aborted = (signal: AbortSignal): Promise<void> =>
  signal.aborted
    ? Promise.resolve()
    : new Promise((resolve) => signal.addEventListener('abort', () => resolve(), { once: true }))
