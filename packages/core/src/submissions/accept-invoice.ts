import type {
  InspectedInvoice,
  Inspection,
  InvoiceDataInspection,
  IssuingCompany,
  OfflineMode,
} from '@ksef-fleet/ksef'
import type { Strictness } from '@ksef-fleet/ksef/rules'
import { readCompany } from '../companies/read-companies.ts'
import { isConflict } from '../database-failure.ts'
import type { CoreDependencies } from '../dependencies.ts'
import { factsOfHeader } from '../documents/document-header.ts'
import { FleetError } from '../errors.ts'
import { type CompanyId, DocumentId } from '../identifiers.ts'
import { ringOf } from '../jobs/define-job.ts'
import { sendPending } from '../jobs/send-pending.ts'
import { boundToMode, issuing } from '../offline/issuing.ts'
import type { CompanyTransaction } from '../stores.ts'
import type { EarlierAcceptance } from './acceptance-store.ts'
import { factsOf, headerOf, type InvoiceForm, issuerFault, newSubmission } from './new-submission.ts'
import type { Delivery, Submission } from './submission.ts'

type HowToSend = {
  companyId: CompanyId
  /** How it is to travel; `auto` when left out. */
  delivery?: Delivery
  /** How it was issued, where that was offline; when left out, as KSeF's availability has it. */
  offlineMode?: OfflineMode
  /** `ksef` when left out. */
  strictness?: Strictness
  idempotencyKey?: string
  traceparent?: string
}

export type AcceptRequest = HowToSend & {
  /** The invoice exactly as it shall reach KSeF. */
  xml: Uint8Array
}

export type AcceptDataRequest = HowToSend & {
  /** The invoice as JSON. The company issues it: its NIP, name and particulars are filled in. */
  json: Uint8Array
}

type Deps = Pick<CoreDependencies, 'db' | 'environment' | 'now' | 'newId' | 'offlineAutomatic'>

export type AcceptDependencies = Deps & {
  /** `inspectInvoice` of packages/ksef, wherever the caller lets it run. */
  inspect: (xml: Uint8Array, strictness: Strictness) => Promise<Inspection>
}

export type AcceptDataDependencies = Deps & {
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
  return acceptExamined(deps, { request, examined })
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
  return acceptExamined(deps, { request, examined })
}

export type Acceptance = { submission: Submission; replayed: boolean }

/**
 * @property content what is stored and sent
 * @property fingerprint what the same request has again
 */
type Examined = {
  form: InvoiceForm
  inspection: Inspection
  content: Uint8Array
  fingerprint: string | null
}
type Examination = { request: HowToSend; examined: Examined }

async function acceptExamined(deps: Deps, examination: Examination): Promise<Acceptance> {
  const { request, examined } = examination
  try {
    return await deps.db.withCompany(request.companyId, (tx) => accept(deps, tx, examination))
  } catch (error) {
    if (!isConflict(error) || !examined.inspection.ok) throw error
    return await resolveConflict(deps, examination, examined.inspection.facts)
  }
}

async function accept(
  deps: Deps,
  tx: CompanyTransaction,
  { request, examined }: Examination,
): Promise<Acceptance> {
  const { environment } = deps
  const { content } = examined
  const idempotencyKey = request.idempotencyKey ?? null
  const ground = await tx.acceptance.look({ environment, idempotencyKey })
  const { nip, isConnected, isKeyBusy, earlier } = ground
  if (nip === null) throw new FleetError('NOT_FOUND')
  const facts = assertSendable(examined, nip)
  if (facts.hasAttachment && request.delivery === 'immediate')
    throw new FleetError('INVOICE_ATTACHMENT_NEEDS_BATCH')
  if (isKeyBusy) throw new FleetError('IDEMPOTENCY_IN_PROGRESS')
  const fingerprint = fingerprintOf({ request, examined }, facts)
  if (earlier !== null) return replay(tx, earlier, fingerprint)
  if (!isConnected) throw new FleetError('INTEGRATION_MISSING')
  const issue = await issuing(deps, tx, { ground, wanted: request.offlineMode })
  const submission = newSubmission(deps, {
    companyId: request.companyId,
    documentId: DocumentId.parse(deps.newId()),
    facts: factsOf(facts),
    delivery: request.delivery ?? 'auto',
    issued: issue(facts),
    batchId: null,
    traceparent: request.traceparent,
    at: deps.now(),
  })
  const ring = ringOf(sendPending, { companyId: request.companyId })
  const header = headerOf(submission, { facts: factsOfHeader(facts.header), companyNip: nip })
  const entry = idempotencyKey === null ? null : { key: idempotencyKey, fingerprint }
  await tx.acceptance.store({ submission, content, header, entry, ring })
  return { submission: await inOrder(tx, submission, facts.header), replayed: false }
}

/** What an `Idempotency-Key` is held to. */
const fingerprintOf = (
  { request, examined }: Examination,
  { invoiceHash }: Pick<InspectedInvoice, 'invoiceHash'>,
): string => boundToMode(examined.fingerprint ?? invoiceHash, request.offlineMode)

/** A correction goes after its originals, where they are the fleet's and have no number yet. */
async function inOrder(
  tx: CompanyTransaction,
  submission: Submission,
  { correctedByNumber: numbers }: InspectedInvoice['header'],
): Promise<Submission> {
  if (numbers.length === 0) return submission
  const waiting = await tx.submissions.awaitOriginals([{ submissionId: submission.id, numbers }])
  return (waiting > 0 ? await tx.submissions.get(submission.id) : null) ?? submission
}

async function replay(
  tx: CompanyTransaction,
  earlier: EarlierAcceptance,
  fingerprint: string,
): Promise<Acceptance> {
  if (earlier.fingerprint !== fingerprint) throw new FleetError('IDEMPOTENCY_KEY_REUSED')
  // The key belongs to a batch.
  if (earlier.submissionId === null) throw new FleetError('IDEMPOTENCY_KEY_REUSED')
  const submission = await tx.submissions.get(earlier.submissionId)
  if (submission === null) throw new Error(`idempotency entry without its submission ${earlier.submissionId}`)
  return { submission, replayed: true }
}

function assertSendable({ form, inspection }: Examined, companyNip: string): InspectedInvoice {
  if (!inspection.ok) throw new FleetError('INVOICE_INVALID', { faults: inspection.faults })
  const { facts } = inspection
  const fault = issuerFault(facts, { nip: companyNip, form })
  if (fault === null) return facts
  const [party, nip] = facts.issuedByBuyer
    ? ['buyer, who issues it,', facts.buyerNip]
    : ['seller', facts.sellerNip]
  throw new FleetError('INVOICE_SELLER_MISMATCH', {
    detail: `The invoice's ${party} is ${nip ?? 'without a NIP'}, the company's NIP is ${companyNip}.`,
    faults: [fault],
  })
}

/** Which conflict it was: a twin request with the same Idempotency-Key came first, or the number is taken. */
async function resolveConflict(
  deps: Deps,
  { request, examined }: Examination,
  facts: InspectedInvoice,
): Promise<Acceptance> {
  const { environment } = deps
  const { companyId, idempotencyKey } = request
  return deps.db.withCompany(companyId, async (tx) => {
    const earlier = idempotencyKey === undefined ? null : await tx.acceptance.earlier(idempotencyKey)
    if (earlier !== null) return replay(tx, earlier, fingerprintOf({ request, examined }, facts))
    const { sellerNip, kind, number } = facts
    const existing = await tx.submissions.findByNumber({ environment, sellerNip, kind, number })
    if (existing === null) throw new FleetError('IDEMPOTENCY_IN_PROGRESS')
    throw new FleetError('INVOICE_DUPLICATE', { existingId: existing.id })
  })
}
