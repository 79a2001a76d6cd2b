/** A worker that receives may die at any call of the database, before or after its commit: everything is here once all the same. */
import { afterAll, beforeAll, expect, test } from 'vitest'
import { type DeliveryFleet, startDeliveryFleet } from '../delivery/delivery-fleet.ts'
import type { DeliveryWorker } from '../delivery/delivery-worker.ts'
import type { Death } from '../delivery/mortal-database.ts'
import {
  driveSyncs,
  eventsOf,
  inOrder,
  issueTo,
  type Receiver,
  received,
  receiver,
  standingOf,
  turnSyncs,
} from './inbox-fleet.ts'

let fleet: DeliveryFleet
let healthy: DeliveryWorker

/** More calls than receiving these takes; a test asserts it. */
const CALLS_MAX = 28
const COUNT = 9

beforeAll(async () => {
  // Two truncated windows and the rest, and a document that is fetched by itself.
  fleet = await startDeliveryFleet({ retrieval: { exportInvoices: 4 } })
  healthy = fleet.worker()
})
afterAll(() => fleet.close())

async function started() {
  const company = await receiver(fleet, healthy)
  return { company, issued: issueTo(fleet, company, { series: `${company.nip}/`, count: COUNT }) }
}

async function expectWhole(company: Receiver, issued: ReturnType<typeof issueTo>): Promise<void> {
  expect(inOrder(await received(fleet, company.id))).toEqual(inOrder(issued))
  const events = await eventsOf(fleet, company.id, 'inbox.received')
  expect(events.map(({ ksefNumber }) => ksefNumber)).toEqual(issued.map(({ ksefNumber }) => ksefNumber))
  expect((await eventsOf(fleet, company.id, 'sync.completed')).length).toBe(1)
  const standing = await standingOf(healthy, company)
  expect(standing.completeUpTo).toEqual(standing.state.checkpoint)
}

test('receiving takes fewer calls than the kills below try', async () => {
  const { company, issued } = await started()
  const counting = fleet.worker()
  await driveSyncs(fleet, [counting], { companies: [company.id] })
  await expectWhole(company, issued)
  expect(counting.db.calls).toBeGreaterThan(10)
  expect(counting.db.calls).toBeLessThan(CALLS_MAX)
})

test.each(['before', 'after'] as const)(
  'killed %s any call, it loses nothing, stores nothing twice and tells each once',
  async (when) => {
    const deaths = Array.from({ length: CALLS_MAX }, (_, index): Death => ({ atCall: index + 1, when }))
    for (const some of [deaths.slice(0, CALLS_MAX / 2), deaths.slice(CALLS_MAX / 2)])
      await Promise.all(some.map(survive))
  },
  120_000,
)

/** The mortal one goes on until it dies, if it does; then its lease ends and another takes over. */
async function survive(death: Death): Promise<void> {
  const { company, issued } = await started()
  const mortal = fleet.worker({ death })
  const isOver = async () => mortal.db.dead || (await standingOf(healthy, company)).state.completedAt !== null
  while (!(await isOver())) await turnSyncs(fleet, [mortal], [company.id])
  await fleet.admin.query(
    `update ksef_sync_state set lease_until = now() - interval '1 second' where company_id = $1 and lease_until is not null`,
    [company.id],
  )
  await driveSyncs(fleet, [healthy], { companies: [company.id] })
  await expectWhole(company, issued)
}
