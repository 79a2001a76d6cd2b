import { KSEF_ERRORS, type KsefFailure } from '@ksef-fleet/ksef'
import { waitAt } from './delivery-context.ts'

/** What a failed call of KSeF means for the context it was made in. */
export type Remedy = {
  /** Seconds until the same step may be tried again. */
  seconds: number
  /** What makes no call before that: everything in this context, or the limit group that KSeF refused. */
  block: 'context' | 'group' | null
  /** The access token is of no use any more. */
  dropToken: boolean
  /** Only a person helps: the integration fails until it is verified again. */
  fail: boolean
}

/** When KSeF says 429 without a readable `Retry-After`: doubled each time, since repeaters are blocked for longer. */
const SILENCE_SECONDS = 60
const SILENCE_SECONDS_MAX = 3600
/** A `Retry-After` of nothing is no leave to ask in a loop. */
const SECONDS_MIN = 1
/** After a 403 of the security service hammering on looks like an attack (limity-api.md). */
const SECURITY_SECONDS = 900

/** No request left, because the budget had no room for it: neither KSeF nor the way to it failed. */
export const isHeldBack = ({ kind }: KsefFailure): boolean => kind === 'held-back'

/**
 * Decides what to do about a failed call, whatever call it was. A `Retry-After` is obeyed exactly.
 *
 * @param tries failures of the same step so far
 * @param retrySeconds schedule of waits for failures that pass by themselves
 */
export function afterFailure(failure: KsefFailure, tries: number, retrySeconds: readonly number[]): Remedy {
  const remedy = { seconds: waitAt(retrySeconds, tries), block: null, dropToken: false, fail: false }
  // We held it back ourselves: KSeF said nothing, and the moment there is room is known.
  if (isHeldBack(failure)) return { ...remedy, seconds: failure.retryAfterSeconds ?? SECONDS_MIN }
  if (failure.kind === 'rate-limited') {
    const unsaid = Math.min(SILENCE_SECONDS * 2 ** tries, SILENCE_SECONDS_MAX)
    const seconds = Math.max(failure.retryAfterSeconds ?? unsaid, SECONDS_MIN)
    return { ...remedy, seconds, block: 'group' }
  }
  if (failure.code === 'KSEF_BLOCKED_BY_SECURITY') {
    return { ...remedy, seconds: failure.retryAfterSeconds ?? SECURITY_SECONDS, block: 'context' }
  }
  const { again, actor } = KSEF_ERRORS[failure.code]
  // The user revoked the sign-in while it was under way: signing in again and again would look like an attack.
  if (failure.code === 'SIGN_IN_REVOKED') return { ...remedy, fail: true }
  if (again === 'new-sign-in') return { ...remedy, dropToken: true }
  if (again === 'no' && (actor === 'company' || actor === 'operator')) return { ...remedy, fail: true }
  return remedy
}
