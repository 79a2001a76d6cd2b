/** Deliveries as the workers take them, and what became of them. */
import type { ClaimedDelivery, CompanyId, StoredEvent, WebhookId, WebhookStore } from '@ksef-fleet/core'
import { type SQL, sql } from 'drizzle-orm'
import type { Tx } from '../transaction.ts'

type Claims = Pick<WebhookStore, 'claim' | 'record' | 'release'>

type Held = Omit<ClaimedDelivery, 'event'>
type Told = Omit<StoredEvent, 'at' | 'sequence' | 'position'> & {
  at: string
  sequence: string
  position: string
}
/** Without a type its event is gone, or none that the owner may hear of. */
type Row = Held & (Told | { type: null })
type Wanted = {
  webhook: Parameters<WebhookStore['claim']>[0]
  claim: Parameters<WebhookStore['claim']>[1]
}

export const webhookClaims = (tx: Tx, companyId: CompanyId | null): Claims => ({
  async claim(webhook, claim) {
    for (;;) {
      const rows = await take(tx, companyId, { webhook, claim })
      const gone = rows.filter(({ type }) => type === null)
      await bury(tx, webhook.id, gone)
      if (gone.length === 0 || gone.length < rows.length)
        return rows.flatMap((row) => (row.type === null ? [] : [claimedOf(row)]))
    }
  },
  async record(id, results) {
    const lines = results.map(({ eventId, at, nextAttemptAt, durationMs, ...rest }) => ({
      event_id: eventId,
      at: at.toISOString(),
      next_attempt_at: nextAttemptAt?.toISOString() ?? null,
      duration_ms: Math.round(durationMs),
      ...rest,
    }))
    await tx.execute(sql`
      with results as materialized (
        select *, row_number() over (partition by event_id order by ordinality) as nth,
               count(*) over (partition by event_id) as times
          from rows from (jsonb_to_recordset(${JSON.stringify(lines)}::jsonb) as (
                 event_id bigint, fence integer, at timestamptz, duration_ms integer, status integer, code text,
                 answer text, state text, next_attempt_at timestamptz, held boolean)) with ordinality
      ), recorded as (
        update webhook_deliveries d
           set state = r.state, attempts = d.attempts + r.times, tries = d.tries + r.times, status = r.status, code = r.code,
               next_attempt_at = case when r.state = 'pending' then greatest(r.next_attempt_at, clock_timestamp()) end,
               lease_until = case when r.held then d.lease_until end,
               ended_at = case when r.state = 'pending' then null else clock_timestamp() end
          from results r
         where d.endpoint_id = ${id} and d.event_id = r.event_id and d.fence = r.fence and d.state = 'pending'
           and r.nth = r.times
        returning d.event_id, d.company_id, d.attempts - r.times as before
      )
      insert into webhook_attempts (endpoint_id, event_id, number, company_id, at, duration_ms, status, code, answer)
      select ${id}::uuid, r.event_id, d.before + r.nth, d.company_id, r.at, r.duration_ms, r.status, r.code, r.answer
        from recorded d join results r on r.event_id = d.event_id`)
  },
  async release(id, claims) {
    await tx.execute(sql`
      update webhook_deliveries d set lease_until = null
        from unnest(${sql.param(claims.map(({ eventId }) => eventId))}::bigint[],
                    ${sql.param(claims.map(({ fence }) => fence))}::integer[]) as c (event_id, fence)
       where d.endpoint_id = ${id} and d.event_id = c.event_id and d.fence = c.fence and d.state = 'pending'`)
  },
})

async function take(
  tx: Tx,
  companyId: CompanyId | null,
  { webhook: { id, ordered }, claim: { limit, laneMax, leaseSeconds } }: Wanted,
): Promise<Row[]> {
  const due = ordered ? firstOfLanes(id, { limit, laneMax }) : earliest(id, limit)
  // The event is read under row-level security: whatever the delivery names, it is the owner's or nothing.
  const { rows } = await tx.execute<Row>(sql`
    with ${due}, claimed as (
      update webhook_deliveries d
         set lease_until = clock_timestamp() + make_interval(secs => ${leaseSeconds}::double precision),
             fence = d.fence + 1
        from due where d.endpoint_id = ${id} and d.event_id = due.event_id
         -- As it is once nobody writes to it any more: it may have arrived meanwhile.
         and d.state = 'pending' and (d.lease_until is null or d.lease_until <= statement_timestamp())
      returning d.event_id, d.fence, d.tries, d.lane, d.position
    )
    select c.event_id::text as "eventId", c.fence, c.tries, c.lane, e.company_id as "companyId", e.sequence,
           e.position, e.type, e.version, e.subject, e.data,
           to_char(e.at at time zone 'utc', 'YYYY-MM-DD"T"HH24:MI:SS.MS"Z"') as at
      from claimed c
      left join events e on e.id = c.event_id and (${companyId}::uuid is null or e.company_id = ${companyId}::uuid)
     order by c.position`)
  return rows
}

function claimedOf({
  eventId,
  fence,
  tries,
  lane,
  at,
  sequence,
  position,
  ...event
}: Held & Told): ClaimedDelivery {
  const place = { sequence: Number(sequence), position: Number(position) }
  return { eventId, fence, tries, lane, event: { ...event, ...place, at: new Date(at) } }
}

/** What has no event can never arrive, and would hold up what is behind it. */
async function bury(tx: Tx, id: WebhookId, gone: readonly Held[]): Promise<void> {
  if (gone.length === 0) return
  await tx.execute(sql`
    update webhook_deliveries
       set state = 'dead', code = 'EVENTS_EXPIRED', next_attempt_at = null, lease_until = null, ended_at = clock_timestamp()
     where endpoint_id = ${id} and event_id = any(${sql.param(gone.map(({ eventId }) => eventId))}::bigint[])`)
}

const FREE = sql`next_attempt_at <= statement_timestamp() and (lease_until is null or lease_until <= statement_timestamp())`

const earliest = (id: WebhookId, limit: number): SQL => sql`
  due as materialized (
    select event_id from webhook_deliveries
     where endpoint_id = ${id} and state = 'pending' and ${FREE}
     order by next_attempt_at, position
     limit ${limit}
  )`

/**
 * The first of each lane, from one to the next through the index: a lane may be thousands long. A lane of which anything is held
 * is left alone: what was made due again stands in front of what its worker has in its hands.
 */
const firstOfLanes = (id: WebhookId, { limit, laneMax }: { limit: number; laneMax: number }): SQL => {
  const columns = sql`lane, next_attempt_at, lease_until`
  const pending = sql`from webhook_deliveries where endpoint_id = ${id} and state = 'pending'`
  return sql`
  recursive heads as (
    (select ${columns} ${pending} order by lane, position limit 1)
    union all
    select n.* from heads h cross join lateral (
      select ${columns} ${pending} and lane > h.lane order by lane, position limit 1) as n
  ), due as materialized (
    select first.event_id
      from (select lane from heads where ${FREE} and not exists (
              select ${pending} and lane = heads.lane and lease_until > statement_timestamp())
             order by next_attempt_at limit ${limit}) as free
     cross join lateral (
       select event_id ${pending} and lane = free.lane order by position limit ${laneMax}) as first
  )`
}
