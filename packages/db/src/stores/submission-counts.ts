import type { CompanyId, CompanyTransaction } from '@ksef-fleet/core'
import { and, asc, eq, inArray, type SQL, sql } from 'drizzle-orm'
import { submissions as table } from '../tables.ts'
import type { Tx } from '../transaction.ts'

/** How many there are, and of what. */
export function submissionCounts(
  tx: Tx,
  companyId: CompanyId,
): Pick<CompanyTransaction['submissions'], 'waiting' | 'countByState'> {
  const own = (...conditions: (SQL | undefined)[]) => and(eq(table.companyId, companyId), ...conditions)
  return {
    async waiting(environment) {
      const reason = sql<string | null>`${table.reason} ->> 'code'`
      const rows = await tx
        .select({
          state: table.state,
          reason,
          count: sql<number>`count(*)::int`,
          oldest: sql`min(${table.createdAt})`.mapWith(table.createdAt),
        })
        .from(table)
        .where(own(eq(table.environment, environment), inArray(table.state, ['pending', 'held'])))
        .groupBy(table.state, reason)
        .orderBy(asc(sql`min(${table.createdAt})`))
      return rows
    },
    async countByState() {
      const rows = await tx
        .select({ state: table.state, count: sql<number>`count(*)::int` })
        .from(table)
        .where(own())
        .groupBy(table.state)
      return Object.fromEntries(rows.map(({ state, count }) => [state, count]))
    },
  }
}
