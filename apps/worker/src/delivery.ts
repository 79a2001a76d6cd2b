import type { LookupFunction } from 'node:net'
import { setTimeout as sleep } from 'node:timers/promises'
import {
  type AccessTokens,
  type AuditTrail,
  auditOfSecret,
  budgetGuard,
  type CallCounter,
  createAccessTokens,
  createCallCounter,
  createFailureStreaks,
  createIdSource,
  createKsefContextManager,
  createKsefSecretManager,
  createSealer,
  createSharedBudget,
  createSlowRuns,
  DELIVERY_TIMING,
  type DeliveryContext,
  type FleetDatabase,
  INBOX_TIMING,
  type KsefEnvironment,
  type Log,
  openSecretStore,
  type RateBudget,
  type SecretBus,
  type SharedBudget,
} from '@ksef-fleet/core'
import {
  createKsefClient,
  type Guard,
  KSEF_BASE_URLS,
  type KsefClient,
  type KsefClientOptions,
} from '@ksef-fleet/ksef'
import type { Redis } from 'ioredis'
import type { WorkerConfig } from './config.ts'
import type { WorkerMetrics } from './metrics.ts'
import { redisRateBudget } from './redis-rate-budget.ts'
import { redisTokenCache } from './redis-token-cache.ts'
import { createWebhookPoster } from './webhooks/post-webhook.ts'

/**
 * Puts together what core's jobs are given.
 *
 * @param parts.redis for cached tokens only: a connection that refuses at once while Redis is away
 */
export function composeDelivery(parts: {
  config: WorkerConfig
  db: FleetDatabase
  redis: Redis
  log: Log
  metrics: WorkerMetrics
  trail: AuditTrail
  /** Brings news of other processes; none in a process that is alone. */
  bus?: SecretBus
  signal: AbortSignal
  randomBytes: (length: number) => Uint8Array
  /** The database's clock; the process's own when left out. */
  now?: () => Date
  /** Wraps the way to KSeF. */
  transport?: KsefClientOptions['transport'] | undefined
  /** Resolves the names of receivers; the system's resolver when left out. */
  resolve?: LookupFunction | undefined
}): DeliveryContext & {
  access: AccessTokens
  budget: SharedBudget
  /** This process's calls of KSeF, for the fleet's own error rate. */
  calls: CallCounter
  closeWebhooks: () => Promise<void>
} {
  const { config, db, redis, log, trail, signal, randomBytes } = parts
  const { environment } = config
  const now = parts.now ?? (() => new Date())
  const sealer = createSealer(config.masterKey.reveal(), randomBytes)
  const store = openSecretStore(config.secretStore, { sealer, randomBytes })
  const bus = parts.bus === undefined ? {} : { bus: parts.bus }
  const secrets = createKsefSecretManager({
    store,
    namePrefix: config.secretNamePrefix,
    db,
    now,
    ...bus,
    onAccess: (access) => trail.record(auditOfSecret(access, 'worker'), access.companyId),
    onAlarm: ({ credentialId, what }) => log.error({ credentialId, kind: what }, 'secret.alarm'),
  })
  const budget = createSharedBudget({
    redis: redisRateBudget(redis),
    egress: config.egress,
    sitOutMs: config.ksef.budgetWaitMs,
    now,
    randomBytes,
    log,
  })
  void budget.begin()
  const calls = createCallCounter(now)
  const ksef = openKsef(parts, { budget, calls, now })
  const core = {
    ...{ db, secrets, environment, now, randomBytes, newId: createIdSource({ now, randomBytes }) },
    ...(config.inboxStartAt === null ? {} : { inboxStartAt: config.inboxStartAt }),
  }
  const access = createAccessTokens({
    ...core,
    ksef,
    trail,
    budget,
    cache: redisTokenCache(redis),
    sealer,
    log,
  })
  return {
    ...core,
    ...webhookDoor(parts),
    contexts: createKsefContextManager({ ...core, ...bus, ksef, trail, budget, access, log }),
    ksef,
    budget,
    calls,
    trail,
    access,
    sealer,
    batchCompression: config.batchCompression,
    batchPartBytes: config.batchPartBytes,
    spoolDirectory: config.spoolDirectory,
    streaks: createFailureStreaks(),
    turnedAway: new Map(),
    log,
    signal,
    timing: { ...DELIVERY_TIMING, ...config.timing },
    inboxTiming: { ...INBOX_TIMING, ...config.inboxTiming },
  }
}

/** The client behind every context, its calls told to whoever counts them. */
function openKsef(
  { config, metrics, log, transport }: Parameters<typeof composeDelivery>[0],
  { budget, calls, now }: { budget: RateBudget; calls: CallCounter; now: () => Date },
): KsefClient {
  const { baseUrl, storageHosts, deadlineSeconds } = config.ksef
  return createKsefClient({
    baseUrl: baseUrl ?? KSEF_BASE_URLS[config.environment],
    timeouts: { totalMs: deadlineSeconds * 1000 },
    fetchHosts: storageHosts,
    // Whether a public key is valid yet is not for this machine's clock to say.
    now,
    ...(transport === undefined ? {} : { transport }),
    onCall: (call) => {
      metrics.call(call)
      calls.count(call)
    },
    admit: guardOfKeys(budget, config.environment),
    onSystemWarning: ({ code, operation, message }) => {
      metrics.warning(code)
      log.warn({ code, operation, warning: message }, 'ksef.system-warning')
    },
  })
}

/** The way out to receivers of events, and its end. */
function webhookDoor({ config, metrics, resolve }: Parameters<typeof composeDelivery>[0]) {
  const poster = createWebhookPoster(config.destinations, resolve === undefined ? {} : { resolve })
  const { slowRunsMax, ...settings } = config.webhooks
  const slowRuns = createSlowRuns(slowRunsMax)
  const webhooks = { ...settings, slowRuns, post: poster.post, observe: metrics.webhook }
  return { webhooks, closeWebhooks: poster.close }
}

/** The Ministry's public keys are fetched for nobody in particular; every other call asks in its own context. */
function guardOfKeys(budget: RateBudget, environment: KsefEnvironment): Guard {
  const scope = {
    environment,
    context: { type: 'Nip', value: '' },
    limits: null,
    blocks: {},
    since: null,
  } as const
  const guard = budgetGuard(budget, { scope, purpose: 'delivery', sleep })
  return async (call) => (call.operation === 'listPublicKeys' ? guard(call) : null)
}
