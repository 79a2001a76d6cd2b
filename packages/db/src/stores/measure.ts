import { FAILURES_TOLD_FROM, type SubmissionState, type SystemTransaction } from '@ksef-fleet/core'
import { isNull, sql } from 'drizzle-orm'
import { ksefMissingDocuments, ksefSyncState, outbox, submissions } from '../tables.ts'
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
    const [syncs] = await tx
      .select({
        late: sql<number>`count(*) filter (where ${ksefSyncState.lateAt} <= clock_timestamp())::int`,
        failing: sql<number>`count(*) filter (where ${ksefSyncState.failures} >= ${FAILURES_TOLD_FROM}
          or (${ksefSyncState.auditFailure} ->> 'failures')::int >= ${FAILURES_TOLD_FROM})::int`,
        held: sql<number>`count(*) filter (where ${ksefSyncState.held} is not null)::int`,
        oldestSeconds: sql<number>`coalesce(extract(epoch from clock_timestamp()
          - min(${ksefSyncState.checkpoint}) filter (where ${ksefSyncState.held} is null)), 0)::float8`,
      })
      .from(ksefSyncState)
    const [missing] = await tx
      .select({ count: sql<number>`count(*)::int` })
      .from(ksefMissingDocuments)
      .where(isNull(ksefMissingDocuments.endedAt))
    const { rows } = await tx.execute<Told>(told)
    const [{ unplacedEvents, offline, ...webhooks } = NOTHING_TOLD] = rows
    const states: Partial<Record<SubmissionState, number>> = {}
    for (const { state, count } of counts) states[state] = count
    return {
      submissions: states,
      outbox: waiting ?? { waiting: 0, oldestSeconds: 0 },
      inbox: {
        ...(syncs ?? { late: 0, failing: 0, held: 0, oldestSeconds: 0 }),
        missing: missing?.count ?? 0,
      },
      unplacedEvents,
      offline,
      webhooks,
    }
  }

type Told = {
  offline: { waiting: number; late: number; dueToday: number }
  unplacedEvents: number
  due: number
  oldestSeconds: number
  disabled: number
}

const NOTHING_TOLD: Told = {
  offline: { waiting: 0, late: 0, dueToday: 0 },
  unplacedEvents: 0,
  due: 0,
  oldestSeconds: 0,
  disabled: 0,
}

const told = sql`
  select (select json_build_object(
            'waiting', count(*),
            'late', count(*) filter (where deadline < (statement_timestamp() at time zone 'Europe/Warsaw')::date),
            'dueToday', count(*) filter (where deadline = (statement_timestamp() at time zone 'Europe/Warsaw')::date))
            from submissions
           where offline_mode is not null and deadline is not null
             and state not in ('registered', 'receipted') and state <> 'rejected') as offline,
         (select count(*)::int from events where position is null) as "unplacedEvents", waiting.due,
         waiting."oldestSeconds",
         (select count(*)::int from webhook_endpoints where state = 'disabled' and disabled_code is not null) as disabled
    from (select count(*)::int as due,
                 coalesce(extract(epoch from clock_timestamp() - min(d.next_attempt_at)), 0)::float8 as "oldestSeconds"
            from webhook_endpoints w join webhook_deliveries d on d.endpoint_id = w.id
           where w.state = 'enabled' and d.state = 'pending' and d.next_attempt_at <= statement_timestamp()) as waiting`
