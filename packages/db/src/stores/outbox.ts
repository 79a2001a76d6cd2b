/**
 * Wishes to act, from the transaction that caused them to the relay that rings.
 *
 * Every wish is a row of its own and rings with one key become one when they are taken, not when they are added. Were a
 * row to absorb later wishes, an accept would wait for whoever holds that row (another accept, or a relay that waits for
 * Redis), and a wish absorbed just before the relay takes the row would ring before its own change has committed, and
 * so for nothing.
 */
import type { CompanyId, CompanyTransaction, Ring, SystemTransaction } from '@ksef-fleet/core'
import { asc, sql } from 'drizzle-orm'
import { clock } from '../database-clock.ts'
import { outbox as table } from '../tables.ts'
import type { Tx } from '../transaction.ts'

/** Rows looked at for one `take`, as a multiple of its limit: a crowd of one company's rings coalesces into one. */
const ROUNDS_MAX = 50

export const outboxStore = (tx: Tx, companyId: CompanyId): CompanyTransaction['outbox'] => ({
  async add({ job, key, payload }) {
    await tx.insert(table).values({ companyId, job, key, payload, createdAt: clock })
  },
})

export const outboxQueue = (tx: Tx): SystemTransaction['outbox'] => ({
  async take(limit) {
    const rings = new Map<string, Ring>()
    for (let round = 0; round < ROUNDS_MAX && rings.size < limit; round++) {
      const wanted = limit - rings.size
      const taken = await takeRows(tx, wanted)
      for (const ring of taken) if (!rings.has(ring.key)) rings.set(ring.key, ring)
      if (taken.length < wanted) break
    }
    return [...rings.values()]
  },
})

async function takeRows(tx: Tx, limit: number): Promise<Ring[]> {
  const oldest = tx
    .select({ id: table.id })
    .from(table)
    .orderBy(asc(table.id))
    .limit(limit)
    .for('update', { skipLocked: true })
  const taken = await tx
    .delete(table)
    .where(sql`${table.id} = any(array(${oldest}))`)
    .returning({ id: table.id, job: table.job, key: table.key, payload: table.payload })
  return taken.sort((one, other) => one.id - other.id).map(({ job, key, payload }) => ({ job, key, payload }))
}
