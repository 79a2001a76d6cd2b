/** Whoever answers a ring for a verification: it is made once, and again when it was not finished. */
import { requestVerification } from '@ksef-fleet/core'
import { afterAll, beforeAll, expect, test } from 'vitest'
import { type Connected, type DeliveryFleet, startDeliveryFleet } from '../delivery/delivery-fleet.ts'
import type { DeliveryWorker } from '../delivery/delivery-worker.ts'
import { turn } from '../delivery/drive.ts'
import { countOf } from './provider-side.ts'

const PERMISSIONS = 'POST /permissions/query/personal/grants'

let fleet: DeliveryFleet
let workers: [DeliveryWorker, DeliveryWorker]

beforeAll(async () => {
  fleet = await startDeliveryFleet()
  workers = [fleet.worker(), fleet.worker()]
})
afterAll(() => fleet?.close())

async function asked(): Promise<Connected & { made(): number }> {
  const company = await fleet.company()
  const request = { companyId: company.id, integrationId: company.integration.id }
  await requestVerification(workers[0].context, request)
  const before = countOf(fleet, PERMISSIONS)
  return { ...company, made: () => countOf(fleet, PERMISSIONS) - before }
}

const ring = ({ id }: Connected) => turn(fleet, workers, { companies: [id], only: ['verify-integration'] })

test('two workers rung for it ask KSeF once', async () => {
  const company = await asked()
  expect(await ring(company)).toBe(2)
  expect(company.made()).toBe(1)
  expect(await ring(company)).toBe(0)
})

test('one whose worker died is made by another when its lease is over, and not before', async () => {
  const company = await asked()
  const lease = (seconds: number) =>
    fleet.db.withCompany(company.id, (tx) =>
      tx.integrations.leaseVerification(company.integration.id, seconds),
    )
  expect(await lease(60)).toBe(true)
  expect(await lease(60)).toBe(false)
  expect(await ring(company)).toBe(0)
  await fleet.admin.query('update ksef_integrations set verify_due_at = now() where id = $1', [
    company.integration.id,
  ])
  await ring(company)
  expect(company.made()).toBe(1)
})

test('one that is asked for while another is under way follows it', async () => {
  const company = await asked()
  const request = { companyId: company.id, integrationId: company.integration.id }
  const running = ring(company)
  while (company.made() === 0) await new Promise((resolve) => setImmediate(resolve))
  await requestVerification(workers[1].context, request)
  await running
  await ring(company)
  expect(company.made()).toBe(2)
})
