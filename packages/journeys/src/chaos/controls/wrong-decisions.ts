/** Decisions that are known to be wrong, put into the model in the place of the product's: what the checkers must catch. */
import { afterSend, afterStatus, originalIn } from '@ksef-fleet/core'
import { type Decisions, REAL } from '../model/decisions.ts'

/** Without an answer it is sent again, and a duplicate is a refusal like any other. */
export const NAIVE_RETRY: Decisions = {
  ...REAL,
  afterSend(result, refusals) {
    const after = afterSend(result, refusals)
    if (after.to !== 'lost') return after
    const reason = { code: 'DELIVERY_TRIES_AGAIN' } as const
    return { to: 'pending', code: after.code, leaveSession: false, reason }
  },
  afterStatus(submission, seen) {
    const after = afterStatus(submission, seen)
    return after.to === 'resolve-duplicate' ? { to: 'rejected', reason: { code: 'KSEF_DUPLICATE' } } : after
  },
}

/** Whoever wakes up writes, whosever the claim is by now. */
export const UNFENCED: Decisions = { ...REAL, fenced: false }

/** A duplicate is ours because KSeF names a number for it. */
export const DUPLICATE_IS_SUCCESS: Decisions = {
  ...REAL,
  originalIn(list, of) {
    const found = originalIn(list, of)
    if (of.ksefNumber === null) return found
    const unknown = { referenceNumber: '', invoicingMode: null, upoDownloadUrl: null }
    return { is: 'ours', ksefNumber: of.ksefNumber, ...unknown }
  },
}
