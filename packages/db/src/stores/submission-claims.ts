import type { CompanyId, CompanyTransaction } from '@ksef-fleet/core'
import { and, asc, eq, lte, type SQL, sql } from 'drizzle-orm'
import { clock, clockIn, statementClock } from '../database-clock.ts'
import { submissions as table } from '../tables.ts'
import type { Tx } from '../transaction.ts'
import { submissionColumns } from './submission-columns.ts'

type Claims = Pick<CompanyTransaction['submissions'], 'nextDueForm' | 'claimNext'>

/** Who is next. The index `submissions_pending` answers both questions. */
export function submissionClaims(tx: Tx, companyId: CompanyId): Claims {
  const own = (...conditions: (SQL | undefined)[]) => and(eq(table.companyId, companyId), ...conditions)
  const due = and(eq(table.state, 'pending'), lte(table.nextAttemptAt, statementClock))
  return {
    async nextDueForm(environment) {
      const [found] = await tx
        .select({ formCode: table.formCode })
        .from(table)
        .where(own(eq(table.environment, environment), due))
        .orderBy(asc(table.nextAttemptAt))
        .limit(1)
      return found?.formCode ?? null
    },
    async claimNext({ environment, formCode, leaseSeconds }) {
      const next = tx
        .select({ id: table.id })
        .from(table)
        .where(own(eq(table.environment, environment), eq(table.formCode, formCode), due))
        .orderBy(asc(table.nextAttemptAt))
        .limit(1)
        .for('update', { skipLocked: true })
      const [claimed] = await tx
        .update(table)
        .set({
          state: 'claimed',
          fence: sql`${table.fence} + 1`,
          leaseUntil: clockIn(leaseSeconds),
          polls: 0,
          updatedAt: clock,
        })
        .where(own(sql`${table.id} = (${next})`))
        .returning(submissionColumns)
      return claimed ?? null
    },
  }
}
