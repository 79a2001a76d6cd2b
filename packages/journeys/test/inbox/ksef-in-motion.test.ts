/** KSeF as it is while much is going on: its high-water mark moves behind the clock, places for exports are taken, links run out. */
import { afterAll, beforeAll, beforeEach, expect, test } from 'vitest'
import { type DeliveryFleet, startDeliveryFleet } from '../delivery/delivery-fleet.ts'
import type { DeliveryWorker } from '../delivery/delivery-worker.ts'
import {
  driveSyncs,
  dueNow,
  eventsOf,
  exportsOf,
  inOrder,
  issueTo,
  received,
  receiver,
  syncOf,
  turnSyncs,
} from './inbox-fleet.ts'

/** Many rounds of the story below. */
const LAG_MS = 3_000
const LINK_SECONDS = 2
const ROUNDS = 15
const COUNT = 4

let fleet: DeliveryFleet
let worker: DeliveryWorker

beforeAll(async () => {
  const retrieval = { hwmLagMs: LAG_MS, runningExports: 1, partLinkSeconds: LINK_SECONDS }
  fleet = await startDeliveryFleet({ retrieval })
  worker = fleet.worker()
})
afterAll(() => fleet.close())
beforeEach(() => fleet.simulator.control.calm())

/** @param pace invoices an hour: few are listed and fetched one by one */
test.each([
  ['in packages', null],
  ['by lists', 1],
])('what is stored at KSeF while a sync runs there is not lost, received %s', async (_, pace) => {
  const company = await receiver(fleet, worker)
  const issued: ReturnType<typeof issueTo> = []
  const asked = async () => {
    await fleet.admin.query('update ksef_sync_state set pace = $2 where company_id = $1', [company.id, pace])
    await dueNow(fleet, company.id)
    await turnSyncs(fleet, [worker], [company.id])
  }
  let behind = 0
  let wentOn = 0
  let { checkpoint } = await syncOf(fleet, company)
  for (let round = 0; round < ROUNDS; round++) {
    const storedFrom = new Date().toISOString()
    issued.push(...issueTo(fleet, company, { series: `${round}/`, count: COUNT, storedFrom, spacingMs: 30 }))
    // An export is ordered, made and taken.
    for (let step = 0; step < 4; step++) await asked()
    const after = await syncOf(fleet, company)
    if (after.checkpoint > checkpoint) wentOn++
    checkpoint = after.checkpoint
    if ((await received(fleet, company.id)).length < issued.length) behind++
  }
  // Else nothing was asked at the mark.
  expect(wentOn).toBeGreaterThan(1)
  expect(behind).toBeGreaterThan(0)
  await driveSyncs(fleet, [worker], {
    companies: [company.id],
    until: async () => {
      await asked()
      return (await received(fleet, company.id)).length >= issued.length
    },
  })
  expect(inOrder(await received(fleet, company.id))).toEqual(inOrder(issued))
  expect((await eventsOf(fleet, company.id, 'inbox.received')).length).toBe(issued.length)
  // A slow machine has more than a list's worth come at once, now and then.
  const { rows } = await fleet.admin.query<{ source: string }>(
    'select distinct source from ksef_sync_windows where company_id = $1',
    [company.id],
  )
  expect(rows.map(({ source }) => source)).toContain(pace === null ? 'export' : 'metadata')
})

test('a place that another export takes at KSeF is waited for', async () => {
  const roles = ['Subject2', 'Subject3'] as const
  const company = await receiver(fleet, worker, { roles })
  const { nip } = company
  const issued = issueTo(fleet, company, { series: 'P/', count: COUNT, buyer: nip, third: nip })
  fleet.simulator.control.misbehaviours.add({ kind: 'export-status', code: 100, forMs: 1_500 })
  await driveSyncs(fleet, [worker], { companies: [company.id] })
  const codes = (await exportsOf(fleet, company.id)).map(({ code }) => code)
  expect(codes).toContain('EXPORTS_TOO_MANY')
  const all = await received(fleet, company.id)
  expect(inOrder(all)).toEqual(inOrder(issued))
  expect(new Set(all.map((one) => String(one.roles)))).toEqual(new Set([String(roles)]))
  for (const role of roles)
    expect(await syncOf(fleet, company, role)).toMatchObject({ held: null, failures: 0 })
})

test('a part whose link runs out on the way is fetched by a new one', async () => {
  const company = await receiver(fleet, worker)
  const issued = issueTo(fleet, company, { series: 'E/', count: COUNT })
  const operation = 'GET /storage/export'
  const before = fleet.simulator.ledger.calls().length
  fleet.simulator.control.faults.add({ operation, mode: 'delay', ms: LINK_SECONDS * 1_000 + 500 })
  await driveSyncs(fleet, [worker], { companies: [company.id] })
  const fetched = fleet.simulator.ledger
    .calls()
    .slice(before)
    .filter((call) => call.operation === operation)
  expect(fetched.map(({ httpStatus }) => httpStatus)).toEqual([403, 200])
  expect(inOrder(await received(fleet, company.id))).toEqual(inOrder(issued))
  expect(await exportsOf(fleet, company.id)).toMatchObject([{ state: 'done' }])
})
