import { meaningOfSessionStatus, type SessionInvoice, type SessionStatus } from '@ksef-fleet/ksef'
import type { Submission } from '../submissions/submission.ts'
import { type DeliveryTiming, waitAt } from './delivery-context.ts'

/** What a look into its session's list means for a lost submission. */
export type AfterSearch =
  | { to: 'sent'; referenceNumber: string }
  /** It certainly never arrived. */
  | { to: 'pending' }
  /** The list may lag. Searched often enough, the session is closed, which ends every late POST. */
  | { to: 'wait'; seconds: number; closeSession: boolean }

export type Searched = {
  list: readonly SessionInvoice[]
  /** References in the list that are another submission's, or an earlier sending's of this one. */
  known: ReadonlySet<string | null>
  /** Whether the list is that of a settled session, and whole. */
  settled: boolean
}

/** Decides by hash alone: absence means something only in the whole list of a settled session. */
export function afterSearch(
  submission: Pick<Submission, 'invoiceHash' | 'polls'>,
  { list, known, settled }: Searched,
  { searchSeconds, pollSeconds }: Pick<DeliveryTiming, 'searchSeconds' | 'pollSeconds'>,
): AfterSearch {
  const found = list.find(
    ({ invoiceHash, referenceNumber }) =>
      invoiceHash === submission.invoiceHash && !known.has(referenceNumber),
  )
  if (found !== undefined) return { to: 'sent', referenceNumber: found.referenceNumber }
  if (settled) return { to: 'pending' }
  const polls = submission.polls + 1
  const searching = polls < searchSeconds.length
  return {
    to: 'wait',
    seconds: waitAt(searching ? searchSeconds : pollSeconds, polls),
    closeSession: !searching,
  }
}

/** KSeF ends a session that never got an invoice with this status. */
const NOTHING_SENT = 440

/**
 * Whether what is missing in a session's list certainly never arrived: KSeF has done with the session and counts no more
 * invoices in it than the list shows, since lists may lag.
 */
export function isWhole({ status, invoiceCount }: SessionStatus, listed: number): boolean {
  const counted = invoiceCount ?? (status.code === NOTHING_SENT ? 0 : null)
  const over = meaningOfSessionStatus(status.code).outcome !== 'pending'
  return over && counted !== null && counted <= listed
}
