/** Whether an examined invoice is accepted: what stands against it, and what was accepted of it before. */
import type { InspectedInvoice, Inspection, OfflineMode } from '@ksef-fleet/ksef'
import type { Strictness } from '@ksef-fleet/ksef/rules'
import type { CoreDependencies } from '../dependencies.ts'
import { factsOfHeader } from '../documents/document-header.ts'
import { type Fault, FleetError } from '../errors.ts'
import { type CompanyId, DocumentId, type Nip } from '../identifiers.ts'
import type { IssuedOffline } from '../offline/issue-offline.ts'
import { boundToMode, issuing } from '../offline/issuing.ts'
import type { CompanyTransaction } from '../stores.ts'
import type { AcceptanceGround, Accepted, EarlierAcceptance } from './acceptance-store.ts'
import { factsOf, headerOf, type InvoiceForm, issuerFault, newSubmission } from './new-submission.ts'
import type { Delivery, Submission } from './submission.ts'

export type HowToSend = {
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

/**
 * @property content what is stored and sent
 * @property fingerprint what the same request has again
 */
export type Examined = {
  form: InvoiceForm
  inspection: Inspection
  content: Uint8Array
  fingerprint: string | null
}
export type Examination = { request: HowToSend; examined: Examined }

export type Acceptance = { submission: Submission; replayed: boolean }

export type JudgeDependencies = Pick<CoreDependencies, 'environment' | 'now' | 'newId' | 'offlineAutomatic'>

/** @property accepted what is to be stored; null when it is there already */
export type Judged = Acceptance & { accepted: Accepted | null }

/** Judges one after the other what is accepted in one transaction. @throws FleetError about the one that is judged */
export function judging(
  deps: JudgeDependencies,
  tx: CompanyTransaction,
  ground: AcceptanceGround,
): (examination: Examination) => Promise<Judged> {
  const busy = new Set(ground.busyKeys)
  const earlier = new Map(ground.earlier.map(({ key, ...acceptance }) => [key, acceptance]))
  return async ({ request, examined }) => {
    const key = request.idempotencyKey ?? null
    const { facts, nip } = assertSendable(examined, { request, ground })
    if (key !== null && busy.has(key)) throw new FleetError('IDEMPOTENCY_IN_PROGRESS')
    const fingerprint = fingerprintOf({ request, examined }, facts)
    const before = key === null ? undefined : earlier.get(key)
    if (before !== undefined) return { ...(await replay(tx, before, fingerprint)), accepted: null }
    if (!ground.isConnected) throw new FleetError('INTEGRATION_MISSING')
    const issue = await issuing(deps, tx, { ground, wanted: request.offlineMode })
    const submission = submissionOf(deps, request, { facts, issued: issue(facts) })
    const header = headerOf(submission, { facts: factsOfHeader(facts.header), companyNip: nip })
    // Its twin in the same transaction finds it under way.
    if (key !== null) busy.add(key)
    const entry = key === null ? null : { key, fingerprint }
    const accepted = { submission, content: examined.content, header, entry }
    return { submission, replayed: false, accepted }
  }
}

const submissionOf = (
  deps: JudgeDependencies,
  { companyId, delivery = 'auto', traceparent }: HowToSend,
  { facts, issued }: { facts: InspectedInvoice; issued: IssuedOffline },
): Submission =>
  newSubmission(deps, {
    companyId,
    documentId: DocumentId.parse(deps.newId()),
    facts: factsOf(facts),
    delivery,
    issued,
    batchId: null,
    traceparent,
    at: deps.now(),
  })

/** What an `Idempotency-Key` is held to. */
export const fingerprintOf = (
  { request, examined }: Examination,
  { invoiceHash }: Pick<InspectedInvoice, 'invoiceHash'>,
): string => boundToMode(examined.fingerprint ?? invoiceHash, request.offlineMode)

/** What was accepted with the key before, where it is the same. */
export async function replay(
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

function assertSendable(
  { form, inspection }: Examined,
  { request, ground }: { request: HowToSend; ground: AcceptanceGround },
): { facts: InspectedInvoice; nip: Nip } {
  const { nip } = ground
  if (nip === null) throw new FleetError('NOT_FOUND')
  if (!inspection.ok) throw new FleetError('INVOICE_INVALID', { faults: inspection.faults })
  const { facts } = inspection
  const fault = issuerFault(facts, { nip, form })
  if (fault !== null) throw mismatch(facts, { nip, fault })
  if (facts.hasAttachment && request.delivery === 'immediate')
    throw new FleetError('INVOICE_ATTACHMENT_NEEDS_BATCH')
  return { facts, nip }
}

function mismatch(facts: InspectedInvoice, { nip, fault }: { nip: Nip; fault: Fault }): FleetError {
  const [party, found] = facts.issuedByBuyer
    ? ['buyer, who issues it,', facts.buyerNip]
    : ['seller', facts.sellerNip]
  return new FleetError('INVOICE_SELLER_MISMATCH', {
    detail: `The invoice's ${party} is ${found ?? 'without a NIP'}, the company's NIP is ${nip}.`,
    faults: [fault],
  })
}
