/** Events that are kept long enough: they go at the old end, what follows is numbered on, and whoever was away is told. */
import { randomUUID } from 'node:crypto'
import {
  assertEventsKept,
  type Company,
  FleetError,
  type FleetEvent,
  listEvents,
  placeEvents,
  readWebhookDelivery,
  redeliverEvent,
  retireEvents,
  retireExports,
  WebhookId,
} from '@ksef-fleet/core'
import { afterAll, expect, test } from 'vitest'
import { insertCompany, openFleet } from './fleet.ts'

const fleet = await openFleet()
const { db, admin } = fleet
afterAll(() => fleet[Symbol.asyncDispose]())

const KEEP = { months: 12, limit: 1_000 }
const PROVIDER = { scope: 'provider' } as const
const realmOf = ({ id: companyId }: Company) => ({ scope: 'company', companyId }) as const

async function tell(company: Company, ...subjects: string[]): Promise<void> {
  const events = subjects.map(
    (subject): FleetEvent => ({ type: 'integration.revoked', subject, key: subject, data: { held: 0 } }),
  )
  await db.withCompany(company.id, (tx) => tx.events.addAll(events))
  while (((await placeEvents(db))?.placed.events ?? 1) > 0);
}

const age = (months: number, ...subjects: string[]) =>
  admin.query('update events set at = now() - make_interval(months => $1) where subject = any($2)', [
    months,
    subjects,
  ])

const read = async (realm: Parameters<typeof listEvents>[1]['realm'], after = 0) =>
  (await listEvents({ db }, { realm, filter: {}, after, limit: 100 })).events

const isTold = (realm: Parameters<typeof assertEventsKept>[1], after: number) =>
  assertEventsKept({ db }, realm, after).then(
    () => false,
    (error: unknown) => error instanceof FleetError && error.code === 'EVENTS_EXPIRED',
  )

async function webhookOf({ id }: Company): Promise<WebhookId> {
  const webhook = WebhookId.parse(randomUUID())
  await admin.query(
    `insert into webhook_endpoints (id, company_id, url, name, ordered, state, secrets, failures, created_at)
     values ($1, $2, 'https://receiver.example/', '', false, 'enabled', '[]', 0, now())`,
    [webhook, id],
  )
  return webhook
}

const delivered = (webhook: WebhookId, ...subjects: string[]) =>
  admin.query(
    `update webhook_deliveries d set state = 'delivered', next_attempt_at = null, ended_at = now() from events e
      where e.id = d.event_id and d.endpoint_id = $1 and d.state = 'pending' and ($2::text[] = '{}' or e.subject = any($2))`,
    [webhook, subjects],
  )

test('old events go with what became of their deliveries, and the next ones are numbered on', async () => {
  const [busy, idle] = [await insertCompany(fleet), await insertCompany(fleet)]
  const webhook = await webhookOf(busy)
  await tell(busy, 'a', 'b')
  await tell(idle, 'i')
  await tell(busy, 'c', 'd')
  await admin.query(
    `insert into webhook_attempts (endpoint_id, event_id, number, company_id, at, duration_ms, answer)
     select $1, id, 1, company_id, now(), 1, 'ok' from events where company_id = $2`,
    [webhook, busy.id],
  )
  await age(13, 'a', 'b', 'i', 'c')
  await delivered(webhook)
  await retireEvents(db, KEEP)
  expect((await read(realmOf(busy))).map(({ subject }) => subject)).toEqual(['d'])
  // The last one of an owner stays: the next one's number follows from it.
  expect((await read(realmOf(idle))).map(({ subject, sequence }) => [subject, sequence])).toEqual([['i', 1]])
  const { rows } = await admin.query(
    `select (select count(*)::int from webhook_deliveries where endpoint_id = $1) as deliveries,
            (select count(*)::int from webhook_attempts where endpoint_id = $1) as attempts`,
    [webhook],
  )
  expect(rows).toEqual([{ deliveries: 1, attempts: 1 }])
  await tell(idle, 'j')
  await tell(busy, 'e')
  expect((await read(realmOf(busy))).map(({ sequence }) => sequence)).toEqual([4, 5])
  expect((await read(realmOf(idle))).map(({ sequence }) => sequence)).toEqual([1, 2])

  expect(await isTold(realmOf(busy), 1)).toBe(true)
  expect(await isTold(realmOf(busy), 2)).toBe(true)
  for (const after of [0, 3, 4, 5, 900]) expect(await isTold(realmOf(busy), after)).toBe(false)
  for (const after of [0, 1, 2]) expect(await isTold(realmOf(idle), after)).toBe(false)
  const kept = await read(PROVIDER)
  const first = kept.find(({ subject }) => subject === 'd')?.position ?? 0
  expect(await isTold(PROVIDER, first - 2)).toBe(true)
  expect(await isTold(PROVIDER, first - 1)).toBe(false)
  expect(await isTold(PROVIDER, 0)).toBe(false)

  await age(13, 'd', 'e', 'j')
  await delivered(webhook)
  await retireEvents(db, KEEP)
  expect((await read(realmOf(idle))).map(({ subject }) => subject)).toEqual(['j'])
  expect(await isTold(realmOf(idle), 0)).toBe(false)
})

test('they go by the handful, and young ones never', async () => {
  const company = await insertCompany(fleet)
  const subjects = Array.from({ length: 25 }, (_, index) => `n${index}`)
  await tell(company, ...subjects)
  await age(13, ...subjects.slice(0, 20))
  for (let rounds = 0; (await retireEvents(db, { ...KEEP, limit: 7 })).events === 7; rounds++)
    expect(rounds).toBeLessThan(10)
  expect((await read(realmOf(company))).map(({ subject }) => subject)).toEqual(subjects.slice(20))
})

test('records of exports go, but for those under way and the last audit', async () => {
  const company = await insertCompany(fleet)
  const integration = randomUUID()
  await admin.query(
    `insert into ksef_integrations (id, company_id, environment, context, scopes, state, permissions_in_force, grant_code, nip_proof, created_at)
     values ($1, $2, 'test', '{"type":"Nip","value":"1111111111"}', '{}', 'active', '{}', 'KOD',
             '{"method":"attested","at":"2026-01-01T00:00:00Z","by":"key:1"}', now())`,
    [integration, company.id],
  )
  await admin.query(
    `insert into ksef_sync_state (company_id, integration_id, subject_type, start_at, checkpoint, next_sync_at, updated_at)
     values ($1, $2, 'Subject2', now(), now(), now(), now())`,
    [company.id, integration],
  )
  const made = async (purpose: string, state: string, daysAgo: number) => {
    const isOver = state === 'done' || state === 'abandoned'
    await admin.query(
      `insert into ksef_exports (id, company_id, integration_id, subject_type, purpose, state, window_from, sealed_key,
         compression, polls, fetches, give_up_at, code, created_at, ended_at)
       values (gen_random_uuid(), $1, $2, 'Subject2', $3, $4, now(), 'k', 'TarGz', 0, 0, now(), $5, now(),
               case when $6 then now() - make_interval(days => $7) end)`,
      [
        company.id,
        integration,
        purpose,
        state,
        state === 'abandoned' ? 'EXPORT_LOST' : null,
        isOver,
        daysAgo,
      ],
    )
  }
  await made('audit', 'done', 400)
  await made('audit', 'done', 300)
  await made('audit', 'abandoned', 200)
  await made('sync', 'done', 200)
  await made('sync', 'done', 2)
  await made('sync', 'ordered', 0)
  expect(await retireExports(db, { days: 90, limit: 10 })).toBe(3)
  const { rows } = await admin.query<{ what: string }>(
    `select purpose || ' ' || state as what from ksef_exports where company_id = $1 order by created_at`,
    [company.id],
  )
  expect(rows.map(({ what }) => what)).toEqual(['audit done', 'sync done', 'sync ordered'])
  expect(await retireExports(db, { days: 90, limit: 10 })).toBe(0)
})

test('what an enabled webhook is still to hear of stays, and what comes after it; a disabled one holds nothing', async () => {
  const company = await insertCompany(fleet)
  const [enabled, disabled] = [await webhookOf(company), await webhookOf(company)]
  const subjects = async () => (await read(realmOf(company))).map(({ subject }) => subject)
  await tell(company, 'w1', 'w2', 'w3', 'w4')
  await admin.query(`update webhook_endpoints set state = 'disabled' where id = $1`, [disabled])
  await delivered(enabled, 'w1', 'w3')
  await age(13, 'w1', 'w2', 'w3', 'n20', 'n21', 'n22', 'n23', 'n24')
  await retireEvents(db, KEEP)
  expect(await subjects()).toEqual(['w2', 'w3', 'w4'])
  expect([await isTold(realmOf(company), 0), await isTold(realmOf(company), 1)]).toEqual([false, false])
  await delivered(enabled)
  await tell(company, 'w5')
  await age(13, 'w4')
  await retireEvents(db, KEEP)
  expect(await subjects()).toEqual(['w5'])
  const { rows } = await admin.query(
    'select count(*)::int as count from webhook_deliveries where endpoint_id = any($1)',
    [[enabled, disabled]],
  )
  expect(rows).toEqual([{ count: 1 }])
})

test('what waits for a disabled webhook is dead a week before its event goes, with the reason, and goes again on demand', async () => {
  const company = await insertCompany(fleet)
  const [disabled, other, enabled] = [
    await webhookOf(company),
    await webhookOf(company),
    await webhookOf(company),
  ]
  await tell(company, 'p1', 'p2', 'p3', 'p4')
  await delivered(disabled, 'p1')
  const goesIn = (days: number, ...subjects: string[]) =>
    admin.query(
      `update events set at = now() - interval '12 months' + make_interval(days => $1) where subject = any($2)`,
      [days, subjects],
    )
  await goesIn(6, 'p1', 'p2', 'p3')
  await goesIn(8, 'p4')
  await admin.query(`update webhook_endpoints set state = 'disabled' where id = any($1)`, [[disabled, other]])
  // A worker has it in its hands still.
  await admin.query(
    `update webhook_deliveries set lease_until = now() + interval '1 minute' where endpoint_id = $1 and event_id =
       (select id from events where subject = 'p3' and company_id = $2)`,
    [disabled, company.id],
  )
  const stateOf = async (webhook: WebhookId, sequence: number) => {
    const event = { companyId: company.id, sequence }
    const { delivery } = await readWebhookDelivery({ db }, { owner: company.id, webhookId: webhook, event })
    return [delivery.state, delivery.code, delivery.nextAttemptAt === null, delivery.endedAt !== null]
  }
  const DEAD = ['dead', 'WEBHOOK_DISABLED_TOO_LONG', true, true]
  const WAITS = ['pending', null, false, false]
  // Nothing is dropped while there may be more to give up.
  expect(await retireEvents(db, { ...KEEP, limit: 2 })).toEqual({ events: 0, givenUp: 2 })
  expect((await retireEvents(db, KEEP)).givenUp).toBe(2)
  expect((await retireEvents(db, KEEP)).givenUp).toBe(0)
  expect(await Promise.all([1, 2, 3, 4].map((sequence) => stateOf(disabled, sequence)))).toEqual([
    ['delivered', null, true, true],
    DEAD,
    WAITS,
    WAITS,
  ])
  for (const sequence of [1, 2, 3]) expect(await stateOf(other, sequence)).toEqual(DEAD)
  for (const sequence of [1, 2, 3, 4]) expect(await stateOf(enabled, sequence)).toEqual(WAITS)
  expect((await read(realmOf(company))).map(({ subject }) => subject)).toEqual(['p1', 'p2', 'p3', 'p4'])

  await admin.query(`update webhook_endpoints set state = 'enabled' where id = $1`, [other])
  const again = { owner: company.id, webhookId: other, event: { companyId: company.id, sequence: 2 } }
  await redeliverEvent({ db }, again)
  await retireEvents(db, KEEP)
  expect((await stateOf(other, 2))[0]).toBe('pending')
})

test('of two that retire at once the mark stays at the farther place', async () => {
  const company = await insertCompany(fleet)
  await tell(company, 'm1', 'm2')
  // Whatever is young ends what is old.
  await age(13, 'm1', 'w5')
  const far = 1_000_000
  await admin.query('begin')
  await admin.query(
    `insert into event_retirement (position) values ($1) on conflict (is_only) do update set position = excluded.position`,
    [far],
  )
  const retiring = retireEvents(db, KEEP)
  await expect.poll(waitsForALock).toBe(true)
  await admin.query('commit')
  await retiring
  const { rows } = await admin.query('select position::int from event_retirement')
  expect(rows).toEqual([{ position: far }])
})

async function waitsForALock(): Promise<boolean> {
  // Within a transaction it would answer the same each time.
  await admin.query('select pg_stat_clear_snapshot()')
  const { rows } = await admin.query<{ count: number }>(
    `select count(*)::int as count from pg_stat_activity
      where datname = current_database() and wait_event_type = 'Lock' and query like '%event_retirement%'`,
  )
  return rows[0]?.count === 1
}
