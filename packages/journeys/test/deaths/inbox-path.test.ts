/** A worker that is killed around the effects on the way of what is received, and of what a receiver of events has answered. */
import { setTimeout as sleep } from 'node:timers/promises'
import { createWebhook } from '@ksef-fleet/core'
import { afterAll, beforeAll, expect, test } from 'vitest'
import type { DeliveryWorker } from '../delivery/delivery-worker.ts'
import { startReceiver } from '../events/receiver.ts'
import {
  eventsOf,
  inOrder,
  issueTo,
  type Receiver,
  received,
  receiver,
  standingOf,
  syncOf,
} from '../inbox/inbox-fleet.ts'
import { died, type MortalFleet, type MortalWorker, startMortalFleet } from './mortal-fleet.ts'

let mortal: MortalFleet
let clerk: DeliveryWorker

const SETTINGS = {
  INBOX_TICK_SECONDS: '0.2',
  SYNC_LEASE_SECONDS: '2.5',
  SYNC_RETRY_SECONDS: '0.2,0.4',
  EXPORT_POLL_SECONDS: '0.1,0.2',
  RING_SECONDS: '1',
  WEBHOOK_NETWORKS: '127.0.0.0/8',
  WEBHOOK_HTTP: 'true',
  WEBHOOK_TIMEOUT_SECONDS: '1',
  WEBHOOK_LEASE_SECONDS: '2',
}

beforeAll(async () => {
  // Two packages for each company.
  mortal = await startMortalFleet(SETTINGS, { retrieval: { exportInvoices: 4 } })
  clerk = mortal.fleet.worker()
})
afterAll(() => mortal[Symbol.asyncDispose]())

const BY_EXPORT = [
  'inbox.order after',
  'startInvoiceExport before',
  'startInvoiceExport after',
  'getInvoiceExport after',
  'downloadExportPart after',
  'documents.insertReceived before',
  'documents.insertReceived after',
]
const BY_LIST = ['queryInvoiceMetadata after', 'getInvoice after', 'documents.insertReceived before']
const COUNT = 6
const WITHIN_MS = 60_000

type Fed = { company: Receiver; issued: ReturnType<typeof issueTo> }

/** @param pace invoices an hour: few are fetched one by one */
async function fed(pace: number | null): Promise<Fed> {
  const company = await receiver(mortal.fleet, clerk)
  const issued = issueTo(mortal.fleet, company, { series: `${company.nip}/`, count: COUNT })
  await mortal.fleet.admin.query(
    'update ksef_sync_state set pace = $2, next_sync_at = now() where company_id = $1 and held is null',
    [company.id, pace],
  )
  return { company, issued }
}

async function until(done: () => Promise<boolean>, life: MortalWorker): Promise<void> {
  const deadline = Date.now() + WITHIN_MS
  while (!(await done())) {
    if (Date.now() > deadline) throw new Error(`not in time:\n${life.told().slice(-3_000)}`)
    await sleep(50)
  }
}

const isWhole = async ({ company }: Fed) => (await syncOf(mortal.fleet, company)).completedAt !== null

async function expectWhole({ company, issued }: Fed): Promise<void> {
  expect(inOrder(await received(mortal.fleet, company.id))).toEqual(inOrder(issued))
  const told = await eventsOf(mortal.fleet, company.id, 'inbox.received')
  expect(told.map(({ ksefNumber }) => ksefNumber)).toEqual(issued.map(({ ksefNumber }) => ksefNumber))
  const standing = await standingOf(clerk, company)
  expect(standing.completeUpTo).toEqual(standing.state.checkpoint)
  expect(standing.missing).toBe(0)
}

test('killed around each effect, it loses nothing, stores nothing twice, tells each once, and posts again what it had posted', async () => {
  const all: Fed[] = []
  let next = mortal.worker()
  const live = (moment: string | null): MortalWorker => {
    const life = next
    next = mortal.worker()
    life.begin(moment)
    return life
  }
  const ways = [
    ...BY_EXPORT.map((moment) => ({ moment, pace: null })),
    ...BY_LIST.map((moment) => ({ moment, pace: 1 })),
  ]
  for (const { moment, pace } of ways) {
    all.push(await fed(pace))
    await died(live(moment), moment, WITHIN_MS)
  }
  await using hook = await hooked()
  await died(live('webhooks.record before'), 'webhooks.record before', WITHIN_MS)
  expect(hook.receiver.received.length).toBeGreaterThan(0)
  const last = live(null)
  await until(async () => (await Promise.all(all.map(isWhole))).every(Boolean), last)
  for (const one of all) await expectWhole(one)
  expect(mortal.deaths().map(({ moment }) => moment)).toEqual([
    ...ways.map(({ moment }) => moment),
    'webhooks.record before',
  ])
  await until(hook.isOver, last)
  expect(new Set(hook.receiver.received.map(({ subject }) => subject))).toEqual(new Set(hook.subjects))
}, 300_000)

/** A webhook of a company, and events for it. */
async function hooked() {
  const { fleet } = mortal
  const to = await startReceiver()
  const company = await fleet.company()
  const deps = { ...clerk.context, destinations: { http: true, networks: ['127.0.0.0/8'] } }
  const given = { url: to.url, name: 'deaths', types: ['integration.revoked'], ordered: true }
  const { webhook, secret } = await createWebhook(deps, { owner: company.id, ...given, actor: 'story' })
  to.secrets.push(secret)
  const subjects = ['a', 'b', 'c'].map((name) => `${company.nip}-${name}`)
  await fleet.db.withCompany(company.id, (tx) =>
    tx.events.addAll(
      subjects.map((subject) => ({ type: 'integration.revoked', subject, key: subject, data: { held: 0 } })),
    ),
  )
  return {
    receiver: to,
    subjects,
    isOver: async () => {
      const { rows } = await fleet.admin.query<{ count: number }>(
        `select count(*)::int as count from webhook_deliveries where endpoint_id = $1 and state = 'delivered'`,
        [webhook.id],
      )
      return rows[0]?.count === subjects.length
    },
    [Symbol.asyncDispose]: () => to.close(),
  }
}
