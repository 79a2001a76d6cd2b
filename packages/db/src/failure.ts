/**
 * What leaves the database's doors when it fails. The driver's errors carry the row in `detail`; the ORM's print the
 * statement and its parameters. So nothing of them is passed on but names: SQLSTATE, constraint, table.
 */
import { DatabaseFailure } from '@ksef-fleet/core'
import { DrizzleQueryError } from 'drizzle-orm'
import pg from 'pg'

/**
 * SQLSTATEs of a server that cannot serve now and may soon: connection exceptions, insufficient resources, operator
 * intervention (shutdown, but also statement_timeout), system errors, lock_timeout, and the end that
 * idle_in_transaction_session_timeout puts to a transaction.
 */
const UNAVAILABLE = /^(08|53|57|58)|^(55P03|25P03)$/

/** deadlock_detected, serialization_failure: PostgreSQL undid the transaction and asks for it again. */
const UNDONE = new Set(['40P01', '40001'])

const UNIQUE_VIOLATION = '23505'
const CAUSES_MAX = 8

/** The error of the ORM or the driver in `error` or among its causes; undefined when the database had no part in it. */
export function databaseErrorIn(error: unknown): Error | undefined {
  let candidate = error
  for (let depth = 0; depth < CAUSES_MAX && candidate instanceof Error; depth++) {
    if (candidate instanceof DrizzleQueryError || candidate instanceof pg.DatabaseError) return candidate
    candidate = candidate.cause
  }
  return undefined
}

/** True when the same transaction, run again from its start, may well succeed. */
export const isUndone = (error: unknown): boolean => UNDONE.has(answerOf(error)?.code ?? '')

/**
 * The failure as it leaves the doors. An error in which the server had no word is a lost or refused connection.
 *
 * @param phase `committing` once COMMIT may have reached the server: then a lost connection leaves the outcome unknown.
 */
export function failureOf(error: unknown, phase: 'working' | 'committing'): DatabaseFailure {
  if (error instanceof DatabaseFailure) return error
  const outcome = phase === 'committing' ? 'unknown' : 'not-done'
  const answer = answerOf(error)
  if (answer?.code === undefined) return new DatabaseFailure('unavailable', { outcome })
  const sqlState = answer.code
  if (UNAVAILABLE.test(sqlState)) return new DatabaseFailure('unavailable', { sqlState, outcome })
  return new DatabaseFailure(sqlState === UNIQUE_VIOLATION ? 'conflict' : 'refused', {
    sqlState,
    ...(answer.constraint === undefined ? {} : { constraint: answer.constraint }),
    ...(answer.table === undefined ? {} : { table: answer.table }),
  })
}

/** True when the connection failed under a statement, so that nobody knows what state it is in. */
export function isWithoutAnswer(error: unknown): boolean {
  if (error instanceof DatabaseFailure) return error.kind === 'unavailable' && error.sqlState === undefined
  const cause = databaseErrorIn(error)
  return cause !== undefined && answerOf(cause) === undefined
}

/** What the server itself answered, if it did. */
function answerOf(error: unknown): pg.DatabaseError | undefined {
  const root = error instanceof DrizzleQueryError ? error.cause : error
  return root instanceof pg.DatabaseError ? root : undefined
}
