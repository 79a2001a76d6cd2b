/**
 * A submission is one invoice on its way to KSeF.
 *
 * pending     accepted and stored; waits for its turn (`nextAttemptAt`); after a try that failed, `reason` says why.
 * claimed     one worker holds it until `leaseUntil`; `fence` names that claim, and every write it makes checks the fence.
 * packed      it travels in the package of a batch session, whose own state says how far; no worker claims it singly.
 * sent        KSeF took the bytes and gave a reference number; the verdict is polled for (`nextPollAt`, until `giveUpAt`);
 *             `reason` is the last that KSeF said of it.
 * lost        the bytes may or may not have arrived; the session's invoice list is searched by hash, nothing is sent again before.
 * registered  KSeF gave it a KSeF number: it is a legal invoice. Its UPO is being fetched.
 * receipted   the UPO is stored. The end.
 * rejected    KSeF refused it; `reason` says why. The number may be used again. The end, unless the cause lay outside the
 *             document and a person has it tried again.
 * held        needs a person: `reason` says what for. Released to pending, never resolved by time.
 */
import type { AlarmStage, InvoicingMode, OfflineMode } from '@ksef-fleet/ksef'
import type {
  BatchId,
  CompanyId,
  DocumentId,
  KsefEnvironment,
  Nip,
  SessionId,
  SubmissionId,
} from '../identifiers.ts'
import type { KsefResource } from './ksef-meanings.ts'
import type { ReasonCode } from './outcome.ts'

export const SUBMISSION_STATES = [
  'pending',
  'claimed',
  'packed',
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
  pending: ['claimed', 'packed', 'held'],
  claimed: ['pending', 'sent', 'lost', 'held'],
  packed: ['sent', 'registered', 'pending', 'held'],
  sent: ['registered', 'rejected', 'pending', 'held'],
  lost: ['sent', 'pending', 'held'],
  registered: ['receipted'],
  receipted: [],
  rejected: ['pending'],
  held: ['pending'],
} as const satisfies Record<SubmissionState, readonly SubmissionState[]>

/** Whether nothing more happens to it by itself. */
export const isSettled = (state: SubmissionState): boolean => SETTLED_STATES.includes(state)
export const SETTLED_STATES: readonly SubmissionState[] = ['receipted', 'rejected']

/** Throws on a move the table does not know: a programming error, never a condition of the outside world. */
export function assertMove(from: SubmissionState, to: SubmissionState): void {
  const allowed: readonly SubmissionState[] = NEXT[from]
  if (!allowed.includes(to)) throw new Error(`submission cannot go from ${from} to ${to}`)
}

/**
 * How a caller wants it to travel.
 *
 * auto       as the fleet's plan says: singly while KSeF's limits allow it, in a batch when there are many.
 * immediate  singly, whatever else waits.
 * batch      in a batch, and never singly.
 */
export const DELIVERIES = ['auto', 'immediate', 'batch'] as const
export type Delivery = (typeof DELIVERIES)[number]

/** Who chose that an invoice was issued offline: whoever posted it, or the fleet, because KSeF could not be reached. */
export const OFFLINE_CHOICES = ['caller', 'policy'] as const
export type OfflineChoice = (typeof OFFLINE_CHOICES)[number]

/**
 * Why a submission is rejected, held or waits, in KSeF's terms and ours. Whoever stores one names a code of the table of
 * outcomes; a stored one may come from another version, and have any.
 */
export type SubmissionReason<Code extends string = ReasonCode> = {
  /** Stable code of docs/ERRORS.md. */
  code: Code
  /** KSeF's own status or exception code, where it gave one, and whose it is. */
  ksefCode?: number
  ksefResource?: KsefResource
  /** KSeF's own words. */
  description?: string
  details?: readonly string[]
  /** For a duplicate: the KSeF number that already holds this seller, kind and number. */
  originalKsefNumber?: string
  /** What the person said who holds it. */
  note?: string
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
  /** Attachments travel in batches only (sesja-wsadowa.md). */
  hasAttachment: boolean
  delivery: Delivery
  /** How it was issued while it did not go to KSeF at once, and who chose that; null: online. */
  offlineMode: OfflineMode | null
  offlineChoice: OfflineChoice | null
  /** The last day on which it may reach KSeF, `YYYY-MM-DD`; null: none that is known, or there is no duty to send it. */
  deadline: string | null
  /** The state of the outages by which the deadline was worked out: when these had changed last; null: it is not watched. */
  outagesAt: Date | null
  /** When the next stage of its alarm is due, and the last that was told. */
  alarmAt: Date | null
  alarmStage: AlarmStage | null
  /** Its originals that have no KSeF number yet: a correction goes after them. */
  waitsFor: SubmissionId[] | null
  /** Corrections wait for it, or did. */
  isAwaited: boolean
  /** The rejected offline invoice that it corrects technically, and that one's hash. */
  correctsId: SubmissionId | null
  correctsHash: string | null
  /** The batch it was handed over in. */
  batchId: BatchId | null
  sessionId: SessionId | null
  /** Its place in the package of its batch session. */
  packageOrdinal: number | null
  /** A package it was in failed as a whole: so many invoices at most travel with it, itself among them. */
  packageMax: number | null
  /** KSeF's reference of the invoice within its session. */
  referenceNumber: string | null
  ksefNumber: string | null
  /** When KSeF gave the number. */
  registeredAt: Date | null
  /** Whether KSeF counts it as issued offline, told with the number; null: not registered, or KSeF did not say. */
  invoicingMode: InvoicingMode | null
  /** Pre-signed link of the UPO; expires. */
  upoDownloadUrl: string | null
  upoDocumentId: DocumentId | null
  reason: SubmissionReason<string> | null
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

/** Whether KSeF counts it as issued offline although it was sent as an ordinary one: it came after the day of its P_1. */
export const isMarkedOffline = ({
  offlineMode,
  invoicingMode,
}: Pick<Submission, 'offlineMode' | 'invoicingMode'>): boolean =>
  offlineMode === null && invoicingMode === 'Offline'

/** Columns a move may set beside the state. */
export type SubmissionChange = Partial<
  Pick<
    Submission,
    | 'sessionId'
    | 'packageOrdinal'
    | 'packageMax'
    | 'referenceNumber'
    | 'ksefNumber'
    | 'registeredAt'
    | 'invoicingMode'
    | 'upoDownloadUrl'
    | 'upoDocumentId'
    | 'leaseUntil'
    | 'nextAttemptAt'
    | 'nextPollAt'
    | 'polls'
    | 'giveUpAt'
    | 'waitsFor'
    | 'alarmAt'
  > & { reason: SubmissionReason | null }
>
