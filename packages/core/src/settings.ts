/**
 * The settings api and worker share: names, forms and the combinations that refuse to boot. Each app adds its own and
 * reads the environment in its `config.ts`.
 */
import { Sealed } from '@ksef-fleet/ksef'
import { z } from 'zod'
import { KsefEnvironment } from './identifiers.ts'
import type { SecretStoreSetting } from './secrets/open-secret-store.ts'
import { isNetwork } from './webhooks/destination.ts'

const PostgresUrl = z.url({ protocol: /^postgres(ql)?$/, error: 'a postgres:// URL is expected' })

export const databaseSettings = { DATABASE_APP_URL: PostgresUrl, DATABASE_SYSTEM_URL: PostgresUrl }

export const sharedSettings = {
  ...databaseSettings,
  DATABASE_OWNER_URL: PostgresUrl.optional(),
  DATABASE_POOL_SIZE: z.coerce.number().int().min(2).default(10),
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
  SECRET_KMS_KEY_ID: z.string().min(1).max(2048).optional(),
  AWS_REGION: z.string().min(1).optional(),
  /** Names the address that KSeF sees this fleet at: whoever shares one shares its limits. */
  KSEF_EGRESS: z
    .string()
    .regex(/^[A-Za-z0-9._:-]{1,100}$/)
    .default('default'),
  /** Networks that webhooks may lead into although they are not public; for receivers beside the fleet, and for tests. */
  WEBHOOK_NETWORKS: z
    .string()
    .default('')
    .transform((text) => text.split(',').map((each) => each.trim()))
    .transform((networks) => networks.filter((network) => network !== ''))
    .refine(
      (networks) => networks.every(isNetwork),
      'networks such as 10.1.0.0/16, separated by commas, are expected',
    ),
  WEBHOOK_HTTP: z.stringbool().default(false),
  HOST: z.string().min(1).default('127.0.0.1'),
  LOG_LEVEL: z.enum(['trace', 'debug', 'info', 'warn', 'error', 'fatal', 'silent']).default('info'),
  NODE_TLS_REJECT_UNAUTHORIZED: z.string().optional(),
}

const Shared = z.object(sharedSettings)
type Shared = z.infer<typeof Shared>

/** What makes a setting unusable beside others: the setting to change, and why. */
export type Contradiction = { setting: string; why: string }

export function sharedContradictions(given: Shared): Contradiction[] {
  const found: (Contradiction | false)[] = [
    given.NODE_TLS_REJECT_UNAUTHORIZED === '0' && {
      setting: 'NODE_TLS_REJECT_UNAUTHORIZED',
      why: 'with 0 every certificate would be believed; remove it',
    },
    given.DATABASE_APP_URL === given.DATABASE_SYSTEM_URL && {
      setting: 'DATABASE_SYSTEM_URL',
      why: 'is the same login as DATABASE_APP_URL; row-level security needs two',
    },
    given.WEBHOOK_HTTP &&
      given.KSEF_ENVIRONMENT === 'production' && {
        setting: 'WEBHOOK_HTTP',
        why: 'has no place in production: events would travel in clear',
      },
    given.SECRET_STORE === 'local' &&
      given.SECRET_STORE_DIRECTORY === undefined && {
        setting: 'SECRET_STORE_DIRECTORY',
        why: 'is missing; SECRET_STORE=local keeps its sealed files there',
      },
    given.SECRET_STORE === 'aws' &&
      given.SECRET_STORE_DIRECTORY !== undefined && {
        setting: 'SECRET_STORE_DIRECTORY',
        why: 'has no meaning with SECRET_STORE=aws; remove one of them',
      },
    given.SECRET_STORE === 'local' &&
      given.SECRET_KMS_KEY_ID !== undefined && {
        setting: 'SECRET_KMS_KEY_ID',
        why: 'has no meaning with SECRET_STORE=local, which seals with MASTER_KEY; remove one of them',
      },
    given.SECRET_STORE === 'aws' &&
      given.AWS_REGION === undefined && {
        setting: 'AWS_REGION',
        why: 'is missing; SECRET_STORE=aws needs it',
      },
  ]
  return found.filter((one) => one !== false)
}

/** The shared settings as the apps use them. */
export const sharedConfig = (given: Shared) => ({
  database: {
    appUrl: given.DATABASE_APP_URL,
    systemUrl: given.DATABASE_SYSTEM_URL,
    poolSize: given.DATABASE_POOL_SIZE,
  },
  /** Set: migrations run at start. */
  databaseOwnerUrl: given.DATABASE_OWNER_URL ?? null,
  redisUrl: given.REDIS_URL,
  environment: given.KSEF_ENVIRONMENT,
  egress: given.KSEF_EGRESS,
  masterKey: new Sealed<Uint8Array>(Buffer.from(given.MASTER_KEY, 'base64')),
  secretStore: secretStoreSetting(given),
  secretNamePrefix: given.SECRET_NAME_PREFIX,
  /** Where events may be posted to. */
  destinations: { http: given.WEBHOOK_HTTP, networks: given.WEBHOOK_NETWORKS },
  logLevel: given.LOG_LEVEL,
})

const secretStoreSetting = (given: Shared): SecretStoreSetting =>
  given.SECRET_STORE === 'local' && given.SECRET_STORE_DIRECTORY !== undefined
    ? { kind: 'local', directory: given.SECRET_STORE_DIRECTORY }
    : { kind: 'aws', ...(given.SECRET_KMS_KEY_ID === undefined ? {} : { kmsKeyId: given.SECRET_KMS_KEY_ID }) }

/**
 * Parses settings. An empty variable counts as absent: compose files pass unset ones that way.
 *
 * @throws Error naming every setting that is missing or wrong, never its value.
 */
export function parseSettings<T>(
  schema: z.ZodType<T>,
  env: NodeJS.ProcessEnv,
  contradictions: (given: T) => readonly Contradiction[] = () => [],
): T {
  const present = Object.fromEntries(
    Object.entries(env).filter(([, value]) => value !== undefined && value !== ''),
  )
  const result = schema.safeParse(present)
  const refused = result.success
    ? contradictions(result.data)
    : result.error.issues.map((issue) => ({ setting: issue.path.join('.'), why: issue.message }))
  if (result.success && refused.length === 0) return result.data
  const lines = refused.map(({ setting, why }) => `  ${setting}: ${why}`)
  throw new Error(`The configuration cannot be used:\n${lines.join('\n')}`)
}
