/**
 * Everything the API is told from outside, read once and typed by its parser. Combinations that cannot work refuse to
 * boot and say why.
 */

import { KsefEnvironment } from '@ksef-fleet/core'
import { Sealed } from '@ksef-fleet/ksef'
import { z } from 'zod'

const PostgresUrl = z.url({ protocol: /^postgres(ql)?$/, error: 'a postgres:// URL is expected' })

const Settings = z.object({
  DATABASE_APP_URL: PostgresUrl,
  DATABASE_SYSTEM_URL: PostgresUrl,
  DATABASE_OWNER_URL: PostgresUrl.optional(),
  REDIS_URL: z.url({ protocol: /^rediss?$/, error: 'a redis:// URL is expected' }),
  KSEF_ENVIRONMENT: KsefEnvironment,
  MASTER_KEY: z
    .base64()
    .refine((text) => Buffer.from(text, 'base64').byteLength === 32, '32 bytes in Base64 are expected'),
  SECRET_STORE: z.enum(['aws', 'local']),
  SECRET_STORE_DIRECTORY: z.string().min(1).optional(),
  SECRET_NAME_PREFIX: z
    .string()
    .regex(/^[A-Za-z0-9/_+=.@-]{1,100}$/)
    .default('ksef-fleet'),
  AWS_REGION: z.string().min(1).optional(),
  OPS_PASSWORD: z.string().min(12, 'at least 12 characters are expected').optional(),
  PORT: z.coerce.number().int().min(0).max(65_535).default(3_000),
  HOST: z.string().min(1).default('127.0.0.1'),
  LOG_LEVEL: z.enum(['trace', 'debug', 'info', 'warn', 'error', 'fatal', 'silent']).default('info'),
  PUBLIC_URL: z.url({ protocol: /^https?$/ }).optional(),
  TRUSTED_PROXIES: z
    .string()
    .regex(/^[0-9a-fA-F.:/, ]+$/, 'addresses or networks separated by commas are expected')
    .optional(),
  NODE_TLS_REJECT_UNAUTHORIZED: z.string().optional(),
})

const Checked = Settings.superRefine((given, issues) => {
  const refuse = (name: string, message: string) => issues.addIssue({ code: 'custom', path: [name], message })
  if (given.NODE_TLS_REJECT_UNAUTHORIZED === '0') {
    refuse('NODE_TLS_REJECT_UNAUTHORIZED', 'with 0 every certificate would be believed; remove it')
  }
  if (given.DATABASE_APP_URL === given.DATABASE_SYSTEM_URL) {
    refuse('DATABASE_SYSTEM_URL', 'is the same login as DATABASE_APP_URL; row-level security needs two')
  }
  if (given.SECRET_STORE === 'local' && given.SECRET_STORE_DIRECTORY === undefined) {
    refuse('SECRET_STORE_DIRECTORY', 'is missing; SECRET_STORE=local keeps its sealed files there')
  }
  if (given.SECRET_STORE === 'aws' && given.SECRET_STORE_DIRECTORY !== undefined) {
    refuse('SECRET_STORE_DIRECTORY', 'has no meaning with SECRET_STORE=aws; remove one of them')
  }
  if (given.SECRET_STORE === 'aws' && given.AWS_REGION === undefined) {
    refuse('AWS_REGION', 'is missing; SECRET_STORE=aws needs it')
  }
})

export type SecretStoreConfig =
  | { kind: 'aws'; namePrefix: string }
  | { kind: 'local'; namePrefix: string; directory: string }

export type Config = {
  database: { appUrl: string; systemUrl: string; ownerUrl: string | null }
  redisUrl: string
  environment: KsefEnvironment
  masterKey: Sealed<Uint8Array>
  secretStore: SecretStoreConfig
  opsPassword: Sealed<string> | null
  listen: { host: string; port: number }
  logLevel: z.infer<typeof Settings>['LOG_LEVEL']
  publicUrl: string | null
  /** Whose `X-Forwarded-For` is believed; nobody's when empty. */
  trustedProxies: readonly string[]
}

/** @throws Error naming every setting that is missing or wrong, never its value. */
export function readConfig(env: NodeJS.ProcessEnv = process.env): Config {
  const given = parsed(Checked, env)
  return Object.freeze({
    database: {
      appUrl: given.DATABASE_APP_URL,
      systemUrl: given.DATABASE_SYSTEM_URL,
      ownerUrl: given.DATABASE_OWNER_URL ?? null,
    },
    redisUrl: given.REDIS_URL,
    environment: given.KSEF_ENVIRONMENT,
    masterKey: new Sealed(Buffer.from(given.MASTER_KEY, 'base64')),
    secretStore: secretStoreOf(given),
    opsPassword: given.OPS_PASSWORD === undefined ? null : new Sealed(given.OPS_PASSWORD),
    listen: { host: given.HOST, port: given.PORT },
    logLevel: given.LOG_LEVEL,
    publicUrl: given.PUBLIC_URL?.replace(/\/+$/, '') ?? null,
    trustedProxies: (given.TRUSTED_PROXIES ?? '')
      .split(',')
      .map((each) => each.trim())
      .filter((each) => each !== ''),
  })
}

const DatabaseSettings = Settings.pick({ DATABASE_APP_URL: true, DATABASE_SYSTEM_URL: true })

/** Only what `create-api-key` needs. @throws like {@link readConfig} */
export function readDatabaseConfig(env: NodeJS.ProcessEnv = process.env): {
  appUrl: string
  systemUrl: string
} {
  const given = parsed(DatabaseSettings, env)
  return { appUrl: given.DATABASE_APP_URL, systemUrl: given.DATABASE_SYSTEM_URL }
}

function secretStoreOf(given: z.infer<typeof Settings>): SecretStoreConfig {
  const namePrefix = given.SECRET_NAME_PREFIX
  return given.SECRET_STORE === 'local' && given.SECRET_STORE_DIRECTORY !== undefined
    ? { kind: 'local', namePrefix, directory: given.SECRET_STORE_DIRECTORY }
    : { kind: 'aws', namePrefix }
}

/** An empty variable counts as absent: compose files pass unset ones that way. */
function parsed<T>(schema: z.ZodType<T>, env: NodeJS.ProcessEnv): T {
  const present = Object.fromEntries(
    Object.entries(env).filter(([, value]) => value !== undefined && value !== ''),
  )
  const result = schema.safeParse(present)
  if (result.success) return result.data
  const lines = result.error.issues.map((issue) => `  ${issue.path.join('.')}: ${issue.message}`)
  throw new Error(`The configuration cannot be used:\n${lines.join('\n')}`)
}
