/** The worker's settings: read once, typed by their parser, and refused at boot with a reason when they cannot work. */
import { hostname } from 'node:os'
import { KsefEnvironment } from '@ksef-fleet/core'
import { z } from 'zod'

const Base64Key = z
  .string()
  .transform((text) => Buffer.from(text, 'base64'))
  .refine((key) => key.byteLength === 32, 'MASTER_KEY must be the base64 of 32 bytes')

/** Waits in seconds, separated by commas; the last one repeats. */
const waits = (byDefault: string) =>
  z
    .string()
    .default(byDefault)
    .transform((text) => text.split(',').map(Number))
    .refine(
      (list) => list.length > 0 && list.every((wait) => wait > 0),
      'waits in seconds, separated by commas',
    )

const seconds = (byDefault: number) => z.coerce.number().positive().default(byDefault)

const Environment = z
  .object({
    DATABASE_APP_URL: z.url(),
    DATABASE_SYSTEM_URL: z.url(),
    DATABASE_OWNER_URL: z.url().optional(),
    DATABASE_POOL_SIZE: z.coerce.number().int().min(2).default(10),
    REDIS_URL: z.url(),
    KSEF_ENVIRONMENT: KsefEnvironment,
    KSEF_BASE_URL: z.url().optional(),
    KSEF_UPO_HOSTS: z.string().default(''),
    MASTER_KEY: Base64Key,
    SECRET_STORE: z.enum(['aws', 'local']),
    SECRET_STORE_DIRECTORY: z.string().optional(),
    SECRET_NAME_PREFIX: z.string().default('ksef-fleet'),
    HOST: z.string().default('127.0.0.1'),
    HEALTH_PORT: z.coerce.number().int().min(0).default(3001),
    LOG_LEVEL: z.enum(['trace', 'debug', 'info', 'warn', 'error', 'fatal', 'silent']).default('info'),
    SEND_CONCURRENCY: z.coerce.number().int().min(1).default(8),
    STATUS_CONCURRENCY: z.coerce.number().int().min(1).default(16),
    UPKEEP_CONCURRENCY: z.coerce.number().int().min(1).default(4),
    RELAY_PAUSE_SECONDS: seconds(0.1),
    SWEEP_PAUSE_SECONDS: seconds(0.25),
    SESSION_IDLE_SECONDS: seconds(120),
    KSEF_DEADLINE_SECONDS: seconds(30),
    CLAIM_LEASE_SECONDS: seconds(60),
    SEARCH_SECONDS: waits('2,5,15'),
    POLL_SECONDS: waits('0.5,1,2,4,8,15,30,60,120,300,900'),
    RETRY_SECONDS: waits('2,5,15,60,300'),
    NODE_TLS_REJECT_UNAUTHORIZED: z
      .string()
      .refine((value) => value !== '0', 'would send invoices to whoever answers; unset it')
      .optional(),
  })
  .superRefine((env, context) => {
    const refuse = (path: string, message: string) =>
      context.addIssue({ code: 'custom', path: [path], message })
    if (env.SECRET_STORE === 'local' && env.SECRET_STORE_DIRECTORY === undefined) {
      refuse('SECRET_STORE_DIRECTORY', 'is needed when SECRET_STORE is local')
    }
    if (env.KSEF_ENVIRONMENT === 'production' && env.KSEF_BASE_URL?.startsWith('http:')) {
      refuse('KSEF_BASE_URL', 'must be https in production')
    }
    if (env.CLAIM_LEASE_SECONDS <= env.KSEF_DEADLINE_SECONDS) {
      refuse(
        'CLAIM_LEASE_SECONDS',
        'must exceed KSEF_DEADLINE_SECONDS: a stale POST ends before its claim does',
      )
    }
  })

export type WorkerConfig = ReturnType<typeof readConfig>

/** @throws Error that names every setting that is missing or cannot work, and why. */
export function readConfig(env: NodeJS.ProcessEnv = process.env) {
  const parsed = Environment.safeParse(env)
  if (!parsed.success) {
    const lines = parsed.error.issues.map((issue) => `  ${issue.path.join('.')}: ${issue.message}`)
    throw new Error(`the worker cannot start with these settings:\n${lines.join('\n')}`)
  }
  const set = parsed.data
  return Object.freeze({
    name: hostname(),
    database: {
      appUrl: set.DATABASE_APP_URL,
      systemUrl: set.DATABASE_SYSTEM_URL,
      ownerUrl: set.DATABASE_OWNER_URL,
      poolSize: set.DATABASE_POOL_SIZE,
    },
    redisUrl: set.REDIS_URL,
    ksef: {
      environment: set.KSEF_ENVIRONMENT,
      baseUrl: set.KSEF_BASE_URL,
      /** Total time one request may take. */
      deadlineSeconds: set.KSEF_DEADLINE_SECONDS,
      upoHosts: set.KSEF_UPO_HOSTS.split(',').filter((host) => host !== ''),
    },
    masterKey: set.MASTER_KEY,
    secrets: {
      store: set.SECRET_STORE,
      directory: set.SECRET_STORE_DIRECTORY,
      prefix: set.SECRET_NAME_PREFIX,
    },
    health: { host: set.HOST, port: set.HEALTH_PORT },
    logLevel: set.LOG_LEVEL,
    concurrency: {
      send: set.SEND_CONCURRENCY,
      status: set.STATUS_CONCURRENCY,
      upkeep: set.UPKEEP_CONCURRENCY,
    },
    relayPauseMs: set.RELAY_PAUSE_SECONDS * 1000,
    sweepPauseMs: set.SWEEP_PAUSE_SECONDS * 1000,
    timing: {
      sessionIdleSeconds: set.SESSION_IDLE_SECONDS,
      claimLeaseSeconds: set.CLAIM_LEASE_SECONDS,
      openLeaseSeconds: set.CLAIM_LEASE_SECONDS,
      searchSeconds: set.SEARCH_SECONDS,
      pollSeconds: set.POLL_SECONDS,
      retrySeconds: set.RETRY_SECONDS,
    },
  })
}
