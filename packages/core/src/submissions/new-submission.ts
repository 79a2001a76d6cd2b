import type { InspectedInvoice, SubjectType } from '@ksef-fleet/ksef'
import type { CoreDependencies } from '../dependencies.ts'
import type { DocumentFacts } from '../documents/document-header.ts'
import type { NewDocumentHeader } from '../documents/document-store.ts'
import type { Fault } from '../errors.ts'
import { type BatchId, type CompanyId, type DocumentId, Nip, SubmissionId } from '../identifiers.ts'
import { type IssuedOffline, ONLINE } from '../offline/issue-offline.ts'
import { TOTAL_FAILURE } from './correction-order.ts'
import type { Delivery, Submission } from './submission.ts'

/** What a submission keeps of the invoice itself. */
export type SubmissionFacts = Pick<
  Submission,
  'formCode' | 'sellerNip' | 'kind' | 'number' | 'issueDate' | 'invoiceHash' | 'invoiceSize' | 'hasAttachment'
>

export const factsOf = (invoice: InspectedInvoice): SubmissionFacts => ({
  formCode: invoice.formCode.systemCode,
  sellerNip: Nip.parse(invoice.sellerNip),
  kind: invoice.kind,
  number: invoice.number,
  issueDate: invoice.issueDate,
  invoiceHash: invoice.invoiceHash,
  invoiceSize: invoice.size,
  hasAttachment: invoice.hasAttachment,
})

/** The submission's invoice as it stands in the register of documents. */
export const headerOf = (
  submission: Submission,
  { facts, companyNip }: { facts: DocumentFacts; companyNip: string },
): NewDocumentHeader => ({
  ...facts,
  documentId: submission.documentId,
  environment: submission.environment,
  direction: 'outgoing',
  roles: rolesOfIssuer(facts, companyNip),
  ksefNumber: submission.ksefNumber,
  hash: submission.invoiceHash,
  size: submission.invoiceSize,
  flag: null,
  submissionId: submission.id,
  permanentStorageDate: null,
  acquisitionDate: null,
})

/** What the company is on an invoice that it issues: its seller, or the buyer who invoices itself or buys from a farmer. */
export function rolesOfIssuer(
  { sellerNip, buyerIdType, buyerId }: Pick<DocumentFacts, 'sellerNip' | 'buyerIdType' | 'buyerId'>,
  companyNip: string,
): readonly SubjectType[] {
  if (sellerNip === companyNip) return ['Subject1']
  return buyerIdType === 'Nip' && buyerId === companyNip ? ['Subject2'] : ['Subject1']
}

type Parties = Pick<InspectedInvoice, 'sellerNip' | 'buyerNip' | 'issuedByBuyer'>

/** In what an invoice comes: as XML, or as the data that XML is made of. */
export type InvoiceForm = 'xml' | 'json'

/** null: the invoice is the company's own, as its seller or as the buyer who issues it. */
export function issuerFault(
  { sellerNip, buyerNip, issuedByBuyer }: Parties,
  { nip, form }: { nip: string; form: InvoiceForm },
): Fault | null {
  if (sellerNip === nip || (issuedByBuyer && buyerNip === nip)) return null
  const [element, field, found] = issuedByBuyer
    ? ['Podmiot2', 'buyer', buyerNip]
    : ['Podmiot1', 'seller', sellerNip]
  return {
    code: 'INVOICE_SELLER_MISMATCH',
    message: `expected ${nip}, found ${found ?? 'no NIP'}`,
    xpath: `/Faktura/${element}/DaneIdentyfikacyjne/NIP`,
    ...(form === 'json' ? { pointer: `/${field}/nip` } : {}),
  }
}

/** Nothing else of whatever tells it. */
const issuedAs = ({
  offlineMode,
  offlineChoice,
  deadline,
  outagesAt,
  alarmAt,
}: IssuedOffline): IssuedOffline => ({
  offlineMode,
  offlineChoice,
  deadline,
  outagesAt,
  alarmAt,
})

/** A submission at its beginning: pending, and due at once; issued in a total failure, kept and not sent. */
export function newSubmission(
  deps: Pick<CoreDependencies, 'environment' | 'newId'>,
  from: {
    companyId: CompanyId
    documentId: DocumentId
    facts: SubmissionFacts
    delivery: Delivery
    issued: IssuedOffline | null
    batchId: BatchId | null
    /** What it corrects technically. */
    corrects?: Pick<Submission, 'id' | 'invoiceHash'>
    traceparent: string | undefined
    at: Date
  },
): Submission {
  const isKept = from.issued?.offlineMode === 'totalFailure'
  return {
    ...from.facts,
    id: SubmissionId.parse(deps.newId()),
    companyId: from.companyId,
    environment: deps.environment,
    documentId: from.documentId,
    state: isKept ? 'held' : 'pending',
    delivery: from.delivery,
    ...issuedAs(from.issued ?? ONLINE),
    alarmStage: null,
    waitsFor: null,
    isAwaited: false,
    correctsId: from.corrects?.id ?? null,
    correctsHash: from.corrects?.invoiceHash ?? null,
    batchId: from.batchId,
    packageOrdinal: null,
    packageMax: null,
    sessionId: null,
    referenceNumber: null,
    ksefNumber: null,
    registeredAt: null,
    invoicingMode: null,
    upoDownloadUrl: null,
    upoDocumentId: null,
    reason: isKept ? { code: TOTAL_FAILURE } : null,
    attempts: 0,
    fence: 0,
    leaseUntil: null,
    nextAttemptAt: isKept ? null : from.at,
    nextPollAt: null,
    polls: 0,
    giveUpAt: null,
    traceparent: from.traceparent ?? null,
    createdAt: from.at,
    updatedAt: from.at,
  }
}
