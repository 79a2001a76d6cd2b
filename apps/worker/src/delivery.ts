import {
  type AccessTokens,
  type AuditTrail,
  auditOfSecret,
  createAccessTokens,
  createFailureStreaks,
  createIdSource,
  createKsefContextManager,
  createKsefSecretManager,
  createSealer,
  DELIVERY_TIMING,
  type DeliveryContext,
  type FleetDatabase,
  type Log,
  openSecretStore,
  type SecretBus,
} from '@ksef-fleet/core'
import { createKsefClient, KSEF_BASE_URLS } from '@ksef-fleet/ksef'
import type { Redis } from 'ioredis'
import type { WorkerConfig } from './config.ts'
import type { WorkerMetrics } from './metrics.ts'
import { redisTokenCache } from './redis-token-cache.ts'

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
}): DeliveryContext & { access: AccessTokens } {
  const { config, db, redis, log, metrics, trail, signal, randomBytes } = parts
  const { environment } = config
  const { baseUrl, upoHosts, deadlineSeconds } = config.ksef
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
  const ksef = createKsefClient({
    baseUrl: baseUrl ?? KSEF_BASE_URLS[environment],
    timeouts: { totalMs: deadlineSeconds * 1000 },
    fetchHosts: upoHosts,
    onCall: metrics.call,
    onSystemWarning: ({ code, operation, message }) => {
      metrics.warning(code)
      log.warn({ code, operation, warning: message }, 'ksef.system-warning')
    },
  })
  const core = { db, secrets, environment, now, randomBytes, newId: createIdSource({ now, randomBytes }) }
  const access = createAccessTokens({ ...core, ksef, trail, cache: redisTokenCache(redis), sealer, log })
  return {
    ...core,
    contexts: createKsefContextManager({ ...core, ...bus, ksef, trail, access, log }),
    ksef,
    trail,
    access,
    sealer,
    streaks: createFailureStreaks(),
    log,
    signal,
    timing: { ...DELIVERY_TIMING, ...config.timing },
  }
}
