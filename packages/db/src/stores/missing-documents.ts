import type { CompanyId, InboxStore, SyncKey } from '@ksef-fleet/core'
import { and, asc, eq, inArray, isNull, lte, type SQL, sql } from 'drizzle-orm'
import { clock, statementClock, timer } from '../database-clock.ts'
import { ksefDocuments as documents, ksefMissingDocuments as table } from '../tables.ts'
import type { Tx } from '../transaction.ts'

type Missing = Pick<InboxStore, 'known' | 'addMissing' | 'missingDue' | 'missing' | 'found' | 'stillMissing'>

/** Rows of one statement: PostgreSQL takes 65,535 parameters. */
const ROWS_MAX = 5_000

/** When the first of a sync's missing documents is to be asked for; null when none is missing. */
export const missingDueAt = (companyId: CompanyId, { integrationId, subjectType }: SyncKey): SQL => sql`(
  select greatest(min(next_try_at), clock_timestamp()) from ksef_missing_documents
   where company_id = ${companyId} and integration_id = ${integrationId} and subject_type = ${subjectType}
     and ended_at is null having count(*) > 0)`

export function missingDocuments(tx: Tx, companyId: CompanyId): Missing {
  const of = ({ integrationId, subjectType }: SyncKey) =>
    and(
      eq(table.companyId, companyId),
      eq(table.integrationId, integrationId),
      eq(table.subjectType, subjectType),
    )
  return {
    async known(environment, ksefNumbers) {
      if (ksefNumbers.length === 0) return new Set()
      const { rows } = await tx.execute<{ ksefNumber: string }>(sql`
        select ksef_number as "ksefNumber" from ${documents}
         where company_id = ${companyId} and environment = ${environment}
           and ksef_number = any(${sql.param([...ksefNumbers])}::text[])`)
      return new Set(rows.map(({ ksefNumber }) => ksefNumber))
    },
    async addMissing({ fence: _fence, ...key }, missing) {
      const rows = missing.map((one) => ({ ...one, ...key, companyId, tries: 0, nextTryAt: clock }))
      for (let at = 0; at < rows.length; at += ROWS_MAX)
        await tx
          .insert(table)
          .values(rows.slice(at, at + ROWS_MAX))
          .onConflictDoNothing()
    },
    async missingDue(key, limit) {
      return tx
        .select({
          integrationId: table.integrationId,
          subjectType: table.subjectType,
          ksefNumber: table.ksefNumber,
          invoiceHash: table.invoiceHash,
          permanentStorageDate: table.permanentStorageDate,
          tries: table.tries,
          code: table.code,
          foundAt: table.foundAt,
        })
        .from(table)
        .where(and(of(key), isNull(table.endedAt), lte(table.nextTryAt, statementClock)))
        .orderBy(asc(table.nextTryAt))
        .limit(limit)
    },
    missing: (integrationId) =>
      tx
        .select({
          subjectType: table.subjectType,
          count: sql<number>`count(*)::int`,
          earliest: sql<Date | null>`min(${table.permanentStorageDate})`.mapWith(table.permanentStorageDate),
          undated: sql<boolean>`bool_or(${table.permanentStorageDate} is null)`,
          nextTryAt: sql<Date | null>`min(${table.nextTryAt})`.mapWith(table.nextTryAt),
        })
        .from(table)
        .where(
          and(eq(table.companyId, companyId), eq(table.integrationId, integrationId), isNull(table.endedAt)),
        )
        .groupBy(table.subjectType),
    async found({ fence: _fence, ...key }, ksefNumber) {
      await tx
        .update(table)
        .set({ endedAt: clock, nextTryAt: null })
        .where(and(of(key), inArray(table.ksefNumber, [ksefNumber])))
    },
    async stillMissing({ fence: _fence, ...key }, ksefNumber, { code, nextTryAt }) {
      await tx
        .update(table)
        .set({ code, nextTryAt: timer(nextTryAt), tries: sql`${table.tries} + 1` })
        .where(and(of(key), eq(table.ksefNumber, ksefNumber), isNull(table.endedAt)))
    },
  }
}
