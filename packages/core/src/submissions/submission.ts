/**
 * A submission is one invoice on its way to KSeF.
 *
 * pending     accepted and stored; waits for its turn (`nextAttemptAt`).
 * claimed     one worker holds it until `leaseUntil`; `fence` names that claim, and every write it makes checks the fence.
 * sent        KSeF took the bytes and gave a reference number; the verdict is polled for (`nextPollAt`, until `giveUpAt`).
 * lost        the bytes may or may not have arrived; the session's invoice list is searched by hash, nothing is sent again before.
 * registered  KSeF gave it a KSeF number: it is a legal invoice. Its UPO is being fetched.
 * receipted   the UPO is stored. The end.
 * rejected    KSeF refused it for good; `reason` says why. The number may be used again. The end.
 * held        needs a person: `reason` says what for. Released to pending, never resolved by time.
 */
import type { CompanyId, DocumentId, KsefEnvironment, Nip, SessionId, SubmissionId } from '../identifiers.ts'

export const SUBMISSION_STATES = [
  'pending',
  'claimed',
  'sent',
  'lost',
  'registered',
  'receipted',
  'rejected',
  'held',
] as const
export type SubmissionState = (typeof SUBMISSION_STATES)[number]

/** The whole state machine. A move not in this table is a bug and is refused by `assertMove`. */
export const NEXT = {
  pending: ['claimed', 'held'],
  claimed: ['pending', 'sent', 'lost', 'held'],
  sent: ['registered', 'rejected', 'pending', 'held'],
  lost: ['sent', 'pending', 'held'],
  registered: ['receipted'],
  receipted: [],
  rejected: [],
  held: ['pending'],
} as const satisfies Record<SubmissionState, readonly SubmissionState[]>

/** Throws on a move the table does not know: a programming error, never a condition of the outside world. */
export function assertMove(from: SubmissionState, to: SubmissionState): void {
  const allowed: readonly SubmissionState[] = NEXT[from]
  if (!allowed.includes(to)) throw new Error(`submission cannot go from ${from} to ${to}`)
}

/** Why a submission is rejected or held, in KSeF's terms and ours. */
export type SubmissionReason = {
  /** Stable code of docs/ERRORS.md. */
  code: string
  /** KSeF's own status or exception code, where it gave one. */
  ksefCode?: number
  /** KSeF's own words. */
  description?: string
  details?: readonly string[]
  /** For a duplicate: the KSeF number that already holds this seller, kind and number. */
  originalKsefNumber?: string
}

export type Submission = {
  id: SubmissionId
  companyId: CompanyId
  environment: KsefEnvironment
  documentId: DocumentId
  state: SubmissionState
  /** 'FA (3)', 'FA (2)' or 'FA_RR (1)'. */
  formCode: string
  sellerNip: Nip
  /** RodzajFaktury. */
  kind: string
  /** P_2, the seller's own number of the invoice. */
  number: string
  /** P_1, ISO date. */
  issueDate: string
  /** SHA-256 of the XML, Base64, as KSeF spells hashes. */
  invoiceHash: string
  /** Bytes of the XML. */
  invoiceSize: number
  sessionId: SessionId | null
  /** KSeF's reference of the invoice within its session. */
  referenceNumber: string | null
  ksefNumber: string | null
  /** When KSeF gave the number. */
  registeredAt: Date | null
  /** Pre-signed link of the UPO; expires. */
  upoDownloadUrl: string | null
  upoDocumentId: DocumentId | null
  reason: SubmissionReason | null
  /** Times the bytes left for KSeF. */
  attempts: number
  /** Names the current claim; rises with each claim. */
  fence: number
  leaseUntil: Date | null
  nextAttemptAt: Date | null
  nextPollAt: Date | null
  /** Polls or searches made in the present state. */
  polls: number
  giveUpAt: Date | null
  /** W3C trace context of the request that brought it. */
  traceparent: string | null
  createdAt: Date
  updatedAt: Date
}

/** Id of the trace the submission came with (W3C trace context), for log lines; null when it came with none. */
export const traceIdOf = ({ traceparent }: Pick<Submission, 'traceparent'>): string | null =>
  traceparent?.split('-')[1] ?? null

/** Columns a move may set beside the state. */
export type SubmissionChange = Partial<
  Pick<
    Submission,
    | 'sessionId'
    | 'referenceNumber'
    | 'ksefNumber'
    | 'registeredAt'
    | 'upoDownloadUrl'
    | 'upoDocumentId'
    | 'reason'
    | 'leaseUntil'
    | 'nextAttemptAt'
    | 'nextPollAt'
    | 'polls'
    | 'giveUpAt'
  >
>
