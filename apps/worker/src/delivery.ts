import {
  createAccessTokens,
  createFailureStreaks,
  createIdSource,
  createKsefSecretManager,
  createSealer,
  DELIVERY_TIMING,
  type DeliveryContext,
  type FleetDatabase,
  type Log,
  openSecretStore,
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
  signal: AbortSignal
  randomBytes: (length: number) => Uint8Array
  /** The database's clock; the process's own when left out. */
  now?: () => Date
}): DeliveryContext {
  const { config, db, redis, log, metrics, signal, randomBytes } = parts
  const { environment } = config
  const { baseUrl, upoHosts, deadlineSeconds } = config.ksef
  const now = parts.now ?? (() => new Date())
  const sealer = createSealer(config.masterKey.reveal(), randomBytes)
  const store = openSecretStore(config.secretStore, { sealer, randomBytes })
  const secrets = createKsefSecretManager({ store, namePrefix: config.secretNamePrefix, now })
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
  const access = createAccessTokens({
    ksef,
    secrets,
    db,
    now,
    randomBytes,
    cache: redisTokenCache(redis),
    sealer,
    log,
  })
  const timing = { ...DELIVERY_TIMING, ...config.timing }
  return {
    db,
    secrets,
    environment,
    now,
    randomBytes,
    newId: createIdSource({ now, randomBytes }),
    ksef,
    access,
    sealer,
    streaks: createFailureStreaks(),
    log,
    signal,
    timing,
  }
}
