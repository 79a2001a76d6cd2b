import { randomUUID } from 'node:crypto'
import {
  type ClaimedDelivery,
  type Company,
  type DeliveryResult,
  type FleetEvent,
  placeEvents,
  type Webhook,
  WebhookId,
  type WebhookStore,
} from '@ksef-fleet/core'
import { afterAll, expect, test } from 'vitest'
import { insertCompany, openFleet } from './fleet.ts'

const fleet = await openFleet()
const { db, admin } = fleet
afterAll(() => fleet[Symbol.asyncDispose]())

const CLAIM = { limit: 100, laneMax: 100, leaseSeconds: 60 }

const newWebhook = (companyId: Webhook['companyId'], set: Partial<Webhook> = {}): Webhook => ({
  id: WebhookId.parse(randomUUID()),
  companyId,
  url: 'https://receiver.example/',
  name: '',
  types: null,
  ordered: false,
  state: 'enabled',
  disabledCode: null,
  disabledAt: null,
  secrets: [],
  failingSince: null,
  failures: 0,
  blockedUntil: null,
  createdAt: new Date(),
  ...set,
})

const within = <T>({ companyId }: Webhook, work: (store: WebhookStore) => Promise<T>): Promise<T> =>
  companyId === null
    ? db.asSystem('manage-webhooks', ({ webhooks }) => work(webhooks))
    : db.withCompany(companyId, ({ webhooks }) => work(webhooks))

async function insert(webhook: Webhook): Promise<Webhook> {
  await within(webhook, (store) => store.insert(webhook))
  return webhook
}

const claim = (webhook: Webhook, set: Partial<typeof CLAIM> = {}) =>
  within(webhook, async (store) => {
    await store.lock(webhook.id)
    return store.claim(webhook, { ...CLAIM, ...set })
  })

const subjectsOf = (claimed: readonly ClaimedDelivery[]) => claimed.map(({ event }) => event.subject)

async function tell(company: Company, ...subjects: string[]): Promise<void> {
  const events = subjects.map(
    (subject): FleetEvent => ({ type: 'integration.revoked', subject, key: subject, data: { held: 0 } }),
  )
  await db.withCompany(company.id, (tx) => tx.events.addAll(events))
  await placeEvents(db)
}

const result = ({ eventId, fence }: ClaimedDelivery, set: Partial<DeliveryResult> = {}): DeliveryResult => ({
  eventId,
  fence,
  at: new Date(),
  durationMs: 5,
  status: 200,
  code: null,
  answer: null,
  state: 'delivered',
  nextAttemptAt: null,
  held: false,
  ...set,
})

const refused = (one: ClaimedDelivery, inMs: number): DeliveryResult =>
  result(one, {
    ...{ status: 500, code: 'WEBHOOK_REFUSED', answer: 'no', state: 'pending' },
    nextAttemptAt: new Date(Date.now() + inMs),
  })

test('an event goes to the webhooks that want it: its company’s and the provider’s, of its type, enabled', async () => {
  const [one, other] = [await insertCompany(fleet), await insertCompany(fleet)]
  const wanted = [
    await insert(newWebhook(one.id)),
    await insert(newWebhook(one.id, { types: ['integration.revoked'] })),
    await insert(newWebhook(null)),
  ]
  const unwanted = [
    await insert(newWebhook(other.id)),
    await insert(newWebhook(one.id, { types: ['invoice.held'] })),
    await insert(newWebhook(one.id, { state: 'disabled' })),
    await insert(newWebhook(one.id, { state: 'removed' })),
  ]
  await tell(one, 'a')
  for (const webhook of wanted) expect(subjectsOf(await claim(webhook))).toEqual(['a'])
  for (const webhook of unwanted) expect(await claim(webhook)).toEqual([])
})

test('a test goes to its own webhook alone, whatever types that one takes', async () => {
  const company = await insertCompany(fleet)
  const tested = await insert(newWebhook(company.id, { types: ['invoice.held'] }))
  const beside = await insert(newWebhook(company.id))
  const data = { webhookId: tested.id }
  await db.withCompany(company.id, (tx) =>
    tx.events.add({ type: 'webhook.test', subject: tested.id, key: 'test', data }),
  )
  await placeEvents(db)
  expect(await claim(tested)).toHaveLength(1)
  expect(await claim(beside)).toEqual([])
})

test('what is made due again in front of a lane that a worker holds waits until the lane is free', async () => {
  const company = await insertCompany(fleet)
  const webhook = await insert(newWebhook(company.id, { ordered: true }))
  await tell(company, 'a', 'b', 'c')
  const [first] = (await claim(webhook, { laneMax: 1 })) as [ClaimedDelivery]
  await within(webhook, (store) => store.record(webhook.id, [result(first)]))
  const held = await claim(webhook)
  expect(subjectsOf(held)).toEqual(['b', 'c'])
  await within(webhook, (store) => store.redeliverOne(webhook.id, first.event))
  expect(subjectsOf(await claim(webhook))).toEqual([])
  await within(webhook, (store) => store.release(webhook.id, held))
  expect(subjectsOf(await claim(webhook))).toEqual(['a', 'b', 'c'])
})

test('what arrived while a claim for it waited is not claimed', async () => {
  const company = await insertCompany(fleet)
  const webhook = await insert(newWebhook(company.id))
  await tell(company, 'a')
  const mine = await claim(webhook, { leaseSeconds: 0 })
  const waiting = await within(webhook, async (store) => {
    await store.record(
      webhook.id,
      mine.map((one) => result(one)),
    )
    const theirs = claim(webhook)
    await expect.poll(claimsThatWait).toBe(1)
    return { theirs }
  })
  expect(await waiting.theirs).toEqual([])
})

async function claimsThatWait(): Promise<number> {
  const { rows } = await admin.query<{ count: number }>(
    `select count(*)::int as count from pg_stat_activity
      where datname = current_database() and wait_event_type = 'Lock' and query like '%webhook_deliveries%'`,
  )
  return rows[0]?.count ?? 0
}

test('what one worker has taken no other takes, until its lease is over; then its word counts no more', async () => {
  const company = await insertCompany(fleet)
  const webhook = await insert(newWebhook(company.id))
  await tell(company, 'a')
  const [mine] = (await claim(webhook, { leaseSeconds: 0.2 })) as [ClaimedDelivery]
  expect(await claim(webhook)).toEqual([])
  const theirs: ClaimedDelivery[] = []
  await expect
    .poll(async () => {
      theirs.push(...(await claim(webhook)))
      return theirs.length
    })
    .toBe(1)
  await within(webhook, (store) => store.record(webhook.id, [result(mine)]))
  const state = () =>
    within(webhook, async (store) => (await store.deliveries(webhook.id, { limit: 10 }))[0]?.state)
  expect(await state()).toBe('pending')
  await within(webhook, (store) =>
    store.record(
      webhook.id,
      theirs.map((one) => result(one)),
    ),
  )
  expect(await state()).toBe('delivered')
})

test.each([true, false])(
  'what has lost its event holds up nothing behind it (ordered: %s)',
  async (ordered) => {
    const company = await insertCompany(fleet)
    const webhook = await insert(newWebhook(company.id, { ordered }))
    await tell(company, 'a', 'b', 'c')
    await admin.query(`delete from events where company_id = $1 and subject in ('a', 'b')`, [company.id])
    expect(subjectsOf(await claim(webhook, { limit: 1, laneMax: 1 }))).toEqual(['c'])
    const { rows } = await admin.query(
      'select state, code from webhook_deliveries where endpoint_id = $1 order by position',
      [webhook.id],
    )
    const dead = { state: 'dead', code: 'EVENTS_EXPIRED' }
    expect(rows).toEqual([dead, dead, { state: 'pending', code: null }])
    await admin.query(
      `update webhook_deliveries set state = 'pending', next_attempt_at = now() where endpoint_id = $1 and state = 'dead'`,
      [webhook.id],
    )
    expect(await claim(webhook, { limit: 1, laneMax: 1 })).toEqual([])
  },
)

test('two workers that claim at once share the work', async () => {
  const company = await insertCompany(fleet)
  for (const ordered of [true, false]) {
    const webhook = await insert(newWebhook(company.id, { ordered }))
    await tell(company, ...Array.from({ length: 20 }, (_, number) => `${ordered}-${number}`))
    const claims = await Promise.all(Array.from({ length: 4 }, () => claim(webhook, { limit: 10 })))
    const all = claims.flat().map(({ eventId }) => eventId)
    expect(new Set(all).size).toBe(all.length)
    expect(all.length).toBe(20)
  }
})

test('an ordered webhook’s lanes go apart, each in its order, and one that waits holds up those behind it', async () => {
  const [one, other] = [await insertCompany(fleet), await insertCompany(fleet)]
  const webhook = await insert(newWebhook(null, { ordered: true }))
  await tell(one, 'a1', 'a2', 'a3')
  await tell(other, 'b1', 'b2')
  const first = await claim(webhook, { laneMax: 2 })
  expect(subjectsOf(first)).toEqual(['a1', 'a2', 'b1', 'b2'])
  const [a1, a2, b1, b2] = first as [ClaimedDelivery, ClaimedDelivery, ClaimedDelivery, ClaimedDelivery]
  await within(webhook, async (store) => {
    await store.record(webhook.id, [refused(a1, 60_000), result(b1)])
    await store.release(webhook.id, [a2, b2])
  })
  expect(subjectsOf(await claim(webhook))).toEqual(['b2'])
  await admin.query('update webhook_deliveries set next_attempt_at = now() where event_id = $1', [a1.eventId])
  expect(subjectsOf(await claim(webhook))).toEqual(['a1', 'a2', 'a3'])
})

test('attempts are kept, and what was tried goes on from where it was', async () => {
  const company = await insertCompany(fleet)
  const webhook = await insert(newWebhook(company.id))
  await tell(company, 'a')
  const [first] = (await claim(webhook)) as [ClaimedDelivery]
  await within(webhook, (store) => store.record(webhook.id, [refused(first, 0)]))
  const [second] = (await claim(webhook)) as [ClaimedDelivery]
  expect(second.tries).toBe(1)
  await within(webhook, (store) => store.record(webhook.id, [result(second)]))
  const event = { companyId: company.id, sequence: 1 }
  const [delivery, attempts] = await within(webhook, async (store) => [
    await store.delivery(webhook.id, event),
    await store.attempts(webhook.id, event),
  ])
  expect(delivery).toMatchObject({ state: 'delivered', attempts: 2, status: 200, nextAttemptAt: null })
  expect(attempts.map(({ number, status, code, answer }) => [number, status, code, answer])).toEqual([
    [1, 500, 'WEBHOOK_REFUSED', 'no'],
    [2, 200, null, null],
  ])
})

test('a stretch of the log is made due: what never was, what is dead, and what has arrived only where wished', async () => {
  const company = await insertCompany(fleet)
  await tell(company, 'before')
  const webhook = await insert(newWebhook(company.id))
  await tell(company, 'arrives', 'dies')
  const [arrives, dies] = (await claim(webhook)) as [ClaimedDelivery, ClaimedDelivery]
  await within(webhook, (store) =>
    store.record(webhook.id, [result(arrives), result(dies, { state: 'dead', code: 'WEBHOOK_TIMEOUT' })]),
  )
  const range = { after: 0, through: 3, types: null, delivered: false, limit: 100 }
  const redeliver = (set: Partial<typeof range> = {}) =>
    within(webhook, (store) => store.redeliver(webhook.id, { ...range, ...set }))
  expect(await redeliver()).toEqual({ events: 2, through: 3 })
  expect(subjectsOf(await claim(webhook))).toEqual(['before', 'dies'])
  // Those two are being tried right now.
  expect(await redeliver({ delivered: true })).toEqual({ events: 1, through: 3 })
  expect(await redeliver({ limit: 2 })).toMatchObject({ through: 2 })
  const one = (sequence: number) =>
    within(webhook, (store) => store.redeliverOne(webhook.id, { companyId: company.id, sequence }))
  expect([await one(2), await one(99)]).toEqual([true, false])
})

test('the sweeper rings for a webhook with something due, once, and for none that is disabled or asked for a pause', async () => {
  const company = await insertCompany(fleet)
  const webhook = await insert(newWebhook(company.id))
  const later = new Date(Date.now() + 60_000)
  const others = [
    await insert(newWebhook(company.id)),
    await insert(newWebhook(company.id, { blockedUntil: later })),
  ]
  await tell(company, 'a')
  const [disabled] = others as [Webhook]
  await within(disabled, (store) => store.update(disabled.id, { state: 'disabled' }))
  const due = async () =>
    (await db.asSystem('sweep-due', (tx) => tx.due.webhooks(100))).flatMap(({ owner, webhookId }) =>
      owner === company.id ? [webhookId] : [],
    )
  expect(await due()).toEqual([webhook.id])
  expect(await due()).toEqual([])
})

test('a company reaches no webhook but its own', async () => {
  const [one, other] = [await insertCompany(fleet), await insertCompany(fleet)]
  const theirs = [await insert(newWebhook(other.id)), await insert(newWebhook(null))]
  await tell(other, 'a')
  await db.withCompany(one.id, async ({ webhooks }) => {
    expect(await webhooks.list()).toEqual([])
    for (const { id } of theirs) {
      expect(await webhooks.get(id)).toBeNull()
      expect(await webhooks.claim({ id, ordered: false }, CLAIM)).toEqual([])
      expect(await webhooks.deliveries(id, { limit: 10 })).toEqual([])
      expect(await webhooks.redeliverOne(id, { companyId: other.id, sequence: 1 })).toBe(false)
    }
  })
})
