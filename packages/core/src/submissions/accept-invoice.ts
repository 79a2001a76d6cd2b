import type { Inspection, InvoiceDataInspection, IssuingCompany } from '@ksef-fleet/ksef'
import type { Strictness } from '@ksef-fleet/ksef/rules'
import { readCompany } from '../companies/read-companies.ts'
import type { CoreDependencies } from '../dependencies.ts'
import type { Accept } from './accept-examined.ts'
import type { Acceptance, HowToSend } from './judge-examined.ts'

export type AcceptRequest = HowToSend & {
  /** The invoice exactly as it shall reach KSeF. */
  xml: Uint8Array
}

export type AcceptDataRequest = HowToSend & {
  /** The invoice as JSON. The company issues it: its NIP, name and particulars are filled in. */
  json: Uint8Array
}

export type AcceptDependencies = {
  accept: Accept
  /** `inspectInvoice` of packages/ksef, wherever the caller lets it run. */
  inspect: (xml: Uint8Array, strictness: Strictness) => Promise<Inspection>
}

export type AcceptDataDependencies = Pick<CoreDependencies, 'db'> & {
  accept: Accept
  /** `inspectInvoiceData` of packages/ksef, wherever the caller lets it run. */
  inspectData: (
    json: Uint8Array,
    company: IssuingCompany,
    strictness: Strictness,
  ) => Promise<InvoiceDataInspection>
}

/**
 * Accepts an invoice for delivery. Everything KSeF would refuse it for is checked first; then invoice, submission,
 * idempotency entry and the wish to send commit in one transaction. From that commit on the invoice is never lost,
 * whatever becomes of Redis or of this process. Redis is not touched.
 *
 * @returns the submission; `replayed` when the `Idempotency-Key` had brought it before.
 * @throws FleetError NOT_FOUND, INTEGRATION_MISSING, INVOICE_INVALID, INVOICE_SELLER_MISMATCH,
 *   INVOICE_ATTACHMENT_NEEDS_BATCH, INVOICE_DUPLICATE, IDEMPOTENCY_KEY_REUSED, IDEMPOTENCY_IN_PROGRESS
 */
export async function acceptInvoice(deps: AcceptDependencies, request: AcceptRequest): Promise<Acceptance> {
  const inspection = await deps.inspect(request.xml, request.strictness ?? 'ksef')
  const fingerprint = inspection.ok ? inspection.facts.invoiceHash : null
  const examined = { form: 'xml' as const, inspection, content: request.xml, fingerprint }
  return deps.accept({ request, examined })
}

/**
 * Builds an invoice from plain data and accepts it, as `acceptInvoice` does with XML. What an `Idempotency-Key` is held
 * to is the data: the document made of it bears the time at which it was made, and would differ each time.
 *
 * @throws FleetError as `acceptInvoice`
 */
export async function acceptInvoiceData(
  deps: AcceptDataDependencies,
  request: AcceptDataRequest,
): Promise<Acceptance> {
  const company = await readCompany(deps, request.companyId)
  const strictness = request.strictness ?? 'ksef'
  const { inspection, xml, fingerprint } = await deps.inspectData(request.json, company, strictness)
  const examined = { form: 'json' as const, inspection, content: xml, fingerprint }
  return deps.accept({ request, examined })
}
