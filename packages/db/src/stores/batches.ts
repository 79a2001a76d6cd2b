import { setTimeout as sleep } from 'node:timers/promises'
import type { BatchStore, CompanyId } from '@ksef-fleet/core'
import { and, desc, eq, inArray, sql } from 'drizzle-orm'
import { submissions, batches as table } from '../tables.ts'
import type { Tx } from '../transaction.ts'
import { submissionColumns } from './submission-columns.ts'

/** One more than a page, by which the next is known of. */
const PAGE_MAX = 201
/** Storing the largest batch takes about so long; who waits longer would be told that the server is away. */
const TURN_WITHIN_TRIES = 600
const TRY_EVERY_MS = 100

export const batchStore = (tx: Tx, companyId: CompanyId): BatchStore => ({
  async takeTurn() {
    const name = `batches ${companyId}`
    // Asked again and again, since whoever waits within a statement is thrown out by its time limit.
    for (let tries = 0; tries < TURN_WITHIN_TRIES; tries++) {
      const { rows } = await tx.execute<{ taken: boolean }>(
        sql`select pg_try_advisory_xact_lock(hashtextextended(${name}, 0)) as taken`,
      )
      if (rows[0]?.taken === true) return true
      await sleep(TRY_EVERY_MS)
    }
    return false
  },
  async insert(batch) {
    await tx.insert(table).values(batch)
  },
  async get(id) {
    const [found] = await tx
      .select()
      .from(table)
      .where(and(eq(table.companyId, companyId), eq(table.id, id)))
    return found ?? null
  },
  list: ({ limit, before }) =>
    tx
      .select()
      .from(table)
      .where(
        and(
          eq(table.companyId, companyId),
          before === undefined
            ? undefined
            : sql`(${table.createdAt}, ${table.id}) < (${before.createdAt.toISOString()}::timestamptz, ${before.id}::uuid)`,
        ),
      )
      .orderBy(desc(table.createdAt), desc(table.id))
      .limit(Math.min(limit, PAGE_MAX)),
  async countByState(id) {
    const rows = await tx
      .select({ state: submissions.state, count: sql<number>`count(*)::int` })
      .from(submissions)
      .where(and(eq(submissions.companyId, companyId), eq(submissions.batchId, id)))
      .groupBy(submissions.state)
    return Object.fromEntries(rows.map(({ state, count }) => [state, count]))
  },
  troubled: (id, limit) =>
    tx
      .select(submissionColumns)
      .from(submissions)
      .where(
        and(
          eq(submissions.companyId, companyId),
          eq(submissions.batchId, id),
          inArray(submissions.state, ['rejected', 'held']),
        ),
      )
      .orderBy(desc(submissions.updatedAt), desc(submissions.id))
      .limit(limit),
})
