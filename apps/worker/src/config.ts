/** The worker's settings: read once, typed by their parser, and refused at boot with a reason when they cannot work. */
import {
  type Contradiction,
  parseSettings,
  sharedConfig,
  sharedContradictions,
  sharedSettings,
} from '@ksef-fleet/core'
import { z } from 'zod'

const seconds = (byDefault: number) => z.coerce.number().positive().default(byDefault)
const concurrency = (byDefault: number) => z.coerce.number().int().min(1).default(byDefault)

/** Waits in seconds, separated by commas; the last one repeats. */
const waits = (byDefault: string) =>
  z
    .string()
    .default(byDefault)
    .transform((text) => text.split(',').map(Number))
    .refine((list) => list.every((wait) => wait > 0), 'waits in seconds, separated by commas, are expected')

const Settings = z.object({
  ...sharedSettings,
  KSEF_BASE_URL: z.url({ protocol: /^https?$/ }).optional(),
  KSEF_UPO_HOSTS: z.string().default(''),
  KSEF_DEADLINE_SECONDS: seconds(30),
  HEALTH_PORT: z.coerce.number().int().min(0).max(65_535).default(3001),
  SEND_CONCURRENCY: concurrency(8),
  STATUS_CONCURRENCY: concurrency(16),
  UPKEEP_CONCURRENCY: concurrency(4),
  RELAY_PAUSE_SECONDS: seconds(0.1),
  SWEEP_PAUSE_SECONDS: seconds(0.25),
  SESSION_IDLE_SECONDS: seconds(120),
  CLAIM_LEASE_SECONDS: seconds(60),
  /** Tax documents are kept until five years after the year in which the tax fell due: 72 months and a year's margin. */
  AUDIT_MONTHS: z.coerce.number().int().min(1).max(1_200).default(84),
  SEARCH_SECONDS: waits('2,5,15'),
  POLL_SECONDS: waits('0.5,1,2,4,8,15,30,60,120,300,900'),
  RETRY_SECONDS: waits('2,5,15,60,300'),
})

function contradictions(given: z.infer<typeof Settings>): Contradiction[] {
  const found = sharedContradictions(given)
  if (given.KSEF_ENVIRONMENT === 'production' && given.KSEF_BASE_URL?.startsWith('http:')) {
    found.push({ setting: 'KSEF_BASE_URL', why: 'must be https in production' })
  }
  if (given.CLAIM_LEASE_SECONDS <= given.KSEF_DEADLINE_SECONDS) {
    const why = 'must exceed KSEF_DEADLINE_SECONDS: a stale POST ends before its claim does'
    found.push({ setting: 'CLAIM_LEASE_SECONDS', why })
  }
  return found
}

export type WorkerConfig = ReturnType<typeof readConfig>

/** @throws Error naming every setting that is missing or cannot work, and why, never its value. */
export function readConfig(env: NodeJS.ProcessEnv = process.env) {
  const given = parseSettings(Settings, env, contradictions)
  return Object.freeze({
    ...sharedConfig(given),
    ksef: {
      baseUrl: given.KSEF_BASE_URL,
      /** Total time one request may take. */
      deadlineSeconds: given.KSEF_DEADLINE_SECONDS,
      upoHosts: given.KSEF_UPO_HOSTS.split(',').filter((host) => host !== ''),
    },
    health: { host: given.HOST, port: given.HEALTH_PORT },
    concurrency: {
      send: given.SEND_CONCURRENCY,
      status: given.STATUS_CONCURRENCY,
      upkeep: given.UPKEEP_CONCURRENCY,
    },
    /** How long the audit log is kept. */
    auditMonths: given.AUDIT_MONTHS,
    relayPauseMs: given.RELAY_PAUSE_SECONDS * 1000,
    sweepPauseMs: given.SWEEP_PAUSE_SECONDS * 1000,
    timing: {
      sessionIdleSeconds: given.SESSION_IDLE_SECONDS,
      claimLeaseSeconds: given.CLAIM_LEASE_SECONDS,
      openLeaseSeconds: given.CLAIM_LEASE_SECONDS,
      searchSeconds: given.SEARCH_SECONDS,
      pollSeconds: given.POLL_SECONDS,
      retrySeconds: given.RETRY_SECONDS,
    },
  })
}
