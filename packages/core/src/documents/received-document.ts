import { readInvoiceHeader, type SubjectType, sha256Base64 } from '@ksef-fleet/ksef'
import { DocumentId, type KsefEnvironment } from '../identifiers.ts'
import { type DocumentFacts, type DocumentFlag, factsOfReading } from './document-header.ts'

/** What KSeF's metadata says of a received document; what it leaves out is null. */
export type ReceivedMetadata = {
  invoiceHash: string | null
  invoiceNumber: string | null
  permanentStorageDate: Date | null
  acquisitionDate: Date | null
}

/** A document as it came from KSeF, read and ready to be stored. */
export type ReceivedDocument = {
  id: DocumentId
  environment: KsefEnvironment
  /** The role of the company in whose list it was found. */
  role: SubjectType
  ksefNumber: string
  hash: string
  content: Uint8Array
  facts: DocumentFacts
  flag: DocumentFlag | null
  permanentStorageDate: Date | null
  acquisitionDate: Date | null
}

/** That KSeF lists a document in a role. */
export type SeenDocument = Pick<
  ReceivedDocument,
  'environment' | 'ksefNumber' | 'role' | 'permanentStorageDate' | 'acquisitionDate'
>

/** What became of it: new here, or here already (under this role or another, or sent through the fleet). */
export type ReceivedOutcome = { ksefNumber: string; documentId: DocumentId; isNew: boolean }

/**
 * Reads a received document for `DocumentStore.insertReceived`. Whatever it turns out to be, it is kept: what cannot be
 * read, or differs from KSeF's metadata, is flagged.
 *
 * @param metadata null: the document came without
 */
export function receivedDocument(
  deps: { environment: KsefEnvironment; newId: () => string },
  from: {
    role: SubjectType
    ksefNumber: string
    content: Uint8Array
    /** Of the content, where somebody has computed it. */
    hash?: string
    metadata: Partial<ReceivedMetadata> | null
  },
): ReceivedDocument {
  const hash = from.hash ?? sha256Base64(from.content)
  const { facts, flag } = factsOfReading(readInvoiceHeader(from.content))
  const metadata = from.metadata ?? {}
  return {
    id: DocumentId.parse(deps.newId()),
    environment: deps.environment,
    role: from.role,
    ksefNumber: from.ksefNumber,
    hash,
    content: from.content,
    facts,
    flag: flag ?? differenceOf(hash, facts, metadata),
    permanentStorageDate: metadata.permanentStorageDate ?? null,
    acquisitionDate: metadata.acquisitionDate ?? null,
  }
}

function differenceOf(
  hash: string,
  { number }: DocumentFacts,
  { invoiceHash, invoiceNumber }: Partial<ReceivedMetadata>,
): DocumentFlag | null {
  if (invoiceHash != null && invoiceHash !== hash) return 'hash-differs'
  return invoiceNumber != null && number !== null && collapsed(invoiceNumber) !== number
    ? 'number-differs'
    : null
}

const collapsed = (text: string): string => text.replace(/[ \t\r\n]+/g, ' ').trim()
