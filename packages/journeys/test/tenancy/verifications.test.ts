/** Whoever answers a ring for a verification: it is made once, and again when it was not finished. */
import { JOBS, requestVerification } from '@ksef-fleet/core'
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

test('one that ended in an error of ours comes again in a moment, not after its lease', async () => {
  const company = await asked()
  const [{ context }] = workers
  const failing = JOBS.find(({ name }) => name === 'verify-integration')
  const contexts = { ...context.contexts, verifyIntegration: () => Promise.reject(new Error('no memory')) }
  const request = { companyId: company.id, integrationId: company.integration.id }
  await expect(failing?.run(request, { ...context, contexts })).rejects.toThrow('no memory')
  const { rows } = await fleet.admin.query<{ soon: boolean }>(
    `select verify_due_at between now() and now() + interval '11 seconds' as soon from ksef_integrations where id = $1`,
    [company.integration.id],
  )
  expect(rows).toEqual([{ soon: true }])
})
