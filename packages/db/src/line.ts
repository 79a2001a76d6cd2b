/** A connection of the pool, lent for one piece of work. */
import { DatabaseFailure } from '@ksef-fleet/core'
import type pg from 'pg'
import { failureOf } from './failure.ts'
import { inOneTrip, type Statement } from './one-trip.ts'

/**
 * `before` opens the transaction and travels with its first statement. With `after`, which ends it, every statement is a
 * transaction of its own.
 */
export type Frame = { before: readonly string[]; after?: readonly string[] }

export type Line = {
  /** The connection as the work sees it: dead once the work is over, lest a straggler write into the next transaction. */
  readonly leased: pg.PoolClient
  /** Sends COMMIT where it did not travel along, and answers whether all was kept. */
  commit(): Promise<boolean>
  rollBack(): Promise<void>
  /** Not to be used again: what state it is in, nobody knows. */
  drop(): void
  giveBack(): void
}

/** @throws DatabaseFailure when no connection is to be had */
export async function takeLine(pool: pg.Pool, frame: Frame): Promise<Line> {
  const client = await pool.connect().catch((error: unknown) => {
    throw failureOf(error, 'working')
  })
  return new LentLine(client, frame)
}

class Lease {
  readonly query: (statement: Statement, values?: unknown[]) => Promise<pg.QueryResult>

  constructor(query: Lease['query']) {
    this.query = query
  }
}

class LentLine implements Line {
  readonly leased: pg.PoolClient
  readonly #client: pg.PoolClient
  readonly #frame: Frame
  #ended = false
  #broken = false
  /** A statement failed by which a transaction was to be opened, or that was one of its own. */
  #failed = false
  /** The first statement's trip, which opens the transaction; it settles without a word when the trip has ended. */
  #opening: Promise<void> | undefined

  constructor(client: pg.PoolClient, frame: Frame) {
    this.#client = client
    this.#frame = frame
    // The ORM wants nothing of a connection but this.
    const query = (statement: Statement, values?: unknown[]) => this.#query(statement, values)
    this.leased = new Lease(query) as pg.PoolClient
    client.on('error', this.drop)
  }

  async #query(statement: Statement, values: unknown[] | undefined): Promise<pg.QueryResult> {
    if (this.#ended) throw new Error(ENDED)
    const { before, after } = this.#frame
    if (after !== undefined) return this.#travel({ statement, values, before, after })
    if (this.#opening === undefined) {
      const first = this.#travel({ statement, values, before, after: [] })
      this.#opening = first.then(settled, settled)
      return first
    }
    // Not before it is known that the transaction was opened: outside of one a statement would commit by itself.
    await this.#opening
    if (this.#ended) throw new Error(ENDED)
    return this.#client.query(statement, values)
  }

  #travel(trip: Parameters<typeof inOneTrip>[1]): Promise<pg.QueryResult> {
    return inOneTrip(this.#client, trip, ({ known }) => {
      // Whether the connection is in a transaction, and in which, nobody knows.
      if (!known) this.drop()
      if (known && this.#frame.after === undefined) return
      this.#ended = true
      this.#failed = true
    })
  }

  async commit(): Promise<boolean> {
    this.#ended = true
    if (this.#failed) return false
    if (this.#opening === undefined) return true
    // It has not left yet, and so nothing is unknown.
    if (this.#broken) throw new DatabaseFailure('unavailable')
    const { command } = await this.#client.query('commit')
    // PostgreSQL answers ROLLBACK when a statement had failed and the work went on all the same.
    return command === 'COMMIT'
  }

  async rollBack(): Promise<void> {
    this.#ended = true
    if (this.#broken) return
    // A connection that cannot even roll back is dropped, and the server rolls back when it is gone.
    await this.#client.query('rollback').catch(this.drop)
  }

  readonly drop = (): void => {
    this.#broken = true
  }

  giveBack(): void {
    this.#ended = true
    this.#client.removeListener('error', this.drop)
    this.#client.release(this.#broken)
  }
}

const ENDED = 'a statement came after its transaction ended'
const settled = (): void => {}
