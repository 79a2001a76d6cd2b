import type { CompanyId, CompanyTransaction } from '@ksef-fleet/core'
import { and, asc, desc, eq, inArray, ne, type SQL, sql } from 'drizzle-orm'
import { submissions as table } from '../tables.ts'
import type { Tx } from '../transaction.ts'
import { submissionClaims } from './submission-claims.ts'
import { submissionColumns } from './submission-columns.ts'
import { submissionMoves } from './submission-moves.ts'

const PAGE_MAX = 200

export function submissionStore(tx: Tx, companyId: CompanyId): CompanyTransaction['submissions'] {
  const own = (...conditions: (SQL | undefined)[]) => and(eq(table.companyId, companyId), ...conditions)
  const find = (where: SQL | undefined) => tx.select(submissionColumns).from(table).where(where)
  return {
    ...submissionClaims(tx, companyId),
    ...submissionMoves(tx, companyId),
    async insert(submission) {
      await tx.insert(table).values(submission)
    },
    async get(id) {
      const [found] = await find(own(eq(table.id, id)))
      return found ?? null
    },
    async findByNumber({ environment, sellerNip, kind, number }) {
      const [found] = await find(
        own(
          eq(table.environment, environment),
          sql`${table.sellerNip} = ${sellerNip}`,
          eq(table.kind, kind),
          eq(table.number, number),
          ne(table.state, 'rejected'),
        ),
      )
      return found ?? null
    },
    list: ({ limit, before, state }) =>
      find(
        own(
          state === undefined ? undefined : eq(table.state, state),
          before === undefined
            ? undefined
            : sql`(${table.createdAt}, ${table.id}) < (${before.createdAt.toISOString()}::timestamptz, ${before.id}::uuid)`,
        ),
      )
        .orderBy(desc(table.createdAt), desc(table.id))
        .limit(Math.min(limit, PAGE_MAX)),
    ofSession: (sessionId, states) =>
      find(own(eq(table.sessionId, sessionId), inArray(table.state, [...states]))).orderBy(
        asc(table.createdAt),
        asc(table.id),
      ),
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
