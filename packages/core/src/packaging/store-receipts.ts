import { sha256Base64, splitUpo, type Upo } from '@ksef-fleet/ksef'
import type { DeliveryContext } from '../delivery/delivery-context.ts'
import type { Session } from '../delivery/session.ts'
import { DocumentId } from '../identifiers.ts'

/** Receipts in one transaction: a kilobyte each. */
const ROWS_AT_ONCE = 500

/**
 * Gives every registered invoice of a package its receipt out of the session's, so that ten thousand of them take no
 * ten thousand downloads. Each must name the invoice's KSeF number and its hash. What a page does not hold, or a page that
 * is not understood, leaves its invoices to fetch their own.
 */
export async function storeReceipts(
  context: DeliveryContext,
  { id, companyId }: Session,
  pages: readonly Upo[],
): Promise<void> {
  const registered = await context.db.withCompany(companyId, (tx) =>
    tx.packages.submissions(id, ['registered']),
  )
  const waiting = new Map(registered.map((one) => [one.ksefNumber, one]))
  for (const page of pages) {
    const split = splitUpo(page.xml)
    if (!split.ok) {
      context.log.warn({ sessionId: id, code: split.refusal.code }, 'upo.not-split')
      continue
    }
    const receipts = split.documents.flatMap(({ ksefNumber, invoiceHash, xml }) => {
      const owner = waiting.get(ksefNumber)
      if (owner === undefined || owner.invoiceHash !== invoiceHash) return []
      const documentId = DocumentId.parse(context.newId())
      return [{ id: documentId, submissionId: owner.id, ksefNumber, hash: sha256Base64(xml), content: xml }]
    })
    for (let from = 0; from < receipts.length; from += ROWS_AT_ONCE) {
      const rows = receipts.slice(from, from + ROWS_AT_ONCE)
      await context.db.withCompany(companyId, (tx) => tx.packages.receipt(id, rows))
    }
    context.log.info({ sessionId: id, invoices: receipts.length }, 'package.receipted')
  }
}
