/** The API's settings: read once, typed by their parser, and refused at boot with a reason when they cannot work. */
import {
  databaseSettings,
  parseSettings,
  sharedConfig,
  sharedContradictions,
  sharedSettings,
} from '@ksef-fleet/core'
import { Sealed } from '@ksef-fleet/ksef'
import { z } from 'zod'

const Settings = z.object({
  ...sharedSettings,
  OPS_PASSWORD: z.string().min(12, 'at least 12 characters are expected').optional(),
  PORT: z.coerce.number().int().min(0).max(65_535).default(3_000),
  PUBLIC_URL: z.url({ protocol: /^https?$/ }).optional(),
  TRUSTED_PROXIES: z
    .string()
    .regex(/^[0-9a-fA-F.:/, ]+$/, 'addresses or networks separated by commas are expected')
    .optional(),
})

export type Config = ReturnType<typeof readConfig>

/** @throws Error naming every setting that is missing or wrong, never its value. */
export function readConfig(env: NodeJS.ProcessEnv = process.env) {
  const given = parseSettings(Settings, env, sharedContradictions)
  return Object.freeze({
    ...sharedConfig(given),
    /** null: no board. */
    opsPassword: given.OPS_PASSWORD === undefined ? null : new Sealed(given.OPS_PASSWORD),
    listen: { host: given.HOST, port: given.PORT },
    publicUrl: given.PUBLIC_URL?.replace(/\/+$/, '') ?? null,
    /** Whose `X-Forwarded-For` is believed; nobody's when empty. */
    trustedProxies: (given.TRUSTED_PROXIES ?? '')
      .split(',')
      .map((each) => each.trim())
      .filter((each) => each !== ''),
  })
}

/** Only what `create-api-key` needs. @throws like {@link readConfig} */
export function readDatabaseConfig(env: NodeJS.ProcessEnv = process.env) {
  const given = parseSettings(z.object(databaseSettings), env)
  return { appUrl: given.DATABASE_APP_URL, systemUrl: given.DATABASE_SYSTEM_URL }
}
