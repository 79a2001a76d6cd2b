/**
 * Whether invoices are issued online or offline, decided from what is seen of KSeF. A state machine:
 *
 * - `online`: our calls are answered. Left for `suspect` when most of the recent ones were not.
 * - `suspect`: invoices go on as online ones and wait; a probe is due. Left for `offline` when probes find KSeF out of reach
 *   while our own calls still fail, and none was answered since the first of them; back to `online` when our calls are answered again.
 * - `offline`: new invoices are issued in `mode`. The mode follows the lighthouse. Left for `online` when several probes in
 *   a row succeed.
 *
 * A call that was answered contradicts: then it is one worker's way out that is broken, and not KSeF's way in.
 * The lighthouse alone never moves it: it has told of failures that were not there, and been out of reach itself.
 */
import type { LighthouseStatus } from '../api/lighthouse.ts'
import type { KsefFailureKind } from '../failure.ts'
import type { OfflineMode } from './offline-mode.ts'

/** Never `totalFailure`: that an invoice is never sent, only people say. */
export type ChosenMode = Exclude<OfflineMode, 'totalFailure'>

export type Availability =
  | { readonly state: 'online' }
  | { readonly state: 'suspect' }
  | { readonly state: 'offline'; readonly mode: ChosenMode }

/** Our own calls that ended within {@link OWN_CALLS_WINDOW_MS}. */
export type OwnCalls = {
  readonly calls: number
  /** Those of them of which `speaksOfOutage`. */
  readonly unreached: number
  /** When the last of the others ended; null: none was answered. */
  readonly answeredAt: Date | null
}

/** A call made to learn whether KSeF can be reached, e.g. for its public keys. */
export type Probe = { readonly at: Date; readonly reached: boolean }

export type Sightings = {
  /** What the last decision was; `{ state: 'online' }` at first. */
  readonly before: Availability
  readonly ownCalls: OwnCalls
  /** In any order. Those older than {@link PROBE_AGE_MAX_MS} count for nothing. */
  readonly probes: readonly Probe[]
  /** Null when it was not asked or did not answer, and where it is a dummy (TEST and DEMO always show a total failure). */
  readonly lighthouse: LighthouseStatus | null
  readonly now: Date
}

export const OWN_CALLS_WINDOW_MS = 5 * 60_000
/** Fewer calls than this prove nothing. */
export const OWN_CALLS_MIN = 3
/** Of our own calls in the window. */
export const UNREACHED_SHARE_MAX = 0.5
export const PROBE_AGE_MAX_MS = 5 * 60_000
/** In a row, the newest ones. */
export const FAILED_PROBES_TO_GO_OFFLINE = 2
/** In a row, the newest ones. */
export const GOOD_PROBES_TO_COME_BACK = 3
/** How long to wait before the next probe, while not online. */
export const PROBE_EVERY_MS = 60_000

/** Whether a failed call of this kind says that KSeF cannot be reached: no connection, no answer, or HTTP 5xx. */
export const speaksOfOutage = (kind: KsefFailureKind): boolean =>
  kind === 'connection' || kind === 'no-answer' || kind === 'server'

/**
 * A total failure keeps an invoice from KSeF for good, and the lighthouse has told of failures that were not there. So on its
 * word an invoice is issued as in a failure: it is sent afterwards, which is allowed, and has no deadline if it was true.
 */
const MODE_OF = {
  AVAILABLE: 'offline24',
  MAINTENANCE: 'offline',
  FAILURE: 'awaria',
  TOTAL_FAILURE: 'awaria',
} as const satisfies Record<LighthouseStatus, ChosenMode>

/** What the lighthouse adds once KSeF is known to be out of reach: where it says nothing, the issuer chooses to be offline. */
const modeOf = (lighthouse: LighthouseStatus | null): ChosenMode =>
  lighthouse === null ? 'offline24' : MODE_OF[lighthouse]

const ownCallsFail = ({ calls, unreached }: OwnCalls): boolean =>
  calls >= OWN_CALLS_MIN && unreached / calls > UNREACHED_SHARE_MAX

/**
 * When the first of the newest probes was made, as many as wanted, when there are so many that are not too old, and all ended
 * like this; else null.
 */
function newestProbes({ probes, now }: Sightings, wanted: { count: number; reached: boolean }): Date | null {
  const oldest = now.getTime() - PROBE_AGE_MAX_MS
  const newest = probes
    .filter(({ at }) => at.getTime() >= oldest)
    .toSorted((a, b) => b.at.getTime() - a.at.getTime())
    .slice(0, wanted.count)
  const [first] = newest.slice(-1)
  const areAll = newest.length === wanted.count && newest.every(({ reached }) => reached === wanted.reached)
  return areAll && first !== undefined ? first.at : null
}

/** The next state. */
export function offlinePolicy(sightings: Sightings): Availability {
  const { before, ownCalls, lighthouse } = sightings
  if (before.state === 'offline')
    return newestProbes(sightings, { count: GOOD_PROBES_TO_COME_BACK, reached: true }) !== null
      ? { state: 'online' }
      : { state: 'offline', mode: modeOf(lighthouse) }
  if (!ownCallsFail(ownCalls)) return { state: 'online' }
  if (before.state !== 'suspect') return { state: 'suspect' }
  const failedSince = newestProbes(sightings, { count: FAILED_PROBES_TO_GO_OFFLINE, reached: false })
  if (failedSince === null || (ownCalls.answeredAt !== null && ownCalls.answeredAt >= failedSince))
    return { state: 'suspect' }
  return { state: 'offline', mode: modeOf(lighthouse) }
}
