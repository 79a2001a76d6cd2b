/**
 * Leases and timers live on the database's clock: one clock for every worker, whatever theirs say.
 *
 * `clock_timestamp()` moves on while a statement waits for a lock, so leases are set and judged by it.
 * `statement_timestamp()` stands still within a statement, so an index can serve a comparison with it.
 */
import { type SQL, sql } from 'drizzle-orm'

export const clock: SQL<Date> = sql<Date>`clock_timestamp()`

export const statementClock: SQL<Date> = sql<Date>`statement_timestamp()`

export const clockIn = (seconds: number): SQL<Date> =>
  sql<Date>`clock_timestamp() + make_interval(secs => ${seconds}::double precision)`

/**
 * A timer as it is stored: never before the database's present. A timer set in the past means "now", and so becomes
 * later than the sweeper's last ring, which is how a timer set anew is told from one already rung for.
 */
export const timer = (at: Date): SQL<Date> =>
  sql<Date>`greatest(${at.toISOString()}::timestamptz, clock_timestamp())`
