import type { CompanyId, CompanyTransaction, StoredDocument } from '@ksef-fleet/core'
import { and, eq } from 'drizzle-orm'
import { clock } from '../database-clock.ts'
import { ksefDocumentsRaw as table } from '../tables.ts'
import type { Tx } from '../transaction.ts'

type Row = typeof table.$inferSelect

export const documentStore = (tx: Tx, companyId: CompanyId): CompanyTransaction['documents'] => ({
  async insert(document) {
    await tx.insert(table).values({ ...document, companyId, createdAt: clock })
  },
  async get(id) {
    const [found] = await tx
      .select()
      .from(table)
      .where(and(eq(table.companyId, companyId), eq(table.id, id)))
    return found === undefined ? null : documentOf(found)
  },
})

function documentOf({ ksefNumber, sessionId, ...document }: Row): StoredDocument {
  return {
    ...document,
    ...(ksefNumber === null ? {} : { ksefNumber }),
    ...(sessionId === null ? {} : { sessionId }),
  }
}
