/**
 * One transaction on one connection of a pool, with its end known: committed, not done, or unknown.
 */
import { setTimeout as sleep } from 'node:timers/promises'
import { DatabaseFailure } from '@ksef-fleet/core'
import { drizzle, type NodePgDatabase } from 'drizzle-orm/node-postgres'
import type pg from 'pg'
import { databaseErrorIn, failureOf, isUndone, isWithoutAnswer } from './failure.ts'

/** Statements within the transaction. */
export type Tx = NodePgDatabase

/** After the first, for deadlocks and serialization failures only. */
const REPEATS_MAX = 3
const REPEAT_PAUSE_MS_MAX = 50

/**
 * Runs `work` between `begin` and COMMIT, and again from its start when PostgreSQL undid it for a deadlock.
 *
 * @param begin SQL that opens the transaction and sets what is local to it.
 * @throws DatabaseFailure for whatever the database did; `work`'s own errors pass unchanged. Both roll back.
 */
export async function transact<T>(pool: pg.Pool, begin: string, work: (tx: Tx) => Promise<T>): Promise<T> {
  for (let repeats = 0; ; repeats++) {
    try {
      return await runOnce(pool, begin, work)
    } catch (error) {
      const cause = databaseErrorIn(error)
      if (cause === undefined) throw error
      if (!isUndone(cause) || repeats === REPEATS_MAX) throw failureOf(cause, 'working')
      await sleep(Math.random() * REPEAT_PAUSE_MS_MAX)
    }
  }
}

async function runOnce<T>(pool: pg.Pool, begin: string, work: (tx: Tx) => Promise<T>): Promise<T> {
  const line = await take(pool)
  try {
    await line.query(begin)
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
  line.end()
  try {
    const { command } = await line.client.query('commit')
    // PostgreSQL answers ROLLBACK when a statement had failed and the work went on all the same: nothing was kept.
    if (command !== 'COMMIT') throw new DatabaseFailure('refused')
  } catch (error) {
    if (isUndone(error)) throw error
    throw failureOf(error, 'committing')
  }
}

type Line = Awaited<ReturnType<typeof take>>

/** A connection of the pool, lent for one transaction. */
async function take(pool: pg.Pool) {
  const client = await pool.connect().catch((error: unknown) => {
    throw failureOf(error, 'working')
  })
  let ended = false
  let broken = false
  const drop = () => {
    broken = true
  }
  client.on('error', drop)
  return {
    client,
    /** The connection as the work sees it: dead once the transaction is over, lest a straggler write into the next one. */
    leased: new Proxy(client, {
      get(target, name) {
        if (name === 'query' && ended)
          return () => Promise.reject(new Error('a statement came after its transaction ended'))
        const value: unknown = Reflect.get(target, name, target)
        return typeof value === 'function' ? value.bind(target) : value
      },
    }),
    async query(statement: string) {
      await client.query(statement).catch((error: unknown) => {
        throw failureOf(error, 'working')
      })
    },
    end() {
      ended = true
    },
    /** Not to be used again: what state it is in, nobody knows. */
    drop,
    async rollBack() {
      ended = true
      if (broken) return
      // A connection that cannot even roll back is dropped, and the server rolls back when it is gone.
      await client.query('rollback').catch(drop)
    },
    giveBack() {
      ended = true
      client.removeListener('error', drop)
      client.release(broken)
    },
  }
}
