import { sha256Base64 } from '@ksef-fleet/ksef'
import type { CoreDependencies } from '../dependencies.ts'
import { FleetError } from '../errors.ts'
import type { CompanyId, DocumentId } from '../identifiers.ts'
import type { CompanyReads } from '../stores.ts'
import type { DocumentHeader } from './document-header.ts'
import type { StoredDocument } from './document-store.ts'

type Deps = Pick<CoreDependencies, 'db'>
type Named = { companyId: CompanyId; documentId: DocumentId }

/** An invoice of the register, and whether its UPO is here. */
export type DocumentWithUpo = { header: DocumentHeader; upo: { id: DocumentId; hash: string } | null }

/** @throws FleetError NOT_FOUND */
export const readDocument = (deps: Deps, named: Named): Promise<DocumentWithUpo> =>
  deps.db.readCompany(named.companyId, async (reads) => {
    const [document] = await withUpos(reads, [await find(reads, named)])
    if (document === undefined) throw new FleetError('NOT_FOUND')
    return document
  })

/** Exactly as it was sent or received. @throws FleetError NOT_FOUND, DOCUMENT_ERASED */
export const readDocumentXml = (deps: Deps, named: Named): Promise<StoredDocument> =>
  deps.db.readCompany(named.companyId, async (reads) => {
    const header = await find(reads, named)
    if (header.erasedAt !== null) throw new FleetError('DOCUMENT_ERASED')
    const document = await reads.documents.get(named.documentId)
    if (document === null) throw new Error(`document ${named.documentId} is registered and not stored`)
    return unharmed(document)
  })

/** The UPO of an invoice that the company sent. @throws FleetError NOT_FOUND, DOCUMENT_ERASED, UPO_NOT_YET */
export const readDocumentUpo = (deps: Deps, named: Named): Promise<StoredDocument> =>
  deps.db.readCompany(named.companyId, async (reads) => {
    const header = await find(reads, named)
    if (header.erasedAt !== null) throw new FleetError('DOCUMENT_ERASED')
    const [found] = await withUpos(reads, [header])
    const document = found?.upo == null ? null : await reads.documents.get(found.upo.id)
    // KSeF gives a UPO to who sends; of what is received there is none to wait for.
    if (document === null) throw new FleetError(header.submissionId === null ? 'NOT_FOUND' : 'UPO_NOT_YET')
    return unharmed(document)
  })

/** What is given out is what was stored. @throws Error when the bytes are not those of the hash any more */
export function unharmed<T extends Pick<StoredDocument, 'id' | 'hash' | 'content'>>(document: T): T {
  if (sha256Base64(document.content) !== document.hash)
    throw new Error(`document ${document.id} is not what was stored`)
  return document
}

async function find(reads: CompanyReads, named: Named): Promise<DocumentHeader> {
  const header = await reads.documents.header(named.documentId)
  if (header === null) throw new FleetError('NOT_FOUND')
  return header
}

/** Each with its UPO, where that is here: one more question for all of them. */
export async function withUpos(
  reads: CompanyReads,
  headers: readonly DocumentHeader[],
): Promise<DocumentWithUpo[]> {
  const upos = new Map<string, { id: DocumentId; hash: string }>()
  const keyOf = (environment: string, ksefNumber: string) => `${environment} ${ksefNumber}`
  for (const [environment, those] of Map.groupBy(headers, (header) => header.environment)) {
    const numbers = those.flatMap(({ ksefNumber }) => ksefNumber ?? [])
    const found = numbers.length === 0 ? [] : await reads.documents.upos(environment, numbers)
    for (const { ksefNumber, ...upo } of found) upos.set(keyOf(environment, ksefNumber), upo)
  }
  return headers.map((header) => ({
    header,
    upo: header.ksefNumber === null ? null : (upos.get(keyOf(header.environment, header.ksefNumber)) ?? null),
  }))
}
