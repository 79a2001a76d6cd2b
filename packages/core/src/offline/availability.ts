import type { Availability, LighthouseStatus, OwnCalls } from '@ksef-fleet/ksef'
import type { KsefEnvironment } from '../identifiers.ts'

/** A call made to learn whether KSeF can be reached; as JSON keeps it. */
export type StoredProbe = { at: string; reached: boolean }

/** KSeF as the fleet sees it: one row for each environment, which is the truth for every process. */
export type KsefAvailability = {
  environment: KsefEnvironment
  availability: Availability
  /** Since when it is so. */
  since: Date
  /** Newest last. */
  probes: readonly StoredProbe[]
  /** What the lighthouse said last; null: nothing, or it is not asked. */
  lighthouse: LighthouseStatus | null
  lookedAt: Date | null
  nextLookAt: Date
  /** Deadlines that were worked out before this are worked out again. */
  outagesChangedAt: Date
}

/** A look that is older says nothing any more: then invoices are sent as if nothing were known. */
const LOOK_AGE_MS_MAX = 5 * 60_000

type Seen = Pick<KsefAvailability, 'availability' | 'lookedAt'>

/** What the last look says of the present. */
export const believed = ({ availability, lookedAt }: Seen, now: Date): Availability =>
  lookedAt !== null && now.getTime() - lookedAt.getTime() < LOOK_AGE_MS_MAX
    ? availability
    : { state: 'online' }

/** The same with since when, where the last look says so. @param seen null: nobody has looked yet */
export function believedSince(
  seen: KsefAvailability | null,
  now: Date,
): { availability: Availability; since: Date | null } {
  if (seen === null) return { availability: { state: 'online' }, since: null }
  const availability = believed(seen, now)
  return { availability, since: availability.state === seen.availability.state ? seen.since : null }
}

/** Whether it is of no use to call KSeF now: it cannot be reached, and that was seen a moment ago. */
export const isOutOfReach = (seen: Seen, now: Date): boolean => believed(seen, now).state === 'offline'

/** The system's hold of the row, and the fleet's own error rate. */
export interface AvailabilityStore {
  /** Adds a process's calls to those of the present minute. */
  countCalls(environment: KsefEnvironment, counted: OwnCalls): Promise<void>
  /** The fleet's calls of the last minutes; older ones are forgotten. */
  ownCalls(environment: KsefEnvironment, windowMs: number): Promise<OwnCalls>
  get(environment: KsefEnvironment): Promise<KsefAvailability | null>
  /** Takes the look that is due, for `seconds`; null when none is, or another worker takes it. */
  takeLook(environment: KsefEnvironment, seconds: number): Promise<KsefAvailability | null>
  save(seen: Omit<KsefAvailability, 'outagesChangedAt'>): Promise<void>
  /** KSeF is there again: what waits goes at once, in every company. */
  dispatchAll(environment: KsefEnvironment): Promise<void>
}
