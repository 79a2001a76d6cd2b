/**
 * A worker without its BullMQ: the delivery context that the real worker composes, and its jobs run in this process from
 * the rings that the real sweeper and outbox give. So a story decides what happens when, and a process can die mid-step.
 */
import { randomBytes } from 'node:crypto'
import type { LookupFunction } from 'node:net'
import {
  type AccessTokens,
  type CallCounter,
  createAuditTrail,
  createLogger,
  type DeliveryContext,
  JOBS,
  type Log,
  type SecretBus,
} from '@ksef-fleet/core'
import { readConfig } from '@ksef-fleet/worker/config'
import { composeDelivery } from '@ksef-fleet/worker/delivery'
import { createMetrics } from '@ksef-fleet/worker/metrics'
import { connectCacheRedis } from '@ksef-fleet/worker/redis'
import type { DeliveryFleet } from './delivery-fleet.ts'
import { type Death, Killed, type MortalDatabase, mortalDatabase, sleepyDatabase } from './mortal-database.ts'

/** The fleet's waits, a hundred times shorter. Claims live long: a story that needs a dead one ends its lease itself. */
const TIMING: DeliveryContext['timing'] = {
  claimLeaseSeconds: 60,
  packageLeaseSeconds: 60,
  openLeaseSeconds: 60,
  rotationLeaseSeconds: 180,
  sessionIdleSeconds: 3600,
  orphanSeconds: 0.1,
  pollSeconds: [0.02, 0.03, 0.05],
  searchSeconds: [0.02, 0.04, 0.08, 0.16],
  retrySeconds: [0.05, 0.1, 0.2, 0.4],
  giveUpSeconds: 3600,
}

const INBOX_TIMING: DeliveryContext['inboxTiming'] = {
  leaseSeconds: 60,
  exportPollSeconds: [0.02, 0.05],
  exportGiveUpSeconds: 3600,
  retrySeconds: [0.05, 0.1, 0.2, 0.4],
  missingSeconds: [0.05, 3600],
  auditRetrySeconds: [3600],
}

const NEVER = Number.POSITIVE_INFINITY

export type DeliveryWorker = {
  context: DeliveryContext & { access: AccessTokens; calls: CallCounter }
  db: MortalDatabase
  /** Runs one job; a kill ends it silently, as it would the process. */
  run(job: string, payload: Record<string, string>): Promise<void>
  close(): Promise<void>
}

export function startWorker(
  fleet: Pick<DeliveryFleet, 'database' | 'db' | 'admin' | 'masterKey' | 'directory' | 'ksefUrl'>,
  options: {
    timing?: Partial<DeliveryContext['timing']>
    inboxTiming?: Partial<DeliveryContext['inboxTiming']>
    death?: Death
    asleep?: Parameters<typeof sleepyDatabase>[1]
    ksefUrl?: string
    bus?: SecretBus
    /** Instead of this machine's clock. */
    now?: () => Date
    /** Settings that differ from those below; an empty one counts as absent. */
    settings?: NodeJS.ProcessEnv
    log?: Log
    /** Instead of the system's resolver, for receivers of events. */
    resolve?: LookupFunction
  } = {},
): DeliveryWorker {
  const config = readConfig({
    DATABASE_APP_URL: fleet.database.appUrl,
    DATABASE_SYSTEM_URL: fleet.database.systemUrl,
    REDIS_URL: process.env.FLEET_TEST_REDIS_URL,
    KSEF_ENVIRONMENT: 'test',
    KSEF_BASE_URL: options.ksefUrl ?? fleet.ksefUrl,
    MASTER_KEY: fleet.masterKey.toString('base64'),
    SECRET_STORE: 'local',
    SECRET_STORE_DIRECTORY: fleet.directory,
    ...options.settings,
  })
  const level = process.env.JOURNEY_LOG === undefined ? 'silent' : 'info'
  const log = options.log ?? createLogger({ service: 'journey', level })
  const redis = connectCacheRedis(config.redisUrl, log)
  const door = options.asleep === undefined ? fleet.db : sleepyDatabase(fleet.db, options.asleep)
  const db = mortalDatabase(door, options.death ?? { atCall: NEVER, when: 'before' })
  const stop = new AbortController()
  const now = options.now ?? (() => new Date())
  // Past the mortal door: it writes when it likes, and a story counts the calls of its steps.
  const trail = createAuditTrail({ db: fleet.db, now, log })
  const composed = composeDelivery({
    config,
    db,
    redis,
    log,
    metrics: createMetrics(),
    signal: stop.signal,
    randomBytes,
    trail,
    now,
    ...(options.bus === undefined ? {} : { bus: options.bus }),
    resolve: options.resolve,
  })
  const context = {
    ...composed,
    timing: { ...TIMING, ...options.timing },
    inboxTiming: { ...INBOX_TIMING, ...options.inboxTiming },
  }

  // As the real worker's loop does.
  const counting = setInterval(() => void composed.budget.begin(), 400)

  const run = async (name: string, payload: unknown): Promise<void> => {
    const job = JOBS.find((one) => one.name === name)
    if (job === undefined) throw new Error(`no job ${name}`)
    try {
      await job.run(payload, context)
    } catch (error) {
      if (!db.dead && !(error instanceof Killed)) throw error
    }
  }
  return {
    context,
    db,
    run,
    async close() {
      stop.abort()
      clearInterval(counting)
      await trail.close()
      redis.disconnect()
      await context.ksef.close()
      await composed.closeWebhooks()
    },
  }
}
