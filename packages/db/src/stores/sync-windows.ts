import type { CompanyId, InboxStore } from '@ksef-fleet/core'
import { and, asc, desc, eq, gt, sql } from 'drizzle-orm'
import { clock } from '../database-clock.ts'
import { ksefSyncWindows as table } from '../tables.ts'
import type { Tx } from '../transaction.ts'

/** A window that follows directly on one this young becomes one with it: a year of quarters of an hour has 35,000. */
const JOINED_WITHIN = sql`interval '1 day'`

export const syncWindows = (tx: Tx, companyId: CompanyId): Pick<InboxStore, 'proved' | 'windows'> => {
  const of = ({ integrationId, subjectType }: Parameters<InboxStore['windows']>[0]) =>
    and(
      eq(table.companyId, companyId),
      eq(table.integrationId, integrationId),
      eq(table.subjectType, subjectType),
    )
  return {
    async proved({ fence: _fence, ...key }, window) {
      const [last] = await tx
        .select({ id: table.id })
        .from(table)
        .where(
          and(
            of(key),
            eq(table.to, window.from),
            gt(table.from, sql`${window.to.toISOString()}::timestamptz - ${JOINED_WITHIN}`),
          ),
        )
        .orderBy(desc(table.from))
        .limit(1)
      if (last === undefined) {
        await tx.insert(table).values({ ...window, ...key, companyId, createdAt: clock })
        return
      }
      await tx
        .update(table)
        .set({
          to: window.to,
          listed: sql`${table.listed} + ${window.listed}`,
          added: sql`${table.added} + ${window.added}`,
        })
        .where(and(eq(table.companyId, companyId), eq(table.id, last.id)))
    },
    windows: (key) =>
      tx
        .select({
          from: table.from,
          to: table.to,
          source: table.source,
          listed: table.listed,
          added: table.added,
        })
        .from(table)
        .where(of(key))
        .orderBy(asc(table.from)),
  }
}
