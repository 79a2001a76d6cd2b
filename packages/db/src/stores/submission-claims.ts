import type { CompanyId, CompanyTransaction } from '@ksef-fleet/core'
import { and, eq, type SQL, sql } from 'drizzle-orm'
import { clock, clockIn } from '../database-clock.ts'
import { presentHolder } from '../presence.ts'
import { submissions as table } from '../tables.ts'
import type { Tx } from '../transaction.ts'
import { dueOfGroup, orderOf } from './pending-groups.ts'
import { submissionColumns } from './submission-columns.ts'

type Claims = Pick<CompanyTransaction['submissions'], 'claimNext' | 'isAnyDue'>

/** Who is next. The indexes `submissions_pending` and `submissions_pending_offline` answer it. */
export function submissionClaims(tx: Tx, companyId: CompanyId): Claims {
  const own = (...conditions: (SQL | undefined)[]) => and(eq(table.companyId, companyId), ...conditions)
  return {
    async claimNext({ environment, group, leaseSeconds }) {
      const next = tx
        .select({ id: table.id })
        .from(table)
        .where(own(dueOfGroup(environment, group)))
        .orderBy(...orderOf(group))
        .limit(1)
        .for('update', { skipLocked: true })
      const [claimed] = await tx
        .update(table)
        .set({
          state: 'claimed',
          fence: sql`${table.fence} + 1`,
          leaseUntil: clockIn(leaseSeconds),
          heldBy: presentHolder,
          polls: 0,
          // A new try knows nothing of the last.
          reason: null,
          updatedAt: clock,
        })
        .where(own(sql`${table.id} = (${next})`))
        .returning(submissionColumns)
      return claimed ?? null
    },
    async isAnyDue(environment, group) {
      const due = await tx
        .select({ id: table.id })
        .from(table)
        .where(own(dueOfGroup(environment, group)))
        .limit(1)
      return due.length === 1
    },
  }
}
