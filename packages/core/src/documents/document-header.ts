import type { HeaderReading, InvoiceHeader, PartyIdentifier, SubjectType } from '@ksef-fleet/ksef'
import type { DocumentId, KsefEnvironment, SubmissionId } from '../identifiers.ts'

/** What a document's row keeps of the invoice's head: enough to list, find and add up, never more than that. */
export type DocumentFacts = {
  /** `FA (3)`, …; null: of no form that this version knows. */
  form: string | null
  /** `RodzajFaktury`, of a PEF `VAT_PEF` or `KOR_PEF`. */
  kind: string | null
  number: string | null
  /** `YYYY-MM-DD` */
  issueDate: string | null
  saleDate: string | null
  sellerNip: string | null
  sellerName: string | null
  buyerIdType: PartyIdentifier['type'] | null
  buyerId: string | null
  buyerName: string | null
  thirdParties: readonly ThirdParty[]
  currency: string | null
  /** Exact decimals in the invoice's currency. */
  net: string | null
  vat: string | null
  gross: string | null
  correctedNumber: string | null
  correctedKsefNumber: string | null
  correctedCount: number
  isSelfInvoicing: boolean
  hasAttachment: boolean
}

export type ThirdParty = { type: PartyIdentifier['type']; value: string; role: number | null }

/**
 * Why a document wants a look: it is kept as it came, but not all that is said of it may be true.
 * `unknown-form`: XML of no form known here. `unreadable`: nothing that could be parsed. `hash-differs`: not the bytes whose
 * hash KSeF names in its metadata. `number-differs`: KSeF's metadata names another number or seller than the document does.
 */
export const DOCUMENT_FLAGS = ['unknown-form', 'unreadable', 'hash-differs', 'number-differs'] as const
export type DocumentFlag = (typeof DOCUMENT_FLAGS)[number]

/** The row of an invoice in the company's register of documents. */
export type DocumentHeader = DocumentFacts & {
  documentId: DocumentId
  environment: KsefEnvironment
  /** `outgoing`: the company is the seller, or issued it here as the buyer. */
  direction: DocumentDirection
  /** What the company is on it, so far as KSeF's lists have shown. */
  roles: readonly SubjectType[]
  ksefNumber: string | null
  /** SHA-256 of the bytes, Base64, and how many there are. */
  hash: string
  size: number
  flag: DocumentFlag | null
  /** Of what was sent through the fleet. */
  submissionId: SubmissionId | null
  /** When KSeF stored it for good, and when it gave the number; null: KSeF has not told. */
  permanentStorageDate: Date | null
  acquisitionDate: Date | null
  /** When it came here. */
  createdAt: Date
  /** Set: the content is erased, and only what keeps it from coming back is left. */
  erasedAt: Date | null
}

export const DOCUMENT_DIRECTIONS = ['outgoing', 'incoming'] as const
export type DocumentDirection = (typeof DOCUMENT_DIRECTIONS)[number]

/** An invoice may name a hundred; whoever looks for one of the others reads the document. */
const THIRD_PARTIES_MAX = 20

export const factsOfHeader = (header: InvoiceHeader): DocumentFacts => ({
  form: header.form,
  kind: header.kind,
  number: header.number,
  issueDate: header.issueDate,
  saleDate: header.saleDate,
  sellerNip: header.seller.identifier.value,
  sellerName: header.seller.name,
  buyerIdType: header.buyer.identifier.type,
  buyerId: header.buyer.identifier.value,
  buyerName: header.buyer.name,
  thirdParties: header.thirdParties.slice(0, THIRD_PARTIES_MAX).flatMap(({ identifier, role }) => {
    const { type, value } = identifier
    return value === null ? [] : [{ type, value, role }]
  }),
  currency: header.currency,
  ...header.totals,
  correctedNumber: header.corrected?.number ?? null,
  correctedKsefNumber: header.corrected?.ksefNumber ?? null,
  correctedCount: header.correctedCount,
  isSelfInvoicing: header.isSelfInvoicing,
  hasAttachment: header.hasAttachment,
})

/** Issued by the buyer: it invoices itself (P_17), or buys from a farmer (FA_RR). */
export const isIssuedByBuyer = ({ form, isSelfInvoicing }: DocumentFacts): boolean =>
  isSelfInvoicing || form === 'FA_RR (1)'

/** Of whatever was read: what is no known invoice has a row all the same, without facts and with a flag. */
export function factsOfReading(reading: HeaderReading): { facts: DocumentFacts; flag: DocumentFlag | null } {
  if (reading.form === 'unknown') return { facts: NO_FACTS, flag: 'unknown-form' }
  if (reading.form === 'none') return { facts: NO_FACTS, flag: 'unreadable' }
  return { facts: factsOfHeader(reading), flag: null }
}

const NO_FACTS: DocumentFacts = {
  form: null,
  kind: null,
  number: null,
  issueDate: null,
  saleDate: null,
  sellerNip: null,
  sellerName: null,
  buyerIdType: null,
  buyerId: null,
  buyerName: null,
  thirdParties: [],
  currency: null,
  net: null,
  vat: null,
  gross: null,
  correctedNumber: null,
  correctedKsefNumber: null,
  correctedCount: 0,
  isSelfInvoicing: false,
  hasAttachment: false,
}
