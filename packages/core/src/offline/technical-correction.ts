/**
 * The technical correction of a rejected offline invoice (korekta-techniczna.md): the same content in a file that KSeF takes.
 * It goes in an interactive session, as an offline one, with the hash of the rejected file; buyers who hold the codes of that
 * one are led to it.
 */
import { type InspectedInvoice, technicalCorrectionOf } from '@ksef-fleet/ksef'
import { isConflict } from '../database-failure.ts'
import type { CoreDependencies } from '../dependencies.ts'
import { factsOfHeader } from '../documents/document-header.ts'
import type { StoredDocument } from '../documents/document-store.ts'
import { FleetError } from '../errors.ts'
import { type CompanyId, DocumentId, type SubmissionId } from '../identifiers.ts'
import { ringOf } from '../jobs/define-job.ts'
import { sendPending } from '../jobs/send-pending.ts'
import type { CompanyTransaction } from '../stores.ts'
import type { AcceptDependencies } from '../submissions/accept-invoice.ts'
import { factsOf, headerOf, newSubmission } from '../submissions/new-submission.ts'
import { readInvoiceWithXml } from '../submissions/read-submissions.ts'
import type { Submission } from '../submissions/submission.ts'
import { type IssuedOffline, issuedAtOf, reckon } from './issue-offline.ts'
import type { KnownOutages } from './offline-store.ts'

type Deps = Pick<CoreDependencies, 'db' | 'environment' | 'now' | 'newId'> &
  Pick<AcceptDependencies, 'inspect'>

export type TechnicalCorrectionRequest = {
  companyId: CompanyId
  /** The rejected invoice. */
  submissionId: SubmissionId
  /** The same invoice in a file that KSeF takes. */
  xml: Uint8Array
  actor: string
  requestId?: string
  traceparent?: string
}

/**
 * Accepts a technical correction for delivery. What waits for the rejected invoice waits for this one from now on.
 *
 * @throws FleetError NOT_FOUND, DOCUMENT_ERASED, TECHNICAL_CORRECTION_POINTLESS, TECHNICAL_CORRECTION_EXISTS, INVOICE_INVALID,
 *   TECHNICAL_CORRECTION_DIFFERENT, INVOICE_DUPLICATE, INTEGRATION_MISSING
 */
export async function acceptTechnicalCorrection(
  deps: Deps,
  request: TechnicalCorrectionRequest,
): Promise<Submission> {
  const { submission: original, document } = await readInvoiceWithXml(deps, request)
  assertCorrectable(original)
  const inspection = await deps.inspect(request.xml, 'ksef')
  if (!inspection.ok) throw new FleetError('INVOICE_INVALID', { faults: inspection.faults })
  assertSameContent(document, request.xml)
  const { facts } = inspection
  assertSameInvoice(original, facts)
  try {
    return await deps.db.withCompany(request.companyId, (tx) => store(deps, tx, { request, original, facts }))
  } catch (error) {
    if (!isConflict(error)) throw error
    throw await conflictOf(deps, request, original)
  }
}

/** Whether a technical correction of it may be posted. */
export const isCorrectable = ({ state, offlineMode }: Pick<Submission, 'state' | 'offlineMode'>): boolean =>
  state === 'rejected' && offlineMode !== null && offlineMode !== 'totalFailure'

function assertCorrectable(original: Submission): void {
  if (isCorrectable(original)) return
  const mode = original.offlineMode ?? 'online'
  throw new FleetError('TECHNICAL_CORRECTION_POINTLESS', {
    detail: `It is ${original.state}, issued ${mode}.`,
  })
}

function assertSameContent({ content }: StoredDocument, xml: Uint8Array): void {
  const compared = technicalCorrectionOf(content, xml)
  if (compared.kind === 'same') return
  if (compared.kind === 'unreadable') {
    const detail = `The ${compared.file} file cannot be read as an invoice, so nothing can be compared.`
    throw new FleetError('TECHNICAL_CORRECTION_DIFFERENT', { detail, faults: compared.faults })
  }
  const { xpath, original, corrected } = compared.first
  const message = `expected ${original ?? 'nothing'}, found ${corrected ?? 'nothing'}`
  throw new FleetError('TECHNICAL_CORRECTION_DIFFERENT', {
    faults: [{ code: 'TECHNICAL_CORRECTION_DIFFERENT', message, xpath }],
  })
}

/** What stands in the codes that buyers hold, and makes the number unique. */
function assertSameInvoice(original: Submission, facts: InspectedInvoice): void {
  const same =
    facts.sellerNip === original.sellerNip &&
    facts.kind === original.kind &&
    facts.number === original.number &&
    facts.issueDate === original.issueDate
  if (!same)
    throw new FleetError('TECHNICAL_CORRECTION_DIFFERENT', {
      detail: 'Seller, kind, number and date of issue must be those of the rejected invoice.',
    })
}

async function store(
  deps: Deps,
  tx: CompanyTransaction,
  {
    request,
    original,
    facts,
  }: { request: TechnicalCorrectionRequest; original: Submission; facts: InspectedInvoice },
): Promise<Submission> {
  if ((await tx.integrations.current(deps.environment)) === null) throw new FleetError('INTEGRATION_MISSING')
  const at = deps.now()
  // Before it is there itself.
  await tx.offline.supersede(original.id)
  const submission = newSubmission(deps, {
    companyId: request.companyId,
    documentId: DocumentId.parse(deps.newId()),
    facts: factsOf(facts),
    delivery: 'immediate',
    issued: issuedAs(original, await tx.offline.outages(deps.environment), at),
    batchId: null,
    corrects: original,
    traceparent: request.traceparent,
    at,
  })
  const content = request.xml
  const company = await tx.companies.get()
  if (company === null) throw new FleetError('NOT_FOUND')
  const header = headerOf(submission, { facts: factsOfHeader(facts.header), companyNip: company.nip })
  const ring = ringOf(sendPending, { companyId: request.companyId })
  await tx.acceptance.store([{ submission, content, header, entry: null }], ring)
  await tx.submissions.awaitInstead(original.id, submission.id)
  await tx.audit.append({
    actor: request.actor,
    action: 'submission.correct-technically',
    subject: original.id,
    outcome: 'ok',
    taxpayerNip: original.sellerNip,
    ...(request.requestId === undefined ? {} : { requestId: request.requestId }),
    details: { reason: original.reason?.code ?? null },
  })
  return submission
}

/** The duty to send it is as old as the invoice; its alarms are its own. */
function issuedAs(original: Submission, known: KnownOutages, now: Date): IssuedOffline {
  const { offlineMode: mode, offlineChoice, issueDate } = original
  if (mode === null) throw new Error('what was issued online is not corrected technically')
  const invoice = { mode, issueDate, issuedAt: issuedAtOf(original), told: null, before: null }
  return { offlineMode: mode, offlineChoice, ...reckon(invoice, known, now) }
}

async function conflictOf(
  { db }: Deps,
  { companyId }: TechnicalCorrectionRequest,
  original: Submission,
): Promise<FleetError> {
  const other = await db.withCompany(companyId, (tx) => tx.submissions.findByNumber(original))
  if (other === null) return new FleetError('OVERLOADED')
  const code = other.correctsId === original.id ? 'TECHNICAL_CORRECTION_EXISTS' : 'INVOICE_DUPLICATE'
  return new FleetError(code, { existingId: other.id })
}
