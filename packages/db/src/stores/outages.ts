import type { KsefEnvironment, OutageStore } from '@ksef-fleet/core'
import { and, desc, eq, isNull, sql } from 'drizzle-orm'
import { clock } from '../database-clock.ts'
import { ksefAvailability, ksefOutages as table } from '../tables.ts'
import type { Tx } from '../transaction.ts'

/** Deadlines note it as a `Date` does, so it has whole milliseconds; it only grows, however fast changes come. */
const nextChange = sql<Date>`date_trunc('milliseconds', greatest(
  ${ksefAvailability.outagesChangedAt} + interval '1 millisecond', clock_timestamp()))`

/** An end that an administrator told stays while the lighthouse tells none, unless the outage now begins after it. */
const END = sql.raw('coalesce(excluded.end_at, case when o.end_at >= excluded.start_at then o.end_at end)')

/** Whatever changes is noted beside the availability: deadlines are worked out by it anew. */
export function outageStore(tx: Tx): OutageStore {
  const changed = async (environment: KsefEnvironment): Promise<void> => {
    await tx
      .update(ksefAvailability)
      .set({ outagesChangedAt: nextChange })
      .where(eq(ksefAvailability.environment, environment))
  }
  return {
    list: async (environment) => {
      const rows = await tx
        .select()
        .from(table)
        .where(eq(table.environment, environment))
        .orderBy(desc(table.startAt), desc(table.id))
      return rows.map(outageOf)
    },
    async insert({ announced, start, end, ...outage }) {
      await tx.insert(table).values({ ...outage, announcedAt: announced, startAt: start, endAt: end })
      await changed(outage.environment)
    },
    async end(id, at) {
      const [ended] = await tx
        .update(table)
        .set({ endAt: at })
        .where(and(eq(table.id, id), isNull(table.endAt), isNull(table.withdrawnAt)))
        .returning({ environment: table.environment })
      if (ended !== undefined) await changed(ended.environment)
      return ended !== undefined
    },
    async withdraw(id) {
      const [withdrawn] = await tx
        .update(table)
        .set({ withdrawnAt: clock })
        .where(and(eq(table.id, id), isNull(table.withdrawnAt)))
        .returning({ environment: table.environment })
      if (withdrawn !== undefined) await changed(withdrawn.environment)
      return withdrawn !== undefined
    },
    async takeOver(environment, told) {
      let news = 0
      for (const { reference, kind, announced, start, end } of told) {
        const { rowCount } = await tx.execute(sql`
          insert into ksef_outages as o
            (id, environment, kind, announced_at, start_at, end_at, source, reference, created_at)
          values (gen_random_uuid(), ${environment}, ${kind}, ${announced.toISOString()}, ${start.toISOString()},
                  ${end?.toISOString() ?? null}, 'lighthouse', ${reference}, clock_timestamp())
          on conflict (environment, reference) where reference is not null do update
             set kind = excluded.kind, announced_at = excluded.announced_at, start_at = excluded.start_at,
                 end_at = ${END}
           where (o.kind, o.announced_at, o.start_at) is distinct from
                 (excluded.kind, excluded.announced_at, excluded.start_at)
              or o.end_at is distinct from ${END}`)
        news += rowCount ?? 0
      }
      if (news > 0) await changed(environment)
      return news > 0
    },
  }
}

const outageOf = ({ announcedAt, startAt, endAt, ...row }: typeof table.$inferSelect) => ({
  ...row,
  announced: announcedAt,
  start: startAt,
  end: endAt,
})
