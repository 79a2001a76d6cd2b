import type { CoreDependencies } from '../dependencies.ts'
import { FleetError } from '../errors.ts'
import { type CompanyId, DocumentId } from '../identifiers.ts'
import { readCursor, writeCursor } from '../keys/cursor.ts'
import type { DocumentFilter, DocumentPosition } from './document-filter.ts'
import { type DocumentWithUpo, withUpos } from './read-document.ts'

/**
 * One page of the company's register, newest first. What comes meanwhile comes before the first page and moves none.
 *
 * @param page.limit 1 to 200
 * @throws FleetError NOT_FOUND when the company does not exist, CURSOR_INVALID, also for a cursor of another filter
 */
export async function listDocuments(
  deps: Pick<CoreDependencies, 'db'> & { cursorKey: Uint8Array },
  page: { companyId: CompanyId; filter: DocumentFilter; limit: number; cursor?: string },
): Promise<{ documents: DocumentWithUpo[]; nextCursor: string | null }> {
  const owner = ['documents', page.companyId, JSON.stringify(Object.entries(page.filter).sort())]
  const before =
    page.cursor === undefined ? undefined : placeOf(readCursor(deps.cursorKey, owner, page.cursor))
  const found = await deps.db.readCompany(page.companyId, async (reads) => {
    if ((await reads.companies.get()) === null) throw new FleetError('NOT_FOUND')
    const headers = await reads.documents.list(page.filter, {
      limit: page.limit + 1,
      ...(before === undefined ? {} : { before }),
    })
    return withUpos(reads, headers)
  })
  const documents = found.slice(0, page.limit)
  const last = documents.at(-1)?.header
  if (last === undefined || found.length <= page.limit) return { documents, nextCursor: null }
  const place = { createdAt: last.createdAt.toISOString(), id: last.documentId }
  return { documents, nextCursor: writeCursor(deps.cursorKey, owner, place) }
}

function placeOf(position: Record<string, string> | null): DocumentPosition {
  if (position?.createdAt === undefined || position.id === undefined) throw new FleetError('CURSOR_INVALID')
  return { createdAt: new Date(position.createdAt), documentId: DocumentId.parse(position.id) }
}
