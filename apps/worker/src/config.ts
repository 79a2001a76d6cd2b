/** The worker's settings: read once, typed by their parser, and refused at boot with a reason when they cannot work. */
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import {
  AVAILABILITY_TIMING,
  COMPRESSIONS,
  type Contradiction,
  parseSettings,
  SAT_OUT_MS,
  sharedConfig,
  sharedContradictions,
  sharedSettings,
  WEBHOOK_RETRY_SECONDS,
} from '@ksef-fleet/core'
import { BATCH_PART_BYTES_MAX, LIGHTHOUSE_BASE_URLS } from '@ksef-fleet/ksef'
import { z } from 'zod'

const seconds = (byDefault: number) => z.coerce.number().positive().default(byDefault)
/** A part is a request of its own, and KSeF takes fifty of them. */
const BATCH_PART_BYTES_MIN = 1_000

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
  /** Hosts beside the Ministry's own from which UPOs and packages are fetched, and to which parts are sent. */
  KSEF_STORAGE_HOSTS: z.string().default(''),
  KSEF_DEADLINE_SECONDS: seconds(30),
  /** Of a call for its place in KSeF's limits; what would wait longer is put off and makes room. */
  BUDGET_WAIT_SECONDS: seconds(SAT_OUT_MS / 1000),
  /** Of the lighthouse; the production one's own when left out. Those of TEST and DEMO show a total failure whatever happens. */
  KSEF_LIGHTHOUSE_URL: z.url({ protocol: /^https?$/ }).optional(),
  /** How often a worker tells the fleet of its calls, and looks whether a look at KSeF's availability is due. */
  AVAILABILITY_PAUSE_SECONDS: seconds(5),
  AVAILABILITY_LOOK_SECONDS: seconds(AVAILABILITY_TIMING.lookSeconds),
  AVAILABILITY_PROBE_SECONDS: seconds(AVAILABILITY_TIMING.probeSeconds),
  HEALTH_PORT: z.coerce.number().int().min(0).max(65_535).default(3001),
  SEND_CONCURRENCY: concurrency(8),
  BATCH_CONCURRENCY: concurrency(2),
  STATUS_CONCURRENCY: concurrency(16),
  SYNC_CONCURRENCY: concurrency(8),
  /** Most of it waits for receivers. Half of it at most is at slow ones; the rest takes up those that have just begun to hang. */
  DELIVER_CONCURRENCY: concurrency(64),
  UPKEEP_CONCURRENCY: concurrency(4),
  RELAY_PAUSE_SECONDS: seconds(0.05),
  SWEEP_PAUSE_SECONDS: seconds(0.25),
  /** A ring that is lost with Redis or with the worker that answered it is made again after so long. */
  RING_SECONDS: seconds(10),
  SESSION_IDLE_SECONDS: seconds(120),
  JOB_LOCK_SECONDS: seconds(10),
  CLAIM_LEASE_SECONDS: seconds(60),
  PACKAGE_LEASE_SECONDS: seconds(15),
  ROTATION_LEASE_SECONDS: seconds(180),
  BATCH_COMPRESSION: z.enum(COMPRESSIONS).default('TarGz'),
  /** Bytes of an encrypted part of a package. */
  BATCH_PART_BYTES: z.coerce
    .number()
    .int()
    .min(BATCH_PART_BYTES_MIN)
    .max(BATCH_PART_BYTES_MAX)
    .default(BATCH_PART_BYTES_MAX),
  /** Parts of packages on their way: encrypted, and made anew when they are gone. */
  SPOOL_DIRECTORY: z.string().min(1).default(join(tmpdir(), 'ksef-fleet')),
  /** Tax documents are kept until five years after the year in which the tax fell due: 72 months and a year's margin. */
  AUDIT_MONTHS: z.coerce.number().int().min(1).max(1_200).default(84),
  /** Calendar years after the year of issue. KSeF itself keeps ten. */
  DOCUMENT_YEARS: z.coerce.number().int().min(1).max(100).default(10),
  /** How long events are kept, with what became of their deliveries. */
  EVENT_MONTHS: z.coerce.number().int().min(1).max(1_200).default(24),
  /** Records of exports from KSeF; what they brought is kept as a document is. */
  EXPORT_DAYS: z.coerce.number().int().min(1).max(36_500).default(90),
  SEARCH_SECONDS: waits('2,5,15'),
  POLL_SECONDS: waits('0.25,0.2,0.25,0.3,0.35,0.45,0.55,0.8,1.2,2,4,8,15,30,60,120,300,900'),
  RETRY_SECONDS: waits('2,5,15,60,300'),
  /** From when on the invoices of a newly connected company are received. */
  INBOX_START: z.iso.datetime({ offset: true }).optional(),
  /** How often it is looked which syncs are due. */
  INBOX_TICK_SECONDS: seconds(1),
  SYNC_LEASE_SECONDS: seconds(20),
  SYNC_RETRY_SECONDS: waits('5,30,120,600,1800,3600'),
  EXPORT_POLL_SECONDS: waits('0.5,0.5,1,2,4,8,15,30,60'),
  EXPORT_GIVE_UP_SECONDS: seconds(3_600),
  /** Unlike the others, the last one does not repeat: after it a delivery is dead. */
  WEBHOOK_RETRY_SECONDS: waits(WEBHOOK_RETRY_SECONDS.join()),
  WEBHOOK_TIMEOUT_SECONDS: seconds(15),
  WEBHOOK_LEASE_SECONDS: seconds(60),
  WEBHOOK_DISABLE_AFTER_SECONDS: seconds(72 * 3600),
  /** Requests to one webhook at once. */
  WEBHOOK_CALLS_AT_ONCE: concurrency(8),
})

function contradictions(given: z.infer<typeof Settings>): Contradiction[] {
  const found = sharedContradictions(given)
  if (given.KSEF_ENVIRONMENT === 'production' && given.KSEF_BASE_URL?.startsWith('http:')) {
    found.push({ setting: 'KSEF_BASE_URL', why: 'must be https in production' })
  }
  if (given.CLAIM_LEASE_SECONDS <= given.BUDGET_WAIT_SECONDS + given.KSEF_DEADLINE_SECONDS) {
    const why =
      'must exceed BUDGET_WAIT_SECONDS and KSEF_DEADLINE_SECONDS together: a stale POST ends before its claim does'
    found.push({ setting: 'CLAIM_LEASE_SECONDS', why })
  }
  if (given.ROTATION_LEASE_SECONDS <= given.BUDGET_WAIT_SECONDS + given.KSEF_DEADLINE_SECONDS) {
    const why =
      'must exceed BUDGET_WAIT_SECONDS and KSEF_DEADLINE_SECONDS together: a step is no shorter than a call'
    found.push({ setting: 'ROTATION_LEASE_SECONDS', why })
  }
  if (given.WEBHOOK_LEASE_SECONDS <= given.WEBHOOK_TIMEOUT_SECONDS) {
    const why = 'must exceed WEBHOOK_TIMEOUT_SECONDS: no request outlasts its claim'
    found.push({ setting: 'WEBHOOK_LEASE_SECONDS', why })
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
      budgetWaitMs: given.BUDGET_WAIT_SECONDS * 1000,
      /** Total time one request may take. */
      deadlineSeconds: given.KSEF_DEADLINE_SECONDS,
      lighthouseUrl:
        given.KSEF_LIGHTHOUSE_URL ??
        (given.KSEF_ENVIRONMENT === 'production' ? LIGHTHOUSE_BASE_URLS.production : null),
      storageHosts: given.KSEF_STORAGE_HOSTS.split(',')
        .map((host) => host.trim())
        .filter((host) => host !== ''),
    },
    health: { host: given.HOST, port: given.HEALTH_PORT },
    concurrency: {
      send: given.SEND_CONCURRENCY,
      batch: given.BATCH_CONCURRENCY,
      status: given.STATUS_CONCURRENCY,
      sync: given.SYNC_CONCURRENCY,
      deliver: given.DELIVER_CONCURRENCY,
      upkeep: given.UPKEEP_CONCURRENCY,
    },
    webhooks: {
      retrySeconds: given.WEBHOOK_RETRY_SECONDS,
      timeoutSeconds: given.WEBHOOK_TIMEOUT_SECONDS,
      leaseSeconds: given.WEBHOOK_LEASE_SECONDS,
      disableAfterSeconds: given.WEBHOOK_DISABLE_AFTER_SECONDS,
      callsAtOnce: given.WEBHOOK_CALLS_AT_ONCE,
      /** Runs at slow receivers at once. */
      slowRunsMax: Math.ceil(given.DELIVER_CONCURRENCY / 2),
    },
    batchCompression: given.BATCH_COMPRESSION,
    batchPartBytes: given.BATCH_PART_BYTES,
    spoolDirectory: given.SPOOL_DIRECTORY,
    /** How long the audit log is kept. */
    auditMonths: given.AUDIT_MONTHS,
    /** How long documents are kept. */
    documentYears: given.DOCUMENT_YEARS,
    availabilityPauseMs: given.AVAILABILITY_PAUSE_SECONDS * 1000,
    availabilityTiming: {
      lookSeconds: given.AVAILABILITY_LOOK_SECONDS,
      probeSeconds: given.AVAILABILITY_PROBE_SECONDS,
    },
    eventMonths: given.EVENT_MONTHS,
    exportDays: given.EXPORT_DAYS,
    ringSeconds: given.RING_SECONDS,
    relayPauseMs: given.RELAY_PAUSE_SECONDS * 1000,
    jobLockMs: given.JOB_LOCK_SECONDS * 1000,
    sweepPauseMs: given.SWEEP_PAUSE_SECONDS * 1000,
    inboxStartAt: given.INBOX_START === undefined ? null : new Date(given.INBOX_START),
    inboxTickMs: given.INBOX_TICK_SECONDS * 1000,
    inboxTiming: {
      leaseSeconds: given.SYNC_LEASE_SECONDS,
      retrySeconds: given.SYNC_RETRY_SECONDS,
      exportPollSeconds: given.EXPORT_POLL_SECONDS,
      exportGiveUpSeconds: given.EXPORT_GIVE_UP_SECONDS,
    },
    timing: {
      sessionIdleSeconds: given.SESSION_IDLE_SECONDS,
      claimLeaseSeconds: given.CLAIM_LEASE_SECONDS,
      packageLeaseSeconds: given.PACKAGE_LEASE_SECONDS,
      openLeaseSeconds: given.CLAIM_LEASE_SECONDS,
      rotationLeaseSeconds: given.ROTATION_LEASE_SECONDS,
      searchSeconds: given.SEARCH_SECONDS,
      pollSeconds: given.POLL_SECONDS,
      retrySeconds: given.RETRY_SECONDS,
    },
  })
}
