/** The API's settings: read once, typed by their parser, and refused at boot with a reason when they cannot work. */
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import {
  type Contradiction,
  databaseSettings,
  parseSettings,
  sharedConfig,
  sharedContradictions,
  sharedSettings,
} from '@ksef-fleet/core'
import { QR_BASE_URLS, Sealed } from '@ksef-fleet/ksef'
import { z } from 'zod'

const Settings = z.object({
  ...sharedSettings,
  BATCH_FILES_MAX: z.coerce.number().int().min(1).max(100_000).default(50_000),
  BATCH_UNPACKED_BYTES_MAX: z.coerce.number().int().min(1).default(2_000_000_000),
  BATCH_UPLOAD_BYTES_MAX: z.coerce.number().int().min(1).default(500_000_000),
  BATCH_UPLOADS_MAX: z.coerce.number().int().min(1).optional(),
  /** Streams of events that this process keeps open, for all keys together. */
  EVENT_STREAMS_MAX: z.coerce.number().int().min(1).default(200),
  /** Without word from Redis a stream looks for events so often. */
  EVENT_STREAM_POLL_SECONDS: z.coerce.number().positive().default(5),
  EVENT_STREAM_HEARTBEAT_SECONDS: z.coerce.number().positive().max(60).default(15),
  KSEF_QR_URL: z.url({ protocol: /^https?$/ }).optional(),
  /** Whether invoices are issued offline by themselves while KSeF cannot be reached; a company may say otherwise. */
  OFFLINE_AUTOMATIC: z.stringbool().default(true),
  OPS_PASSWORD: z.string().min(12, 'at least 12 characters are expected').optional(),
  PORT: z.coerce.number().int().min(0).max(65_535).default(3_000),
  PUBLIC_URL: z.url({ protocol: /^https?$/ }).optional(),
  SPOOL_DIRECTORY: z.string().min(1).default(join(tmpdir(), 'ksef-fleet-spool')),
  TRUSTED_PROXIES: z
    .string()
    .regex(/^[0-9a-fA-F.:/, ]+$/, 'addresses or networks separated by commas are expected')
    .optional(),
})

type Given = z.infer<typeof Settings>

function contradictions(given: Given): Contradiction[] {
  const { BATCH_UPLOADS_MAX: uploads, DATABASE_POOL_SIZE: pool } = given
  const tooMany = uploads !== undefined && uploads >= pool
  return [
    ...sharedContradictions(given),
    ...(tooMany
      ? [{ setting: 'BATCH_UPLOADS_MAX', why: `would take all ${pool} connections of DATABASE_POOL_SIZE` }]
      : []),
  ]
}

export type Config = ReturnType<typeof readConfig>

/** @throws Error naming every setting that is missing or wrong, never its value. */
export function readConfig(env: NodeJS.ProcessEnv = process.env) {
  const given = parseSettings(Settings, env, contradictions)
  return Object.freeze({
    ...sharedConfig(given),
    /** null: no board. */
    opsPassword: given.OPS_PASSWORD === undefined ? null : new Sealed(given.OPS_PASSWORD),
    /** Where QR codes lead: the environment's pages, or a simulator's. */
    qrBaseUrl: given.KSEF_QR_URL ?? QR_BASE_URLS[given.KSEF_ENVIRONMENT],
    offlineAutomatic: given.OFFLINE_AUTOMATIC,
    spoolDirectory: given.SPOOL_DIRECTORY,
    batches: {
      atOnceMax:
        given.BATCH_UPLOADS_MAX ?? Math.max(1, Math.min(4, Math.floor(given.DATABASE_POOL_SIZE / 2))),
      bytesMax: given.BATCH_UPLOAD_BYTES_MAX,
      unpackedBytesMax: given.BATCH_UNPACKED_BYTES_MAX,
      filesMax: given.BATCH_FILES_MAX,
    },
    streams: {
      max: given.EVENT_STREAMS_MAX,
      pollMs: given.EVENT_STREAM_POLL_SECONDS * 1_000,
      heartbeatMs: given.EVENT_STREAM_HEARTBEAT_SECONDS * 1_000,
    },
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
