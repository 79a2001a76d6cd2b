import type { SessionInvoice } from '@ksef-fleet/ksef'
import type { RegisteredInKsef } from './after-status.ts'

/** What a duplicate's original is, as far as a session's list tells. */
export type OriginalInList =
  | ({ is: 'ours'; referenceNumber: string } & RegisteredInKsef)
  | { is: 'another'; ksefNumber: string | null }

/**
 * Looks for the original among a session's invoices. Only the hash says that it is our very document; a registered entry of
 * the named number with another hash says that it is not. Null when the list settles nothing.
 */
export function originalIn(
  list: readonly SessionInvoice[],
  { invoiceHash, ksefNumber }: { invoiceHash: string; ksefNumber: string | null },
): OriginalInList | null {
  const registered = list.filter((invoice) => invoice.ksefNumber !== undefined)
  const ours = registered.find((invoice) => invoice.invoiceHash === invoiceHash)
  if (ours?.ksefNumber !== undefined) {
    const { ksefNumber: number, referenceNumber, invoicingMode = null, upoDownloadUrl = null } = ours
    return { is: 'ours', ksefNumber: number, referenceNumber, invoicingMode, upoDownloadUrl }
  }
  const named = registered.find((invoice) => invoice.ksefNumber === ksefNumber)
  return named?.invoiceHash === undefined ? null : { is: 'another', ksefNumber }
}
