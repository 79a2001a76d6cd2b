import type { KsefClient } from '@ksef-fleet/ksef'
import type { AuditTrail } from '../audit/audit-trail.ts'
import type { RateBudget } from '../budget/rate-budget.ts'
import type { KsefContextManager } from '../context/ksef-context-manager.ts'
import type { CoreDependencies } from '../dependencies.ts'
import type { IntegrationId } from '../identifiers.ts'
import type { InboxTiming } from '../inbox/inbox-timing.ts'
import type { Log } from '../log.ts'
import type { Sealer } from '../secrets/sealer.ts'
import type { WebhookDoor } from '../webhooks/webhook-door.ts'
import type { FailureStreaks } from './failure-streaks.ts'
import type { Compression } from './session.ts'

/** What a job's handler is given. */
export type DeliveryContext = CoreDependencies & {
  /** The only way to a company's context: its token is here and nowhere else. */
  contexts: KsefContextManager
  /** The client behind `contexts`, for whoever composed it to close. No job calls KSeF through it. */
  ksef: KsefClient
  /** What KSeF allows, counted before each call. */
  budget: RateBudget
  /** Calls of KSeF as the audit log collects them. */
  trail: AuditTrail
  /** Seals session keys and webhooks' secrets that rest in PostgreSQL. */
  sealer: Sealer
  streaks: FailureStreaks
  /** Whom KSeF's security service turns away until when, as this process saw it. */
  turnedAway: Map<IntegrationId, Date>
  /** The way out to receivers of events. */
  webhooks: WebhookDoor
  log: Log
  /** How packages are made. */
  batchCompression: Compression
  /** Bytes of one encrypted part of a package. */
  batchPartBytes: number
  /** For the parts of packages on their way out and in; workers of one machine may share it. */
  spoolDirectory: string
  /** Aborted when the process is told to stop: finish the step at hand, take no further one. */
  signal: AbortSignal
  timing: DeliveryTiming
  inboxTiming: InboxTiming
}

/** Every wait of the delivery, in one place, so that a test shortens them by setting and never by other code. */
export type DeliveryTiming = {
  /** A claim's life. The POST's own deadline must lie below it. */
  claimLeaseSeconds: number
  /** How long a package is one worker's to drive, unless it renews. */
  packageLeaseSeconds: number
  /** How long opening a session may take, or verifying an integration. */
  openLeaseSeconds: number
  /** How long a step of a credential's rotation is one worker's: longer than a sign-in, which KSeF may take two minutes for. */
  rotationLeaseSeconds: number
  /** Silence after which an open session is closed to obtain its session UPO. */
  sessionIdleSeconds: number
  /**
   * After so long an opening whose outcome is unknown is looked for in KSeF's list: longer than other programs leave a session
   * without its first invoice.
   */
  orphanSeconds: number
  /**
   * Waits between polls of a verdict: the last one repeats. At first they grow by about a fifth of what has passed, so that
   * a verdict is seen soon after it is there however long KSeF took.
   */
  pollSeconds: readonly number[]
  /** Waits before each search for a lost answer in the session's invoice list. */
  searchSeconds: readonly number[]
  /** Waits before another try after a failure that was not the invoice's fault: the last one repeats. */
  retrySeconds: readonly number[]
  /** How long a verdict is waited for. Slowness is never a reason to send again. */
  giveUpSeconds: number
}

export const DELIVERY_TIMING: DeliveryTiming = {
  claimLeaseSeconds: 60,
  packageLeaseSeconds: 15,
  openLeaseSeconds: 60,
  rotationLeaseSeconds: 180,
  sessionIdleSeconds: 120,
  orphanSeconds: 1800,
  pollSeconds: [0.25, 0.2, 0.25, 0.3, 0.35, 0.45, 0.55, 0.8, 1.2, 2, 4, 8, 15, 30, 60, 120, 300, 900],
  searchSeconds: [2, 5, 15],
  retrySeconds: [2, 5, 15, 60, 300],
  giveUpSeconds: 7 * 24 * 3600,
}

/** The wait at that step of a schedule; the last one repeats. */
export function waitAt(schedule: readonly number[], step: number): number {
  const seconds = schedule[Math.min(step, schedule.length - 1)]
  if (seconds === undefined) throw new Error('a schedule of waits is empty')
  return seconds
}

/** @param seconds may be a fraction. */
export const addSeconds = (at: Date, seconds: number): Date => new Date(at.getTime() + seconds * 1000)

/** How far behind the database's clock a worker's may be: it is set by a question, whose way there and back takes its time. */
const BEHIND_MS_MAX = 100

/** Whether a timer is over, as the sweep saw that rang for it by the database's own clock a moment ago. */
export const isDue = (at: Date | null, now: Date): at is Date =>
  at !== null && at.getTime() <= now.getTime() + BEHIND_MS_MAX
