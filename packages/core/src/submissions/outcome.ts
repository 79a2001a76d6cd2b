/**
 * What a submission has come to, told to people: what is so, who must act, whether trying again helps, what to do. Every
 * state and every reason has its row; what an unknown version stored is told to be unknown.
 */
import { DELIVERY_OUTCOMES, REJECTION_OUTCOMES } from './delivery-outcomes.ts'
import { HOLD_OUTCOMES } from './hold-outcomes.ts'
import { type KsefResource, meaningInKsef } from './ksef-meanings.ts'
import { MARKED_OUTCOMES, OFFLINE_OUTCOMES } from './offline-outcomes.ts'
import type { OutcomeRow, Words } from './outcome-row.ts'
import { STATE_OUTCOMES, type StateOutcome } from './state-outcomes.ts'
import {
  isMarkedOffline,
  type Submission,
  type SubmissionReason,
  type SubmissionState,
} from './submission.ts'

export const REASON_OUTCOMES = { ...DELIVERY_OUTCOMES, ...OFFLINE_OUTCOMES, ...HOLD_OUTCOMES }

/** A code that stands as the reason of a submission. */
export type ReasonCode = keyof typeof REASON_OUTCOMES

export const REASON_CODES = Object.keys(REASON_OUTCOMES) as [ReasonCode, ...ReasonCode[]]

export type Outcome = OutcomeRow & {
  /** Stable: a code of docs/ERRORS.md. */
  code: string
  /** Whose number KSeF gave, which, and what it says. */
  ksef: { resource: KsefResource; code: number; meaning: Words } | null
  reason: SubmissionReason<string> | null
}

/** Ways in which a person moves a submission. */
export const SUBMISSION_ACTIONS = ['hold', 'release', 'retry'] as const
export type SubmissionAction = (typeof SUBMISSION_ACTIONS)[number]

/** The state each of them starts from. */
export const ACTS_ON = {
  hold: 'pending',
  release: 'held',
  retry: 'rejected',
} as const satisfies Record<SubmissionAction, SubmissionState>

type Told = Pick<Submission, 'state' | 'reason' | 'offlineMode' | 'invoicingMode'>

export function outcomeOf(submission: Told): Outcome {
  const { reason } = submission
  const ksef = reason === null ? null : numberOf(reason)
  if (reason === null) return { ...outcomeOfState(submission), reason }
  return { ...rowOfReason(reason), code: reason.code, ksef, reason }
}

/** What a person can do with it now. The doors of the API decide by the same answer. */
export function actionsOn(submission: Told): readonly SubmissionAction[] {
  return SUBMISSION_ACTIONS.filter(
    (action) =>
      ACTS_ON[action] === submission.state &&
      (action !== 'retry' || outcomeOf(submission).retry === 'helps-after'),
  )
}

type StateRows = Partial<Record<SubmissionState, StateOutcome>>
const ORDINARY: StateRows = STATE_OUTCOMES
const MARKED: StateRows = { ...STATE_OUTCOMES, ...MARKED_OUTCOMES }

function outcomeOfState(submission: Told): Omit<Outcome, 'reason'> {
  const row = (isMarkedOffline(submission) ? MARKED : ORDINARY)[submission.state]
  // Rejected or held without a reason: the database refuses such a row.
  if (row === undefined) return { ...DELIVERY_OUTCOMES.KSEF_UNKNOWN_ANSWER, code: UNKNOWN, ksef: null }
  const { registered, ...told } = row
  return { ...told, ksef: registered ? numbered('invoice', REGISTERED) : null }
}

const UNKNOWN = 'KSEF_UNKNOWN_ANSWER' satisfies ReasonCode
const REGISTERED = 200

function rowOfReason(reason: SubmissionReason<string>): OutcomeRow {
  const number = numberOf(reason)
  const rejections: Readonly<Record<number, OutcomeRow>> = REJECTION_OUTCOMES
  if (reason.code === 'KSEF_REJECTED' && number?.resource === 'invoice') {
    const row = rejections[number.code]
    if (row !== undefined) return row
  }
  return REASON_OUTCOMES[isReasonCode(reason.code) ? reason.code : UNKNOWN]
}

const isReasonCode = (code: string): code is ReasonCode => Object.hasOwn(REASON_OUTCOMES, code)

/** Rows from before the resource was kept name it by what they are: exception codes have five digits. */
function numberOf({ ksefCode, ksefResource }: SubmissionReason<string>): Outcome['ksef'] {
  if (ksefCode === undefined) return null
  return numbered(ksefResource ?? (ksefCode < 1_000 ? 'invoice' : 'request'), ksefCode)
}

const numbered = (resource: KsefResource, code: number) => ({
  resource,
  code,
  meaning: meaningInKsef(resource, code),
})
