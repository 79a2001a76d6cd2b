import type { ReasonCode } from './outcome.ts'

/** Why a correction does not go: its original has no KSeF number yet, or was rejected. Never stored by anything else. */
export const ORIGINAL_AWAITED = 'ORIGINAL_AWAITED' satisfies ReasonCode
export const ORIGINAL_REJECTED = 'ORIGINAL_REJECTED' satisfies ReasonCode

/** Why an invoice is kept that was issued in a total failure. */
export const TOTAL_FAILURE = 'TOTAL_FAILURE' satisfies ReasonCode
