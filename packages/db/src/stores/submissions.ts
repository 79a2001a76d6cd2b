import type { CompanyId, CompanyTransaction } from '@ksef-fleet/core'
import { and, asc, desc, eq, inArray, ne, type SQL, sql } from 'drizzle-orm'
import { submissions as table } from '../tables.ts'
import type { Tx } from '../transaction.ts'
import { submissionClaims } from './submission-claims.ts'
import { submissionColumns } from './submission-columns.ts'
import { submissionCounts } from './submission-counts.ts'
import { submissionCrowd } from './submission-crowd.ts'
import { submissionMoves } from './submission-moves.ts'
import { submissionOrder } from './submission-order.ts'

/** One more than a page, by which the next is known of. */
const PAGE_MAX = 201

export function submissionStore(tx: Tx, companyId: CompanyId): CompanyTransaction['submissions'] {
  const own = (...conditions: (SQL | undefined)[]) => and(eq(table.companyId, companyId), ...conditions)
  const find = (where: SQL | undefined) => tx.select(submissionColumns).from(table).where(where)
  return {
    ...submissionClaims(tx, companyId),
    ...submissionCrowd(tx, companyId),
    ...submissionMoves(tx, companyId),
    ...submissionOrder(tx, companyId),
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
    list: ({ limit, before, state, reason, batchId }) =>
      find(
        own(
          state === undefined ? undefined : eq(table.state, state),
          reason === undefined ? undefined : sql`${table.reason} ->> 'code' = ${reason}`,
          batchId === undefined ? undefined : eq(table.batchId, batchId),
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
    ...submissionCounts(tx, companyId),
  }
}
