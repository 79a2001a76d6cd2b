import type { InspectedInvoice, Inspection } from '@ksef-fleet/ksef'
import type { CoreDependencies } from '../dependencies.ts'
import { FleetError } from '../errors.ts'
import { type CompanyId, DocumentId, Nip, SubmissionId } from '../identifiers.ts'
import { ringOf } from '../jobs/define-job.ts'
import { sendPending } from '../jobs/send-pending.ts'
import { type CompanyTransaction, isConflict } from '../stores.ts'
import type { Submission } from './submission.ts'

export type AcceptRequest = {
  companyId: CompanyId
  /** The invoice exactly as it shall reach KSeF. */
  xml: Uint8Array
  idempotencyKey?: string
  traceparent?: string
}

export type AcceptDependencies = Pick<CoreDependencies, 'db' | 'environment' | 'now' | 'newId'> & {
  /** `inspectInvoice` of packages/ksef, wherever the caller lets it run. */
  inspect: (xml: Uint8Array) => Promise<Inspection>
}

/**
 * Accepts an invoice for delivery. Everything KSeF would refuse it for is checked first; then invoice, submission,
 * idempotency entry and the wish to send commit in one transaction. From that commit on the invoice is never lost,
 * whatever becomes of Redis or of this process. Redis is not touched.
 *
 * @returns the submission; `replayed` when the `Idempotency-Key` had brought it before.
 * @throws FleetError NOT_FOUND, INTEGRATION_MISSING, INVOICE_INVALID, INVOICE_SELLER_MISMATCH,
 *   INVOICE_ATTACHMENT_UNSUPPORTED, INVOICE_DUPLICATE, IDEMPOTENCY_KEY_REUSED, IDEMPOTENCY_IN_PROGRESS
 */
export async function acceptInvoice(
  deps: AcceptDependencies,
  request: AcceptRequest,
): Promise<{ submission: Submission; replayed: boolean }> {
  const company = await deps.db.withCompany(request.companyId, async (tx) => {
    const found = await tx.companies.get()
    if (found === null) throw new FleetError('NOT_FOUND')
    return found
  })
  const facts = assertSendable(await deps.inspect(request.xml), company.nip)
  try {
    return await deps.db.withCompany(request.companyId, async (tx) => {
      const earlier = await findEarlier(tx, request, facts.invoiceHash)
      if (earlier !== null) return { submission: earlier, replayed: true }
      if ((await tx.integrations.current(deps.environment)) === null)
        throw new FleetError('INTEGRATION_MISSING')
      return { submission: await store(deps, tx, { request, facts }), replayed: false }
    })
  } catch (error) {
    if (!isConflict(error)) throw error
    throw await duplicateOf(deps, request, facts)
  }
}

function assertSendable(inspection: Inspection, companyNip: string): InspectedInvoice {
  if (!inspection.ok) throw new FleetError('INVOICE_INVALID', { faults: inspection.faults })
  const { facts } = inspection
  if (facts.sellerNip !== companyNip) {
    throw new FleetError('INVOICE_SELLER_MISMATCH', {
      detail: `The invoice's seller is ${facts.sellerNip}, the company's NIP is ${companyNip}.`,
      faults: [
        {
          code: 'INVOICE_SELLER_MISMATCH',
          message: `expected ${companyNip}, found ${facts.sellerNip}`,
          xpath: '/Faktura/Podmiot1/DaneIdentyfikacyjne/NIP',
        },
      ],
    })
  }
  if (facts.hasAttachment) throw new FleetError('INVOICE_ATTACHMENT_UNSUPPORTED')
  return facts
}

async function findEarlier(
  tx: CompanyTransaction,
  { idempotencyKey }: AcceptRequest,
  fingerprint: string,
): Promise<Submission | null> {
  if (idempotencyKey === undefined) return null
  if (!(await tx.idempotency.lock(idempotencyKey))) throw new FleetError('IDEMPOTENCY_IN_PROGRESS')
  const entry = await tx.idempotency.get(idempotencyKey)
  if (entry === null) return null
  if (entry.fingerprint !== fingerprint) throw new FleetError('IDEMPOTENCY_KEY_REUSED')
  const submission = await tx.submissions.get(entry.submissionId)
  if (submission === null) throw new Error(`idempotency entry without its submission ${entry.submissionId}`)
  return submission
}

async function store(
  deps: AcceptDependencies,
  tx: CompanyTransaction,
  { request, facts }: { request: AcceptRequest; facts: InspectedInvoice },
): Promise<Submission> {
  const documentId = DocumentId.parse(deps.newId())
  const submission = newSubmission(deps, { request, facts, documentId })
  await tx.documents.insert({
    id: documentId,
    environment: deps.environment,
    direction: 'outgoing',
    kind: 'invoice',
    hash: facts.invoiceHash,
    content: request.xml,
  })
  await tx.submissions.insert(submission)
  if (request.idempotencyKey !== undefined) {
    await tx.idempotency.insert({
      key: request.idempotencyKey,
      fingerprint: facts.invoiceHash,
      submissionId: submission.id,
    })
  }
  await tx.outbox.add(ringOf(sendPending, { companyId: request.companyId }))
  return submission
}

function newSubmission(
  deps: AcceptDependencies,
  from: { request: AcceptRequest; facts: InspectedInvoice; documentId: DocumentId },
): Submission {
  const at = deps.now()
  return {
    id: SubmissionId.parse(deps.newId()),
    companyId: from.request.companyId,
    environment: deps.environment,
    documentId: from.documentId,
    state: 'pending',
    formCode: from.facts.formCode.systemCode,
    sellerNip: Nip.parse(from.facts.sellerNip),
    kind: from.facts.kind,
    number: from.facts.number,
    issueDate: from.facts.issueDate,
    invoiceHash: from.facts.invoiceHash,
    invoiceSize: from.facts.size,
    sessionId: null,
    referenceNumber: null,
    ksefNumber: null,
    registeredAt: null,
    upoDownloadUrl: null,
    upoDocumentId: null,
    reason: null,
    attempts: 0,
    fence: 0,
    leaseUntil: null,
    nextAttemptAt: at,
    nextPollAt: null,
    polls: 0,
    giveUpAt: null,
    traceparent: from.request.traceparent ?? null,
    createdAt: at,
    updatedAt: at,
  }
}

/** Which conflict it was: the number is taken, or a twin request with the same Idempotency-Key came first. */
async function duplicateOf(
  deps: AcceptDependencies,
  request: AcceptRequest,
  facts: InspectedInvoice,
): Promise<FleetError> {
  const existing = await deps.db.withCompany(request.companyId, (tx) =>
    tx.submissions.findByNumber({
      environment: deps.environment,
      sellerNip: facts.sellerNip,
      kind: facts.kind,
      number: facts.number,
    }),
  )
  if (existing === null) return new FleetError('IDEMPOTENCY_IN_PROGRESS')
  return new FleetError('INVOICE_DUPLICATE', { existingId: existing.id })
}
