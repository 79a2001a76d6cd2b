import type { CoreDependencies } from '../dependencies.ts'
import type { StoredDocument } from '../documents/document-store.ts'
import { unharmed } from '../documents/read-document.ts'
import { FleetError } from '../errors.ts'
import { type BatchId, type CompanyId, SubmissionId } from '../identifiers.ts'
import { readCursor, writeCursor } from '../keys/cursor.ts'
import type { CompanyReads } from '../stores.ts'
import type { ReasonCode } from './outcome.ts'
import type { Submission, SubmissionState } from './submission.ts'

type Deps = Pick<CoreDependencies, 'db'>
type Named = { companyId: CompanyId; submissionId: SubmissionId }

/** @throws FleetError NOT_FOUND */
export const readSubmission = (deps: Deps, named: Named): Promise<Submission> =>
  deps.db.readCompany(named.companyId, (reads) => find(reads, named))

/** An invoice and its XML, as they are at one moment. @throws FleetError NOT_FOUND, DOCUMENT_ERASED */
export const readInvoiceWithXml = (
  deps: Deps,
  named: Named,
): Promise<{ submission: Submission; document: StoredDocument }> =>
  deps.db.readCompany(named.companyId, async (reads) => {
    const submission = await find(reads, named)
    const document = await reads.documents.get(submission.documentId)
    if (document === null) throw new Error(`submission ${named.submissionId} without its document`)
    return { submission, document: kept(document) }
  })

/** The invoice's XML exactly as it was accepted. @throws FleetError NOT_FOUND, DOCUMENT_ERASED */
export const readInvoiceXml = async (deps: Deps, named: Named): Promise<StoredDocument> =>
  (await readInvoiceWithXml(deps, named)).document

/** The invoice's UPO, XML v4-3 as KSeF signed it. @throws FleetError NOT_FOUND, UPO_NOT_YET, DOCUMENT_ERASED */
export const readUpo = (deps: Deps, named: Named): Promise<StoredDocument> =>
  deps.db.readCompany(named.companyId, async (reads) => {
    const { upoDocumentId } = await find(reads, named)
    if (upoDocumentId === null) throw new FleetError('UPO_NOT_YET')
    const document = await reads.documents.get(upoDocumentId)
    if (document === null) throw new Error(`submission ${named.submissionId} without its UPO`)
    return kept(document)
  })

/** An erased document has no bytes left, and none of ours ever had none. */
function kept(document: StoredDocument): StoredDocument {
  if (document.content.byteLength === 0) throw new FleetError('DOCUMENT_ERASED')
  return unharmed(document)
}

/**
 * One page, newest first.
 *
 * @param page.limit 1 to 200.
 * @throws FleetError NOT_FOUND when the company does not exist, CURSOR_INVALID
 */
export async function listSubmissions(
  deps: Deps & { cursorKey: Uint8Array },
  page: {
    companyId: CompanyId
    limit: number
    cursor?: string
    state?: SubmissionState
    reason?: ReasonCode
    batchId?: BatchId
  },
): Promise<{ submissions: Submission[]; nextCursor: string | null }> {
  const owner = ['invoices', page.companyId, page.state ?? '', page.reason ?? '', page.batchId ?? '']
  const before =
    page.cursor === undefined ? undefined : positionOf(readCursor(deps.cursorKey, owner, page.cursor))
  const found = await deps.db.readCompany(page.companyId, async (reads) => {
    if ((await reads.companies.get()) === null) throw new FleetError('NOT_FOUND')
    return reads.submissions.list({
      limit: page.limit + 1,
      ...(before === undefined ? {} : { before }),
      ...(page.state === undefined ? {} : { state: page.state }),
      ...(page.reason === undefined ? {} : { reason: page.reason }),
      ...(page.batchId === undefined ? {} : { batchId: page.batchId }),
    })
  })
  const submissions = found.slice(0, page.limit)
  const last = submissions.at(-1)
  const more = found.length > page.limit && last !== undefined
  return {
    submissions,
    nextCursor: more
      ? writeCursor(deps.cursorKey, owner, { createdAt: last.createdAt.toISOString(), id: last.id })
      : null,
  }
}

function positionOf(position: Record<string, string> | null): { createdAt: Date; id: SubmissionId } {
  if (position?.createdAt === undefined || position.id === undefined) throw new FleetError('CURSOR_INVALID')
  return { createdAt: new Date(position.createdAt), id: SubmissionId.parse(position.id) }
}

async function find(reads: CompanyReads, named: Named): Promise<Submission> {
  const submission = await reads.submissions.get(named.submissionId)
  if (submission === null) throw new FleetError('NOT_FOUND')
  return submission
}
