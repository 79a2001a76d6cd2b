import type { SubmissionState, SystemTransaction } from '@ksef-fleet/core'
import { sql } from 'drizzle-orm'
import { outbox, submissions } from '../tables.ts'
import type { Tx } from '../transaction.ts'

export const measure =
  (tx: Tx): SystemTransaction['measure'] =>
  async () => {
    const counts = await tx
      .select({ state: submissions.state, count: sql<number>`count(*)::int` })
      .from(submissions)
      .groupBy(submissions.state)
    const [waiting] = await tx
      .select({
        waiting: sql<number>`count(*)::int`,
        oldestSeconds: sql<number>`coalesce(extract(epoch from clock_timestamp() - min(${outbox.createdAt})), 0)::float8`,
      })
      .from(outbox)
    const states: Partial<Record<SubmissionState, number>> = {}
    for (const { state, count } of counts) states[state] = count
    return { submissions: states, outbox: waiting ?? { waiting: 0, oldestSeconds: 0 } }
  }
