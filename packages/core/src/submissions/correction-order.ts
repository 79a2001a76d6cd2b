import type { SubmissionId } from '../identifiers.ts'
import type { ReasonCode } from './outcome.ts'

/** A correction, and the numbers of the originals that it names without their KSeF numbers. */
export type CorrectionByNumber = { submissionId: SubmissionId; numbers: readonly string[] }

/** That corrections go after what they correct. */
export interface CorrectionOrder {
  /**
   * Has each go after all originals that it names, where these are the company's own and are still to get a KSeF number. One of
   * whose originals was rejected is held. Answers how many wait or are held.
   */
  awaitOriginals(corrections: readonly CorrectionByNumber[]): Promise<number>
  /**
   * What waits for `from` or a technical correction of it waits for `to` instead, which may be `from`. Held as an original was
   * rejected, it is let go, unless another one was.
   */
  awaitInstead(from: SubmissionId, to: SubmissionId): Promise<void>
}

/** Why a correction does not go: an original has no KSeF number yet, or was rejected. Never stored by anything else. */
export const ORIGINAL_AWAITED = 'ORIGINAL_AWAITED' satisfies ReasonCode
export const ORIGINAL_REJECTED = 'ORIGINAL_REJECTED' satisfies ReasonCode

/** Why an invoice is kept that was issued in a total failure. */
export const TOTAL_FAILURE = 'TOTAL_FAILURE' satisfies ReasonCode
