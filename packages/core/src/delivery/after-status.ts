import {
  type InvoicingMode,
  meaningOfInvoiceStatus,
  parseKsefNumber,
  type SessionInvoice,
} from '@ksef-fleet/ksef'
import type { ReasonCode } from '../submissions/outcome.ts'
import type { Submission, SubmissionReason } from '../submissions/submission.ts'

/** Where KSeF keeps an invoice: its session and its reference number there. */
export type PlaceInKsef = { session: string; referenceNumber: string }

/** What KSeF tells of an invoice that it registered. */
export type RegisteredInKsef = {
  ksefNumber: string
  invoicingMode: InvoicingMode | null
  upoDownloadUrl: string | null
}

/** What KSeF's word on an invoice means for its submission. */
export type AfterStatus =
  | { to: 'wait' }
  | ({ to: 'registered'; at?: PlaceInKsef } & RegisteredInKsef)
  /** Status 440: whose the original is must be found out. */
  | { to: 'resolve-duplicate'; originalKsefNumber: string | null; originalSession: string | null }
  /**
   * Not registered and not the invoice's fault: once more. Always in a new session, so that no session ever lists one
   * submission twice and a search by hash finds the right entry.
   */
  | { to: 'pending'; code: string }
  | { to: 'rejected' | 'held'; reason: SubmissionReason }

/** KSeF may take a submission's bytes so often without registering them; then a person looks. */
export const RESENDS_MAX = 5
/**
 * KSeF's own failure (500), and the original of a duplicate that is nowhere to be seen, are asked about this often, some
 * twenty seconds, before a person looks.
 */
export const LOOKS_MAX = 11
const DUPLICATE = 440
const NO_PERMISSION = 410
const FAILED = 500

/**
 * The submission with the looks since KSeF says what it says now as its polls: a word that was long in coming leaves the
 * patience for the next one whole.
 */
export function sinceSaid<Known extends Pick<Submission, 'polls' | 'reason'>>(
  submission: Known,
  { status }: Pick<SessionInvoice, 'status'>,
): Known {
  return submission.reason?.ksefCode === status.code ? submission : { ...submission, polls: 0 }
}

/** @param seen the invoice's entry in its session, as KSeF lists it */
export function afterStatus(
  submission: Pick<Submission, 'sellerNip' | 'polls'>,
  seen: SessionInvoice,
): AfterStatus {
  const { code } = seen.status
  const meaning = meaningOfInvoiceStatus(code)
  if (meaning.outcome === 'pending') return { to: 'wait' }
  if (meaning.outcome === 'done') return registered(submission, seen)
  if (meaning.outcome === 'unknown') return { to: 'held', reason: reasonOf('KSEF_UNKNOWN_ANSWER', seen) }
  if (code === DUPLICATE) {
    return {
      to: 'resolve-duplicate',
      originalKsefNumber: seen.originalKsefNumber ?? null,
      originalSession: seen.originalSessionReferenceNumber ?? null,
    }
  }
  if (code === NO_PERMISSION) return { to: 'held', reason: reasonOf('KSEF_PERMISSION_MISSING', seen) }
  if (code === FAILED && submission.polls < LOOKS_MAX) return { to: 'wait' }
  if (code === FAILED) return { to: 'held', reason: reasonOf('DELIVERY_KEEPS_FAILING', seen) }
  if (meaning.again === 'no') return { to: 'rejected', reason: reasonOf('KSEF_REJECTED', seen) }
  return { to: 'pending', code: `KSEF_INVOICE_${code}` }
}

function registered(submission: Pick<Submission, 'sellerNip'>, seen: SessionInvoice): AfterStatus {
  const ksefNumber = numberFor(submission, seen.ksefNumber)
  if (ksefNumber === null) return { to: 'held', reason: reasonOf('KSEF_UNKNOWN_ANSWER', seen) }
  const { invoicingMode = null, upoDownloadUrl = null } = seen
  return { to: 'registered', ksefNumber, invoicingMode, upoDownloadUrl }
}

/** Null for a number with a wrong CRC or of another seller: such a one is never stored as success. */
export function numberFor(
  { sellerNip }: Pick<Submission, 'sellerNip'>,
  text: string | undefined,
): string | null {
  const ksefNumber = text === undefined ? null : parseKsefNumber(text)
  return ksefNumber?.startsWith(sellerNip) ? ksefNumber : null
}

/** The reason of a submission in KSeF's own words. */
export function reasonOf(code: ReasonCode, seen: SessionInvoice): SubmissionReason {
  const { status } = seen
  return {
    code,
    ksefCode: status.code,
    ksefResource: 'invoice',
    ...(status.description === undefined ? {} : { description: status.description }),
    ...(status.details === undefined ? {} : { details: status.details }),
  }
}
