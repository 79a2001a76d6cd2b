/** Four roles at once, under the limits of production: everything arrives, and KSeF never has to say no. */
import { SUBJECT_TYPES } from '@ksef-fleet/core'
import { afterAll, beforeAll, expect, test } from 'vitest'
import { type DeliveryFleet, startDeliveryFleet } from '../delivery/delivery-fleet.ts'
import type { DeliveryWorker } from '../delivery/delivery-worker.ts'
import { driveSyncs, issueTo, receiver, standingOf } from './inbox-fleet.ts'
import { expectAllReceived } from './stored-thousands.ts'

const COUNT_EACH = 6_250

let fleet: DeliveryFleet
let workers: DeliveryWorker[]

beforeAll(async () => {
  fleet = await startDeliveryFleet({ limits: 'production', retrieval: { exportInvoices: 2_000 } })
  workers = [fleet.worker(), fleet.worker()]
})
afterAll(() => fleet.close())

test('twenty-five thousand invoices in four roles arrive without one refusal', async () => {
  const [clerk] = workers
  if (clerk === undefined) throw new Error('no worker')
  const company = await receiver(fleet, clerk, { roles: SUBJECT_TYPES })
  const { nip } = company
  const OTHER = '5252248481'
  const issues = [
    { series: '1/', seller: nip, buyer: OTHER },
    { series: '2/', buyer: nip },
    { series: '3/', third: nip, buyer: OTHER },
    { series: '4/', authorized: nip, buyer: OTHER },
  ].map((parties) => issueTo(fleet, company, { count: COUNT_EACH, ...parties }))
  await driveSyncs(fleet, workers, { companies: [company.id], withinMs: 240_000 })
  await expectAllReceived(fleet, company.id, issues)
  for (const role of SUBJECT_TYPES) {
    const standing = await standingOf(clerk, company, role)
    expect(standing.completeUpTo).toEqual(standing.state.checkpoint)
    expect(standing.windows).toMatchObject({ added: COUNT_EACH })
  }
  const refused = fleet.simulator.ledger.calls().filter(({ httpStatus }) => httpStatus === 429)
  expect(refused).toEqual([])
  expect(fleet.simulator.ledger.snapshot().operations['POST /invoices/exports']).toBeLessThanOrEqual(20)
}, 300_000)
