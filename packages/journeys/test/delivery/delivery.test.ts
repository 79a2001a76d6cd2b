import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { type DeliveryFleet, drive, invoiceOf, startDeliveryFleet } from './delivery-fleet.ts'
import { checkLedger, postsOf } from './ledger-check.ts'

let fleet: DeliveryFleet

beforeAll(async () => {
  fleet = await startDeliveryFleet()
})
afterAll(() => fleet.close())

describe('delivery', () => {
  test('an accepted invoice is sent once, registered and receipted', async () => {
    const company = await fleet.company()
    const submission = await fleet.accept(company.id, invoiceOf(company.nip, 'A/1'))
    await drive(fleet, [fleet.worker()], { companies: [company.id] })
    expect(await fleet.submission(submission)).toMatchObject({ state: 'receipted', attempts: 1 })
    expect(await postsOf(fleet, company)).toEqual([1])
    await checkLedger(fleet, company)
  })
})
