import type { CompanyId, PackageStore, SessionId } from '@ksef-fleet/core'
import { and, asc, eq, gt, inArray, lte, or, sql } from 'drizzle-orm'
import { ksefDocumentsRaw as documents, sessions, submissions } from '../tables.ts'
import type { Tx } from '../transaction.ts'
import { packageDriving } from './package-driving.ts'
import { packInto } from './package-making.ts'
import { packageResults } from './package-results.ts'
import { pendingGroups } from './pending-groups.ts'

export function packageStore(tx: Tx, companyId: CompanyId): PackageStore {
  return {
    pending: (environment) => pendingGroups(tx, companyId, environment),
    async underWay(environment) {
      const [counted] = await tx
        .select({ count: sql<number>`count(*)::int` })
        .from(sessions)
        .where(
          and(
            eq(sessions.companyId, companyId),
            eq(sessions.environment, environment),
            eq(sessions.kind, 'batch'),
            inArray(sessions.state, ['opening', 'open']),
          ),
        )
      return counted?.count ?? 0
    },
    pack: (wanted) => packInto(tx, companyId, wanted),
    documents: (id, page) => packedDocuments(tx, companyId, { ...page, id }),
    ...packageDriving(tx, companyId),
    ...packageResults(tx, companyId),
  }
}

type DocumentsPage = { id: SessionId; after: number; limit: number; bytesMax: number }

/** How many bytes a page has is summed up before any document is read. */
function packedDocuments(tx: Tx, companyId: CompanyId, { id, after, limit, bytesMax }: DocumentsPage) {
  const page = tx.$with('page').as(
    tx
      .select({
        id: submissions.id,
        documentId: submissions.documentId,
        ordinal: submissions.packageOrdinal,
        invoiceHash: submissions.invoiceHash,
        size: submissions.invoiceSize,
      })
      .from(submissions)
      .where(
        and(
          eq(submissions.companyId, companyId),
          eq(submissions.sessionId, id),
          eq(submissions.state, 'packed'),
          gt(submissions.packageOrdinal, after),
        ),
      )
      .orderBy(asc(submissions.packageOrdinal))
      .limit(limit),
  )
  const summed = tx.$with('summed').as(
    tx
      .select({
        id: page.id,
        documentId: page.documentId,
        ordinal: sql<number>`${page.ordinal}`.as('place'),
        invoiceHash: page.invoiceHash,
        before: sql<number>`sum(${page.size}) over (order by ${page.ordinal}) - ${page.size}`.as('before'),
        upTo: sql<number>`sum(${page.size}) over (order by ${page.ordinal})`.as('up_to'),
      })
      .from(page),
  )
  return tx
    .with(page, summed)
    .select({
      id: summed.id,
      ordinal: summed.ordinal,
      invoiceHash: summed.invoiceHash,
      content: documents.content,
    })
    .from(summed)
    .innerJoin(documents, and(eq(documents.companyId, companyId), eq(documents.id, summed.documentId)))
    .where(or(eq(summed.before, 0), lte(summed.upTo, bytesMax)))
    .orderBy(asc(summed.ordinal))
}
