import type { CompanyId, DocumentId, KsefEnvironment, SessionId } from '../identifiers.ts'
import type { DocumentFilter, DocumentPage } from './document-filter.ts'
import type { DocumentDirection, DocumentHeader } from './document-header.ts'
import type { ReceivedDocument, ReceivedOutcome, SeenDocument } from './received-document.ts'
import type { RegisterPlace, Unregistered } from './register-missing.ts'

export type DocumentKind = 'invoice' | 'upo' | 'session-upo'

export type NewDocument = {
  id: DocumentId
  environment: KsefEnvironment
  direction: DocumentDirection
  kind: DocumentKind
  /** SHA-256 of the content, Base64. */
  hash: string
  content: Uint8Array
  ksefNumber?: string
  /** For a session UPO page: the session it belongs to. */
  sessionId?: SessionId
}

export type StoredDocument = NewDocument & { companyId: CompanyId; createdAt: Date }

export type NewDocumentHeader = Omit<DocumentHeader, 'createdAt' | 'erasedAt'>

/** A company's documents, exactly as they were sent or received, and the register by which invoices are found. */
export interface DocumentStore {
  insert(document: NewDocument): Promise<void>
  /** In one statement; some hundreds at most. */
  insertAll(documents: readonly NewDocument[]): Promise<void>
  get(id: DocumentId): Promise<StoredDocument | null>
  /** Enters invoices into the register, in one statement; some hundreds at most. Their documents are stored already. */
  register(headers: readonly NewDocumentHeader[]): Promise<void>
  /** Those of the invoices that are not in it yet; answers how many. */
  registerMissing(headers: readonly NewDocumentHeader[]): Promise<number>
  /** The invoice's entry in the register. */
  header(id: DocumentId): Promise<DocumentHeader | null>
  list(filter: DocumentFilter, page: DocumentPage): Promise<DocumentHeader[]>
  /** How many there are, but no more than `max`. */
  count(filter: DocumentFilter, max: number): Promise<number>
  /** Those that are not erased, in no order. */
  contents(ids: readonly DocumentId[]): Promise<StoredDocument[]>
  /** UPOs of invoices with these numbers, without their contents. */
  upos(
    environment: KsefEnvironment,
    ksefNumbers: readonly string[],
  ): Promise<{ id: DocumentId; ksefNumber: string; hash: string }[]>
  /**
   * Stores what KSeF gave out, some hundreds at once: documents and their entries. What is here already under its KSeF
   * number only gains the role; so does what the fleet itself sent and had not learned the number of. Answers each, in
   * their order. Repeating it changes nothing. Of documents with one number among `documents`, the first counts.
   */
  insertReceived(documents: readonly ReceivedDocument[]): Promise<ReceivedOutcome[]>
  /** What is here already gains the role, and the dates it came without. */
  addRoles(documents: readonly SeenDocument[]): Promise<void>
}

/** What is done to documents of any company. */
export interface DocumentDirectory {
  /** Submissions whose invoice is not in the register, by company and id, strictly after `after`. */
  unregistered(page: { after: RegisterPlace | null; limit: number }): Promise<Unregistered[]>
  /** Settled and not erased, issued before that day; without a date of issue: come before it. */
  keptSince(day: string, limit: number): Promise<DocumentPlace[]>
  /**
   * Empties documents, their UPOs and entries, and blanks the events that told of them, leaving hash and KSeF number. Those that are unsettled or erased already are
   * left out. Answers which it erased; each must have its entry in the audit log before the transaction ends.
   */
  erase(places: readonly DocumentPlace[]): Promise<DocumentPlace[]>
}

export type DocumentPlace = { companyId: CompanyId; documentId: DocumentId }
