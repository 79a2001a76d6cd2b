import type { AvailabilityStore, KsefAvailability, KsefEnvironment } from '@ksef-fleet/core'
import { and, eq, lte, ne, sql } from 'drizzle-orm'
import { clock, clockIn, timer } from '../database-clock.ts'
import { ksefIntegrations, ksefAvailability as table } from '../tables.ts'
import type { Tx } from '../transaction.ts'

export async function findAvailability(
  tx: Tx,
  environment: KsefEnvironment,
): Promise<KsefAvailability | null> {
  const [found] = await tx.select().from(table).where(eq(table.environment, environment))
  return found ?? null
}

export const availabilityStore = (tx: Tx): AvailabilityStore => ({
  async countCalls(environment, { calls, unreached, answeredAt }) {
    await tx.execute(sql`
      insert into ksef_call_counts as c (environment, minute, calls, unreached, answered_at)
      values (${environment}, date_trunc('minute', clock_timestamp()), ${calls}, ${unreached},
              ${answeredAt?.toISOString() ?? null})
      on conflict (environment, minute) do update
         set calls = c.calls + excluded.calls, unreached = c.unreached + excluded.unreached,
             answered_at = greatest(c.answered_at, excluded.answered_at)`)
  },
  async ownCalls(environment, windowMs) {
    const since = sql`clock_timestamp() - make_interval(secs => ${windowMs / 1000}::double precision)`
    const { rows } = await tx.execute<{
      calls: number
      unreached: number
      answeredAt: Date | string | null
    }>(sql`
      with gone as (delete from ksef_call_counts where environment = ${environment} and minute < ${since} - interval '1 hour')
      select coalesce(sum(calls), 0)::int as calls, coalesce(sum(unreached), 0)::int as unreached,
             max(answered_at) as "answeredAt"
        from ksef_call_counts where environment = ${environment} and minute >= ${since}`)
    const { calls, unreached, answeredAt } = rows[0] ?? { calls: 0, unreached: 0, answeredAt: null }
    return { calls, unreached, answeredAt: answeredAt === null ? null : new Date(answeredAt) }
  },
  get: (environment) => findAvailability(tx, environment),
  async takeLook(environment, seconds) {
    const [taken] = await tx
      .update(table)
      .set({ nextLookAt: clockIn(seconds) })
      .where(and(eq(table.environment, environment), lte(table.nextLookAt, clock)))
      .returning()
    return taken ?? null
  },
  async save({ environment, probes, nextLookAt, ...seen }) {
    await tx
      .update(table)
      .set({ ...seen, probes: [...probes], nextLookAt: timer(nextLookAt) })
      .where(eq(table.environment, environment))
  },
  async dispatchAll(environment) {
    await tx
      .update(ksefIntegrations)
      .set({ dispatchAt: clock })
      .where(and(eq(ksefIntegrations.environment, environment), ne(ksefIntegrations.state, 'revoked')))
  },
})
