import { assertMove, type CompanyId, type CompanyTransaction, type SubmissionChange } from '@ksef-fleet/core'
import { and, eq, inArray, type SQL, sql } from 'drizzle-orm'
import { clock, timer } from '../database-clock.ts'
import { submissions as table } from '../tables.ts'
import type { Tx } from '../transaction.ts'

/** Who begins anew has no deadline yet; the next sending sets its own. */
const ANEW = { giveUpAt: null }

type Moves = Pick<CompanyTransaction['submissions'], 'move' | 'touch' | 'hold' | 'release'>

/** Every way a submission changes but being claimed: compare-and-swap on its state, and on the fence where the caller holds a claim. */
export function submissionMoves(tx: Tx, companyId: CompanyId): Moves {
  const own = (...conditions: (SQL | undefined)[]) => and(eq(table.companyId, companyId), ...conditions)
  return {
    async move(id, { from, to, fence, set = {} }) {
      assertMove(from, to)
      const moved = await tx
        .update(table)
        // Leaving a claim ends its lease; a new state has seen no poll yet.
        .set({ leaseUntil: null, polls: 0, ...(to === 'pending' ? ANEW : {}), ...changeOf(set), state: to })
        .where(
          own(
            eq(table.id, id),
            eq(table.state, from),
            fence === undefined ? undefined : eq(table.fence, fence),
          ),
        )
        .returning({ id: table.id })
      return moved.length === 1
    },
    async touch(id, { state, set }) {
      const touched = await tx
        .update(table)
        .set(changeOf(set))
        .where(own(eq(table.id, id), eq(table.state, state)))
        .returning({ id: table.id })
      return touched.length === 1
    },
    async hold(environment, reason) {
      const held = await tx
        .update(table)
        .set({ state: 'held', reason, polls: 0, updatedAt: clock })
        .where(own(eq(table.environment, environment), eq(table.state, 'pending')))
        .returning({ id: table.id })
      return held.length
    },
    async release(environment, reasons) {
      const released = await tx
        .update(table)
        .set({ ...ANEW, state: 'pending', reason: null, nextAttemptAt: clock, polls: 0, updatedAt: clock })
        .where(
          own(
            eq(table.environment, environment),
            eq(table.state, 'held'),
            inArray(sql`${table.reason} ->> 'code'`, [...reasons]),
          ),
        )
        .returning({ id: table.id })
      return released.length
    },
  }
}

/** `SubmissionChange` as columns: the two timers never lie before the database's present. */
function changeOf({ nextAttemptAt, nextPollAt, ...rest }: SubmissionChange) {
  return {
    ...rest,
    ...(nextAttemptAt === undefined
      ? {}
      : { nextAttemptAt: nextAttemptAt === null ? null : timer(nextAttemptAt) }),
    ...(nextPollAt === undefined ? {} : { nextPollAt: nextPollAt === null ? null : timer(nextPollAt) }),
    updatedAt: clock,
  }
}
