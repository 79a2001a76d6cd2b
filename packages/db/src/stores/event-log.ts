/**
 * The order of events. An identity column hands out its numbers before its transactions commit, so whoever reads on after
 * the highest number it has seen misses what committed late. Here a place in the log is given to what is committed already,
 * by one worker at a time, each batch on top of the one before: nothing ever comes before what was seen.
 *
 * Within a batch events go by their ids. Who could know of an event (its transaction had committed) wrote its own later,
 * under a higher id, and so comes after it, whichever batches they fall into.
 */
import type { ErrorCode, EventLog, Placed } from '@ksef-fleet/core'
import { sql } from 'drizzle-orm'
import type { Tx } from '../transaction.ts'

/** Any number, as long as it is always this one: whoever gives places holds it, the others leave. */
const LOG_LOCK = 7_234_006

const NO_COMPANY = '00000000-0000-0000-0000-000000000000'

type Row = { events: number; owners: Placed['owners'] | null; webhooks: Placed['webhooks'] | null }

export const eventLog = (tx: Tx): EventLog => ({
  async place(limit) {
    const { rows } = await tx.execute<{ mine: boolean }>(
      sql`select pg_try_advisory_xact_lock(${LOG_LOCK}) as mine`,
    )
    if (rows[0]?.mine !== true) return null
    // Another statement than the lock's: it must see what the holder before has committed.
    const placed = await tx.execute<Row>(placing(limit))
    const [row] = placed.rows
    return { events: row?.events ?? 0, owners: row?.owners ?? [], webhooks: row?.webhooks ?? [] }
  },
  async giveUp(before, limit) {
    const { rowCount } = await tx.execute(givingUp(before, limit))
    return rowCount ?? 0
  },
  async retire(before, limit) {
    const { rows } = await tx.execute<{ count: number }>(retiring(before, limit))
    return rows[0]?.count ?? 0
  },
})

const GIVEN_UP: ErrorCode = 'WEBHOOK_DISABLED_TOO_LONG'

/**
 * Whoever enables a webhook or delivers to it takes its row first, so it stays disabled until this ends; workers that give up at
 * once take different deliveries.
 */
const givingUp = (before: Date, limit: number) => sql`
  with waits as materialized (
    select d.endpoint_id, d.event_id
      from webhook_endpoints w
      join webhook_deliveries d on d.endpoint_id = w.id and d.state = 'pending'
       and (d.lease_until is null or d.lease_until <= clock_timestamp())
      join events e on e.id = d.event_id
     where w.state = 'disabled' and e.at < ${before.toISOString()}::timestamptz
     limit ${limit} for share of w for update of d skip locked
  )
  update webhook_deliveries d
     set state = 'dead', code = ${GIVEN_UP}, next_attempt_at = null, lease_until = null, fence = d.fence + 1,
         ended_at = clock_timestamp()
    from waits where d.endpoint_id = waits.endpoint_id and d.event_id = waits.event_id and d.state = 'pending'`

/**
 * From where it ended last time, so that what stays of idle owners is not looked at each time; once such an owner has later
 * events that go, it goes with them. So does what a webhook waits for.
 */
const retiring = (before: Date, limit: number) => sql`
  with next as materialized (
    select id, company_id, sequence, position, at from events
     where position > coalesce((select position from event_retirement), 0)
     order by position limit ${limit}
  ), old as materialized (
    select * from next where position < coalesce(
      (select min(position) from next where at >= ${before.toISOString()}::timestamptz), ${Number.MAX_SAFE_INTEGER}::bigint)
  ), last as materialized (
    -- The last event of its owner stays, and what stayed before it goes.
    select o.company_id, max(o.sequence - case when exists (
             select from events later where later.company_id is not distinct from o.company_id
                and later.sequence > o.sequence) then 0 else 1 end) as through
      from old o group by o.company_id
  ), waiting as materialized (
    -- What an enabled webhook is still to hear of stays, with all of its owner's that comes after: a log has no gaps.
    select o.company_id, min(first.position) as position
      from last o
      join webhook_endpoints w on w.state = 'enabled' and (w.company_id is null or w.company_id = o.company_id)
     cross join lateral (
       select d.position from webhook_deliveries d
        where d.endpoint_id = w.id and d.state = 'pending' and d.lane = coalesce(o.company_id, ${NO_COMPANY}::uuid)
          and exists (select from events e where e.id = d.event_id)
        order by d.position limit 1) as first
     group by o.company_id
  ), dropped as (
    delete from events e using last
     where e.sequence <= last.through
       and not exists (
         select from waiting w where w.company_id is not distinct from last.company_id and w.position <= e.position)
       and (e.company_id = last.company_id or (e.company_id is null and last.company_id is null))
    returning e.id, e.company_id
  ), whose as materialized (
    select d.id, w.id as endpoint_id from dropped d join webhook_endpoints w
        on w.company_id is null or w.company_id = d.company_id
  ), undelivered as (
    delete from webhook_deliveries d using whose w where d.endpoint_id = w.endpoint_id and d.event_id = w.id
  ), untold as (
    delete from webhook_attempts a using whose w where a.endpoint_id = w.endpoint_id and a.event_id = w.id
  ), noted as (
    insert into event_retirement (position) select max(position) from old having max(position) is not null
    on conflict (is_only) do update set position = greatest(event_retirement.position, excluded.position)
  )
  select count(*)::int as count from old`

/** The heads are looked up one by one in their index; a comparison that lets null equal null could not use it. */
const placing = (limit: number) => sql`
  with unplaced as materialized (
    select id, company_id, type, subject from events where position is null order by id limit ${limit}
  ), heads as materialized (
    select company_id,
           case when company_id is null
             then (select max(e.sequence) from events e where e.company_id is null)
             else (select max(e.sequence) from events e where e.company_id = c.company_id)
           end as head
      from (select distinct company_id from unplaced) as c
  ), numbered as materialized (
    select u.id, u.company_id, u.type, u.subject,
           coalesce(h.head, 0) + row_number() over (partition by u.company_id order by u.id) as sequence,
           coalesce((select max(position) from events), 0) + row_number() over (order by u.id) as position
      from unplaced u join heads h on h.company_id is not distinct from u.company_id
  ), placed as (
    update events e set sequence = n.sequence, position = n.position from numbered n where e.id = n.id
  ), delivered as (
    insert into webhook_deliveries
      (endpoint_id, event_id, company_id, lane, position, state, attempts, tries, fence, next_attempt_at, created_at)
    select w.id, n.id, w.company_id, coalesce(n.company_id, ${NO_COMPANY}::uuid), n.position, 'pending', 0, 0, 0,
           clock_timestamp(), clock_timestamp()
      from numbered n join webhook_endpoints w
        on w.state = 'enabled' and (w.company_id is null or w.company_id = n.company_id)
       and case when n.type = 'webhook.test' then w.id::text = n.subject
                else w.types is null or n.type = any (w.types) end
     order by n.position
    on conflict do nothing
    returning endpoint_id, company_id
  )
  select (select count(*)::int from numbered) as events,
         (select json_agg(company_id) from heads) as owners,
         (select json_agg(json_build_object('owner', company_id, 'webhookId', endpoint_id))
            from (select distinct company_id, endpoint_id from delivered) as those) as webhooks`
