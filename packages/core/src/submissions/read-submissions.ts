import type { CoreDependencies } from '../dependencies.ts'
import { FleetError } from '../errors.ts'
import { type CompanyId, SubmissionId } from '../identifiers.ts'
import { readCursor, writeCursor } from '../keys/cursor.ts'
import type { CompanyTransaction, StoredDocument } from '../stores.ts'
import type { Submission, SubmissionState } from './submission.ts'

type Deps = Pick<CoreDependencies, 'db'>
type Named = { companyId: CompanyId; submissionId: SubmissionId }

/** @throws FleetError NOT_FOUND */
export const readSubmission = (deps: Deps, named: Named): Promise<Submission> =>
  deps.db.withCompany(named.companyId, (tx) => find(tx, named))

/** The invoice's XML exactly as it was accepted. @throws FleetError NOT_FOUND */
export const readInvoiceXml = (deps: Deps, named: Named): Promise<StoredDocument> =>
  deps.db.withCompany(named.companyId, async (tx) => {
    const document = await tx.documents.get((await find(tx, named)).documentId)
    if (document === null) throw new Error(`submission ${named.submissionId} without its document`)
    return document
  })

/** The invoice's UPO, XML v4-3 as KSeF signed it. @throws FleetError NOT_FOUND, UPO_NOT_YET */
export const readUpo = (deps: Deps, named: Named): Promise<StoredDocument> =>
  deps.db.withCompany(named.companyId, async (tx) => {
    const { upoDocumentId } = await find(tx, named)
    if (upoDocumentId === null) throw new FleetError('UPO_NOT_YET')
    const document = await tx.documents.get(upoDocumentId)
    if (document === null) throw new Error(`submission ${named.submissionId} without its UPO`)
    return document
  })

/**
 * One page, newest first.
 *
 * @param page.limit 1 to 200.
 * @throws FleetError NOT_FOUND when the company does not exist, CURSOR_INVALID
 */
export async function listSubmissions(
  deps: Deps & { cursorKey: Uint8Array },
  page: { companyId: CompanyId; limit: number; cursor?: string; state?: SubmissionState },
): Promise<{ submissions: Submission[]; nextCursor: string | null }> {
  const owner = ['invoices', page.companyId, page.state ?? '']
  const before =
    page.cursor === undefined ? undefined : positionOf(readCursor(deps.cursorKey, owner, page.cursor))
  const found = await deps.db.withCompany(page.companyId, async (tx) => {
    if ((await tx.companies.get()) === null) throw new FleetError('NOT_FOUND')
    return tx.submissions.list({
      limit: page.limit + 1,
      ...(before === undefined ? {} : { before }),
      ...(page.state === undefined ? {} : { state: page.state }),
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

async function find(tx: CompanyTransaction, named: Named): Promise<Submission> {
  const submission = await tx.submissions.get(named.submissionId)
  if (submission === null) throw new FleetError('NOT_FOUND')
  return submission
}
