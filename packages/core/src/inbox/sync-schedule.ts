import { nextMidnight } from '../dispatch/warsaw-midnight.ts'
import type { SubjectType, SyncState } from './sync-state.ts'

/** KSeF wants no role asked for more often (przyrostowe-pobieranie-faktur.md). */
export const INTERVAL_SECONDS_MIN = 900
export const INTERVAL_SECONDS_MAX = 86_400

/** What a company buys arrives only here, and is looked for as often as allowed; the other roles once a night. */
export const DEFAULT_INTERVAL_SECONDS: Readonly<Record<SubjectType, number | null>> = {
  Subject1: null,
  Subject2: INTERVAL_SECONDS_MIN,
  Subject3: null,
  SubjectAuthorized: null,
}

/** Since this day invoices are issued in KSeF by duty, so that a company's first import begins here unless it says otherwise. */
export const KSEF_BEGAN_AT = new Date('2026-02-01T00:00:00+01:00')

/** So much longer an interval may be by chance: companies that began together do not stay together. */
const JITTER = 0.1
/** The first sync follows within this time. */
const FIRST_WITHIN_MS = 60_000
/** After midnight; KSeF's limits for downloads are higher from 20 to 6 o'clock (limity-api.md). */
const NIGHT_MS = 5 * 3_600_000
const WEEK_MS = 7 * 24 * 3_600_000

const plus = (at: Date, ms: number): Date => new Date(at.getTime() + ms)

type Scheduled = Pick<SyncState, 'intervalSeconds'>

/** When a sync that is whole begins again. @param chance 0 to 1 */
export const nextSyncAt = ({ intervalSeconds }: Scheduled, now: Date, chance: number): Date =>
  intervalSeconds === null
    ? plus(nextMidnight(now), chance * NIGHT_MS)
    : plus(now, intervalSeconds * 1000 * (1 + JITTER * chance))

/** A role that is asked for often begins at once, the others in the night. @param chance 0 to 1 */
export const firstSyncAt = (state: Scheduled, now: Date, chance: number): Date =>
  state.intervalSeconds === null ? nextSyncAt(state, now, chance) : plus(now, chance * FIRST_WITHIN_MS)

const NIGHTLY_MS = 24 * 3_600_000

/** So much time has passed since it was whole that the next window is wanted. */
const wantsWindow = (
  { intervalSeconds, completedAt }: Pick<SyncState, 'intervalSeconds' | 'completedAt'>,
  now: Date,
): boolean =>
  completedAt === null ||
  now >= plus(completedAt, intervalSeconds === null ? NIGHTLY_MS : intervalSeconds * 1000)

/** The next window goes before what is missing; turn by turn while either fails, so that neither keeps the other from coming. */
export const isOverdue = (
  state: Pick<SyncState, 'intervalSeconds' | 'completedAt' | 'failures'>,
  now: Date,
): boolean => state.failures % 2 === 0 && wantsWindow(state, now)

const LATE_INTERVALS = 4
const LATE_NIGHTLY_MS = 36 * 3_600_000

/** Without a success until then a sync is late. */
export const lateAt = ({ intervalSeconds }: Scheduled, now: Date): Date =>
  plus(now, intervalSeconds === null ? LATE_NIGHTLY_MS : intervalSeconds * 1000 * LATE_INTERVALS)

/** A past window is looked at again every week or so. @param chance 0 to 1 */
export const nextAuditAt = (now: Date, chance: number): Date => plus(now, WEEK_MS * (1 + JITTER * chance))

type Audited = Pick<SyncState, 'startAt' | 'checkpoint' | 'nextAuditAt'>

/** Whether a sync that is whole at that moment has a past window to look at again. */
export const auditFollows = ({ startAt, checkpoint, nextAuditAt }: Audited, wholeAt: Date): boolean =>
  nextAuditAt !== null && nextAuditAt <= wholeAt && checkpoint > startAt

/** An audit follows on a whole window, and takes the place of none. */
export const isAuditDue = (
  state: Audited & Pick<SyncState, 'intervalSeconds' | 'completedAt'>,
  now: Date,
): boolean => state.completedAt !== null && auditFollows(state, state.completedAt) && !wantsWindow(state, now)

/** The stretch to look at again: a week somewhere between start and checkpoint, or all of it. @param chance 0 to 1 */
export function auditWindow(
  { startAt, checkpoint }: Pick<SyncState, 'startAt' | 'checkpoint'>,
  chance: number,
): { from: Date; to: Date } {
  const room = checkpoint.getTime() - startAt.getTime() - WEEK_MS
  if (room <= 0) return { from: startAt, to: checkpoint }
  const from = plus(startAt, room * chance)
  return { from, to: plus(from, WEEK_MS) }
}

/** A sync that fails is tried again after ever longer waits, and told of from this many failures in a row on. */
export const FAILURES_TOLD_FROM = 3

/** A source of chance, 0 to 1, out of random bytes. */
export function chanceOf(randomBytes: (length: number) => Uint8Array): number {
  const [high = 0, low = 0] = randomBytes(2)
  return (high * 256 + low) / 65_536
}
