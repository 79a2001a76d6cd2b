/**
 * Transactions on connections of a pool, with their end known: committed, not done, or unknown. What opens one travels with
 * its first statement (`one-trip.ts`), for a round trip costs more than most of what is asked.
 */
import { setTimeout as sleep } from 'node:timers/promises'
import { DatabaseFailure } from '@ksef-fleet/core'
import { drizzle, type NodePgDatabase } from 'drizzle-orm/node-postgres'
import type pg from 'pg'
import { databaseErrorIn, failureOf, isUndone, isWithoutAnswer } from './failure.ts'
import { type Frame, type Line, takeLine } from './line.ts'

/** Statements within the transaction. */
export type Tx = NodePgDatabase & { $client: Pick<pg.PoolClient, 'query'> }

/** After the first, for deadlocks and serialization failures only. */
const REPEATS_MAX = 3
const REPEAT_PAUSE_MS_MAX = 50

/**
 * Runs `work` in one transaction, and again from its start when PostgreSQL undid it for a deadlock. Work that makes no
 * statement opens none.
 *
 * @param begin statements that open the transaction and set what is local to it.
 * @throws DatabaseFailure for whatever the database did; `work`'s own errors pass unchanged. Both roll back.
 */
export const transact = <T>(
  pool: pg.Pool,
  begin: readonly string[],
  work: (tx: Tx) => Promise<T>,
): Promise<T> => untilDone(() => runOnce(pool, { before: begin }, work))

/**
 * Runs `work` whose every statement is a transaction of its own, in one round trip: for reading only, where READ COMMITTED
 * would show each statement the newest state in a common transaction as well.
 *
 * @param begin as for `transact`; opens a transaction that reads only.
 */
export const readEach = <T>(
  pool: pg.Pool,
  begin: readonly string[],
  work: (tx: Tx) => Promise<T>,
): Promise<T> => untilDone(() => runOnce(pool, { before: begin, after: ['commit'] }, work))

async function untilDone<T>(run: () => Promise<T>): Promise<T> {
  for (let repeats = 0; ; repeats++) {
    try {
      return await run()
    } catch (error) {
      const cause = databaseErrorIn(error)
      if (cause === undefined) throw error
      if (!isUndone(cause) || repeats === REPEATS_MAX) throw failureOf(cause, 'working')
      await sleep(Math.random() * REPEAT_PAUSE_MS_MAX)
    }
  }
}

async function runOnce<T>(pool: pg.Pool, frame: Frame, work: (tx: Tx) => Promise<T>): Promise<T> {
  const line = await takeLine(pool, frame)
  try {
    const result = await work(drizzle(line.leased))
    await commit(line)
    return result
  } catch (error) {
    if (isWithoutAnswer(error)) line.drop()
    else await line.rollBack()
    throw error
  } finally {
    line.giveBack()
  }
}

async function commit(line: Line): Promise<void> {
  try {
    if (!(await line.commit())) throw new DatabaseFailure('refused')
  } catch (error) {
    if (isUndone(error)) throw error
    throw failureOf(error, 'committing')
  }
}
