import {
  assertMove,
  type CompanyId,
  type CompanyTransaction,
  type SubmissionChange,
  type SubmissionId,
} from '@ksef-fleet/core'
import { and, asc, eq, inArray, isNotNull, type SQL, sql } from 'drizzle-orm'
import { clock, timer } from '../database-clock.ts'
import { submissions as table } from '../tables.ts'
import type { Tx } from '../transaction.ts'
import { isTold, moveAndTell } from './submission-events.ts'
import { AWAITED, heldFollowers } from './submission-followers.ts'
import { toldColumns } from './told-columns.ts'

/** Who begins anew has no deadline yet; the next sending sets its own. */
const ANEW = { giveUpAt: null }

type Moves = Pick<CompanyTransaction['submissions'], 'move' | 'touch' | 'hold' | 'release'>

/** Every way a submission changes but being claimed: compare-and-swap on its state, and on the fence where a claim or a sending is meant. */
export function submissionMoves(tx: Tx, companyId: CompanyId): Moves {
  const own = (...conditions: (SQL | undefined)[]) => and(eq(table.companyId, companyId), ...conditions)
  return {
    async move(id, { from, to, fence, set = {} }) {
      assertMove(from, to)
      const update = tx
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
      if (isTold(to))
        return (await moveAndTell(tx, companyId, { update: update.returning(toldColumns) })) === 1
      return (await update.returning({ id: table.id })).length === 1
    },
    async touch(id, { state, fence, set }) {
      const touched = await tx
        .update(table)
        .set(changeOf(set))
        .where(own(eq(table.id, id), eq(table.state, state), eq(table.fence, fence)))
        .returning({ id: table.id })
      return touched.length === 1
    },
    async hold(environment, reason) {
      const update = tx
        .update(table)
        .set({ state: 'held', reason, polls: 0, updatedAt: clock })
        .where(own(eq(table.environment, environment), eq(table.state, 'pending')))
        .returning(toldColumns)
      return moveAndTell(tx, companyId, { update })
    },
    async release(environment, reasons) {
      const held = own(
        eq(table.environment, environment),
        eq(table.state, 'held'),
        inArray(sql`${table.reason} ->> 'code'`, [...reasons]),
      )
      const rejected = await lockRejectedOriginals(tx, companyId, held)
      const released = await tx
        .update(table)
        .set({
          ...ANEW,
          state: 'pending',
          reason: stillWaiting,
          nextAttemptAt: clock,
          polls: 0,
          updatedAt: clock,
        })
        .where(held)
        .returning({ id: table.id })
      if (rejected.length === 0) return released.length
      return (
        released.length - (await moveAndTell(tx, companyId, { update: heldFollowers(companyId, rejected) }))
      )
    },
  }
}

/**
 * The rejected ones of those that held submissions wait for. All of these are locked, and before who waits for them: so whoever
 * moves one either has done so, or finds released what it is to free or hold.
 */
async function lockRejectedOriginals(
  tx: Tx,
  companyId: CompanyId,
  held: SQL | undefined,
): Promise<SubmissionId[]> {
  const awaited = tx
    .select({ id: sql`unnest(${table.waitsFor})` })
    .from(table)
    .where(and(held, isNotNull(table.waitsFor)))
  const originals = await tx
    .select({ id: table.id, state: table.state })
    .from(table)
    .where(and(eq(table.companyId, companyId), inArray(table.id, awaited)))
    .orderBy(asc(table.id))
    .for('no key update')
  return originals.flatMap(({ id, state }) => (state === 'rejected' ? [id] : []))
}

/** Whatever it was held for, a correction still goes after its original. */
const stillWaiting = sql`case when ${table.waitsFor} is null then null else ${AWAITED} end`

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
