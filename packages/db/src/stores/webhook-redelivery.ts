import type { CompanyId, WebhookId, WebhookStore } from '@ksef-fleet/core'
import { type SQL, sql } from 'drizzle-orm'
import type { Tx } from '../transaction.ts'

const NO_COMPANY = '00000000-0000-0000-0000-000000000000'

/** @param companyId whose webhooks; null: the provider's, which hear of everyone */
export const webhookRedelivery = (
  tx: Tx,
  companyId: CompanyId | null,
): Pick<WebhookStore, 'redeliver' | 'redeliverOne'> => ({
  async redeliver(id, { after, through, types, delivered, limit }) {
    const place = companyId === null ? sql`position` : sql`sequence`
    const mine = companyId === null ? sql`` : sql`and company_id = ${companyId}`
    const wanted = types === null ? sql`` : sql`and type = any (${sql.param([...types])}::text[])`
    const chosen = sql`
      select id, company_id, position, ${place} as place from events
       where ${place} > ${after} and ${place} <= ${through} ${mine} ${wanted}
         and (type <> 'webhook.test' or subject = ${id}::text)
       order by ${place} limit ${limit}`
    const { events, last, chosenCount } = await makeDue(tx, { id, companyId, chosen, delivered })
    return { events, through: chosenCount === limit && last !== null ? last : through }
  },
  async redeliverOne(id, event) {
    const chosen = sql`
      select id, company_id, position, position as place from events
       where company_id is not distinct from ${event.companyId}::uuid and sequence = ${event.sequence}`
    const made = await makeDue(tx, { id, companyId, chosen, delivered: true })
    return made.chosenCount > 0
  },
})

async function makeDue(
  tx: Tx,
  at: { id: WebhookId; companyId: CompanyId | null; chosen: SQL; delivered: boolean },
): Promise<{ events: number; last: number | null; chosenCount: number }> {
  const again = at.delivered ? sql`` : sql`and d.state <> 'delivered'`
  const { rows } = await tx.execute<{ events: number; last: string | null; chosen: number }>(sql`
    with chosen as materialized (${at.chosen}), due as (
      insert into webhook_deliveries as d
        (endpoint_id, event_id, company_id, lane, position, state, attempts, tries, fence, next_attempt_at, created_at)
      select ${at.id}::uuid, id, ${at.companyId}::uuid, coalesce(company_id, ${NO_COMPANY}::uuid), position, 'pending',
             0, 0, 0, clock_timestamp(), clock_timestamp()
        from chosen
      on conflict (endpoint_id, event_id) do update
         set state = 'pending', tries = 0, next_attempt_at = clock_timestamp(), ended_at = null
       where (d.lease_until is null or d.lease_until <= clock_timestamp()) ${again}
      returning 1
    )
    select (select count(*)::int from due) as events, (select count(*)::int from chosen) as chosen,
           (select max(place) from chosen) as last`)
  const [row] = rows
  return {
    events: row?.events ?? 0,
    last: row?.last == null ? null : Number(row.last),
    chosenCount: row?.chosen ?? 0,
  }
}
