import type { CompanyId, DocumentStore, StoredDocument } from '@ksef-fleet/core'
import { and, eq, inArray, isNull, sql } from 'drizzle-orm'
import { clock } from '../database-clock.ts'
import { ksefDocumentsRaw as table } from '../tables.ts'
import type { Tx } from '../transaction.ts'
import { findHeader, insertHeaders } from './document-register.ts'
import { documentSearch } from './document-search.ts'
import { receivedDocuments } from './received-documents.ts'

type Row = typeof table.$inferSelect

export const documentStore = (tx: Tx, companyId: CompanyId): DocumentStore => ({
  async insert(document) {
    await tx.insert(table).values({ ...document, companyId, createdAt: clock })
  },
  async insertAll(documents) {
    if (documents.length === 0) return
    await tx.insert(table).values(documents.map((document) => ({ ...document, companyId, createdAt: clock })))
  },
  async get(id) {
    const [found] = await tx
      .select()
      .from(table)
      .where(and(eq(table.companyId, companyId), eq(table.id, id)))
    return found === undefined ? null : documentOf(found)
  },
  async register(headers) {
    if (headers.length > 0) await tx.execute(insertHeaders(companyId, headers))
  },
  async registerMissing(headers) {
    if (headers.length === 0) return 0
    const { rowCount } = await tx.execute(sql`${insertHeaders(companyId, headers)} on conflict do nothing`)
    return rowCount ?? 0
  },
  async contents(ids) {
    if (ids.length === 0) return []
    const rows = await tx
      .select()
      .from(table)
      .where(and(eq(table.companyId, companyId), inArray(table.id, [...ids]), isNull(table.erasedAt)))
    return rows.map(documentOf)
  },
  async upos(environment, ksefNumbers) {
    const rows = await tx
      .select({ id: table.id, ksefNumber: table.ksefNumber, hash: table.hash })
      .from(table)
      .where(
        and(
          ...[eq(table.companyId, companyId), eq(table.environment, environment), eq(table.kind, 'upo')],
          ...[inArray(table.ksefNumber, [...ksefNumbers]), isNull(table.erasedAt)],
        ),
      )
    return rows.flatMap(({ ksefNumber, ...upo }) => (ksefNumber === null ? [] : [{ ...upo, ksefNumber }]))
  },
  ...documentSearch(tx, companyId),
  header: (id) => findHeader(tx, companyId, id),
  ...receivedDocuments(tx, companyId),
})

function documentOf({ ksefNumber, sessionId, erasedAt, ...document }: Row): StoredDocument {
  return {
    ...document,
    ...(ksefNumber === null ? {} : { ksefNumber }),
    ...(sessionId === null ? {} : { sessionId }),
  }
}
