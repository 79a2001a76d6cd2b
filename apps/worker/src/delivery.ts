import { SecretsManagerClient } from '@aws-sdk/client-secrets-manager'
import {
  awsSecretStore,
  createAccessTokens,
  createFailureStreaks,
  createIdSource,
  createKsefSecretManager,
  createSealer,
  DELIVERY_TIMING,
  type DeliveryContext,
  type FleetDatabase,
  type Log,
  localSecretStore,
  type SecretStore,
} from '@ksef-fleet/core'
import { createKsefClient, KSEF_BASE_URLS } from '@ksef-fleet/ksef'
import type { Redis } from 'ioredis'
import type { WorkerConfig } from './config.ts'
import type { WorkerMetrics } from './metrics.ts'
import { redisTokenCache } from './redis-token-cache.ts'

/** However slow AWS is, a step of delivery waits no longer for a secret than this; warm caches go on serving. */
const SECRETS_CONNECT_MS_MAX = 3_000
const SECRETS_ANSWER_MS_MAX = 10_000

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
}): DeliveryContext {
  const { config, db, redis, log, metrics, signal, randomBytes } = parts
  const { environment, baseUrl, upoHosts, deadlineSeconds } = config.ksef
  const now = () => new Date()
  const sealer = createSealer(config.masterKey, randomBytes)
  const store = secretStoreOf(config, { sealer, randomBytes })
  const secrets = createKsefSecretManager({ store, namePrefix: config.secrets.prefix, now })
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

function secretStoreOf(
  config: WorkerConfig,
  deps: { sealer: ReturnType<typeof createSealer>; randomBytes: (length: number) => Uint8Array },
): SecretStore {
  const { store, directory } = config.secrets
  if (store === 'local' && directory !== undefined) return localSecretStore({ directory, ...deps })
  return awsSecretStore(
    new SecretsManagerClient({
      requestHandler: {
        connectionTimeout: SECRETS_CONNECT_MS_MAX,
        requestTimeout: SECRETS_ANSWER_MS_MAX,
        throwOnRequestTimeout: true,
      },
    }),
  )
}
