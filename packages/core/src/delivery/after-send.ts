import { KSEF_ERRORS, type KsefFailure, type Result } from '@ksef-fleet/ksef'
import type { ReasonCode } from '../submissions/outcome.ts'
import type { SubmissionReason } from '../submissions/submission.ts'

/** What became of a submission whose bytes were posted. */
export type AfterSend =
  | { to: 'sent'; referenceNumber: string }
  /** The bytes may have arrived: nothing is sent again before the session was searched. */
  | { to: 'lost'; code: string }
  /** The bytes certainly did not arrive. */
  | { to: 'pending'; code: string; leaveSession: boolean; reason: SubmissionReason }
  | { to: 'held'; code: string; reason: SubmissionReason }

/** After so many refusals that were not the invoice's fault, a person looks. */
export const REFUSALS_MAX = 20

/**
 * Three-valued: done, certainly not done, unknown. Only a definite refusal or a connection that never came to be lets
 * the invoice go back to pending; everything unclear makes it lost.
 *
 * @param refusals how often KSeF's sessions refused this submission's bytes, this time included
 */
export function afterSend(result: Result<{ referenceNumber: string }>, refusals: number): AfterSend {
  if (result.ok) return { to: 'sent', referenceNumber: result.value.referenceNumber }
  const { failure } = result
  const { again, actor } = KSEF_ERRORS[failure.code]
  // Refused by KSeF itself, for a reason it names by a number. What names none may be the edge's word, and not KSeF's.
  if (failure.code === 'KSEF_UNKNOWN_CODE' && failure.exceptionCode !== undefined)
    return held('KSEF_UNKNOWN_ANSWER', failure)
  if (failure.effect === 'unknown') return { to: 'lost', code: failure.code }
  if (failure.kind === 'forbidden' && again === 'no') return held('KSEF_PERMISSION_MISSING', failure)
  if (failure.code === 'TECHNICAL_CORRECTION_DONE' || failure.code === 'TECHNICAL_CORRECTION_NOT_DUE')
    return held(failure.code, failure)
  if (again === 'no' && actor !== 'nobody') return held('DELIVERY_KEEPS_FAILING', failure)
  if (refusals >= REFUSALS_MAX && failure.kind === 'refused') return held('DELIVERY_KEEPS_FAILING', failure)
  const reason = reasonOfFailure(whyNotYet(failure), failure)
  return { to: 'pending', code: failure.code, leaveSession: again === 'new-session', reason }
}

/** Whether the code of an attempt is a session's refusal to take the bytes, whatever they are. */
export const isRefusalOfSession = (code: string | null): boolean =>
  code !== null && SESSIONS_REFUSALS.has(code)

const SESSIONS_REFUSALS: ReadonlySet<string> = new Set(
  Object.entries(KSEF_ERRORS).flatMap(([code, { again }]) => (again === 'new-session' ? [code] : [])),
)

function whyNotYet({ kind }: KsefFailure): ReasonCode {
  if (kind === 'rate-limited') return 'KSEF_RATE_LIMITED'
  return kind === 'connection' ? 'KSEF_UNREACHABLE' : 'DELIVERY_TRIES_AGAIN'
}

const held = (code: ReasonCode, failure: KsefFailure): AfterSend => ({
  to: 'held',
  code: failure.code,
  reason: reasonOfFailure(code, failure),
})

/** A failure of kind `status` is a sign-in's, made anew on the way; any other number is an exception code. */
function reasonOfFailure(code: ReasonCode, failure: KsefFailure): SubmissionReason {
  const { exceptionCode: ksefCode, kind, description, details } = failure
  const ksefResource = kind === 'status' ? 'sign-in' : 'request'
  return {
    code,
    ...(ksefCode === undefined ? {} : { ksefCode, ksefResource }),
    ...(description === undefined ? {} : { description }),
    ...(details === undefined ? {} : { details }),
  }
}
