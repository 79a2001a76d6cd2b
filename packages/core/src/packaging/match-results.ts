import type { SessionInvoice } from '@ksef-fleet/ksef'
import { afterStatus } from '../delivery/after-status.ts'
import type { PackedSubmission, Registration } from './package-store.ts'

/** KSeF's list of a settled batch session, laid beside what was in its package. */
export type MatchedResults = {
  registered: readonly Registration[]
  /** KSeF read them, and cancelled them because of what else was in the package: not registered, nor at fault. */
  cancelled: readonly PackedSubmission[]
  /** With another verdict, or none yet. */
  judged: readonly { packed: PackedSubmission; seen: SessionInvoice }[]
  /** In no entry of the list. */
  missing: readonly PackedSubmission[]
}

const CANCELLED_WITH_SESSION = 405

/**
 * The hash is what an invoice and its result have in common: the number of a refused one may be missing in the list
 * (ksef-api#550). Of several entries with one hash, a registered one tells.
 */
export function matchResults(
  packed: readonly PackedSubmission[],
  list: readonly SessionInvoice[],
): MatchedResults {
  const byHash = new Map<string, SessionInvoice>()
  for (const seen of list) {
    if (seen.invoiceHash === undefined) continue
    const earlier = byHash.get(seen.invoiceHash)
    if (earlier?.ksefNumber === undefined) byHash.set(seen.invoiceHash, seen)
  }
  const registered: Registration[] = []
  const cancelled: PackedSubmission[] = []
  const judged: { packed: PackedSubmission; seen: SessionInvoice }[] = []
  const missing: PackedSubmission[] = []
  for (const one of packed) {
    const seen = byHash.get(one.invoiceHash)
    if (seen === undefined) {
      missing.push(one)
      continue
    }
    if (seen.status.code === CANCELLED_WITH_SESSION) {
      cancelled.push(one)
      continue
    }
    const after = afterStatus(one, seen)
    if (after.to !== 'registered') judged.push({ packed: one, seen })
    else {
      const { ksefNumber, invoicingMode, upoDownloadUrl } = after
      const { referenceNumber } = seen
      registered.push({ id: one.id, ksefNumber, referenceNumber, invoicingMode, upoDownloadUrl })
    }
  }
  return { registered, cancelled, judged, missing }
}
