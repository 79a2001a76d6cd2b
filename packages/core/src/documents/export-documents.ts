/** The documents of a range, one after the other, with no more of them in memory than a few megabytes. */
import type { CoreDependencies } from '../dependencies.ts'
import { FleetError } from '../errors.ts'
import type { CompanyId } from '../identifiers.ts'
import type { CompanyReads } from '../stores.ts'
import {
  type DocumentFilter,
  type DocumentPage,
  type DocumentPosition,
  positionOf,
} from './document-filter.ts'
import type { DocumentHeader } from './document-header.ts'
import { type DocumentWithUpo, unharmed, withUpos } from './read-document.ts'

export const EXPORT_DOCUMENTS_MAX = 50_000
const HEADERS_AT_ONCE = 200
const BYTES_AT_ONCE = 8_000_000

export type ExportedDocument = { header: DocumentHeader; content: Uint8Array; upo: Uint8Array | null }

export type DocumentExport = {
  count: number
  /** When it was asked for. */
  at: Date
  /** Those that `documents` is going to bring, by the page. */
  headers(): AsyncGenerator<DocumentWithUpo[]>
  /** With their contents, each proved by its hash, some at a time. */
  documents(): AsyncGenerator<ExportedDocument[]>
}

/**
 * What a filter finds, as it stands at this moment: what comes later is left out, however long the export takes.
 *
 * @throws FleetError NOT_FOUND when the company does not exist, EXPORT_TOO_LARGE
 */
export async function exportDocuments(
  deps: Pick<CoreDependencies, 'db' | 'now'>,
  of: { companyId: CompanyId; filter: DocumentFilter },
): Promise<DocumentExport> {
  const { count, newest } = await deps.db.readCompany(of.companyId, async (reads) => {
    if ((await reads.companies.get()) === null) throw new FleetError('NOT_FOUND')
    const [first] = await reads.documents.list(of.filter, { limit: 1 })
    return {
      count: await reads.documents.count(of.filter, EXPORT_DOCUMENTS_MAX + 1),
      newest: first === undefined ? null : positionOf(first),
    }
  })
  if (count > EXPORT_DOCUMENTS_MAX)
    throw new FleetError('EXPORT_TOO_LARGE', {
      detail: `At most ${EXPORT_DOCUMENTS_MAX} documents are exported at once.`,
    })
  const headers = () => pages(deps, { ...of, newest })
  return { count, at: deps.now(), headers, documents: () => withContents(deps, of.companyId, headers()) }
}

async function* pages(
  deps: Pick<CoreDependencies, 'db'>,
  of: { companyId: CompanyId; filter: DocumentFilter; newest: DocumentPosition | null },
): AsyncGenerator<DocumentWithUpo[]> {
  if (of.newest === null) return
  let from: DocumentPosition = of.newest
  let isFirst = true
  for (;;) {
    const page = await deps.db.readCompany(of.companyId, (reads) =>
      nextPage(reads, of.filter, isFirst ? { upTo: from } : { before: from }),
    )
    if (page.length > 0) yield page
    const last = page.at(-1)?.header
    if (last === undefined || page.length < HEADERS_AT_ONCE) return
    from = positionOf(last)
    isFirst = false
  }
}

const nextPage = async (
  reads: CompanyReads,
  filter: DocumentFilter,
  place: Pick<DocumentPage, 'before' | 'upTo'>,
): Promise<DocumentWithUpo[]> =>
  withUpos(reads, await reads.documents.list(filter, { limit: HEADERS_AT_ONCE, ...place }))

async function* withContents(
  deps: Pick<CoreDependencies, 'db'>,
  companyId: CompanyId,
  headers: AsyncGenerator<DocumentWithUpo[]>,
): AsyncGenerator<ExportedDocument[]> {
  for await (const page of headers)
    for (const group of cut(page)) yield await deps.db.readCompany(companyId, (reads) => load(reads, group))
}

function* cut(documents: readonly DocumentWithUpo[]): Generator<DocumentWithUpo[]> {
  let group: DocumentWithUpo[] = []
  let bytes = 0
  for (const document of documents) {
    const { size } = document.header
    if (group.length > 0 && bytes + size > BYTES_AT_ONCE) {
      yield group
      group = []
      bytes = 0
    }
    group.push(document)
    bytes += size
  }
  if (group.length > 0) yield group
}

async function load(reads: CompanyReads, group: readonly DocumentWithUpo[]): Promise<ExportedDocument[]> {
  const ids = group.flatMap(({ header, upo }) => [header.documentId, ...(upo === null ? [] : [upo.id])])
  const contents = new Map(
    (await reads.documents.contents(ids)).map((one) => [one.id, unharmed(one).content]),
  )
  return group.flatMap(({ header, upo }) => {
    const content = contents.get(header.documentId)
    // Erased since the export began.
    if (content === undefined) return []
    return [{ header, content, upo: upo === null ? null : (contents.get(upo.id) ?? null) }]
  })
}
