/**
 * AWS Secrets Manager throttles, fails or says nothing (rows E9 and E10 of the fault table), between it and workers that are
 * set up for it: who is warm goes on sending, who is cold holds its work and drains when it is back, and nothing is lost.
 */
import { type FaultyEndpoint, startFaultyEndpoint } from '@ksef-fleet/core/faulty-secrets-endpoint'
import { Redis } from 'ioredis'
import { afterAll, afterEach, beforeAll, describe, expect, test } from 'vitest'
import {
  type Connected,
  type DeliveryFleet,
  invoiceOf,
  startDeliveryFleet,
} from '../delivery/delivery-fleet.ts'
import type { DeliveryWorker } from '../delivery/delivery-worker.ts'
import { drive, turn } from '../delivery/drive.ts'
import { checkLedger, postsOf } from '../delivery/ledger-check.ts'
import { type ApiInFront, apiInFrontOf } from './api-in-front.ts'

const behind = process.env.FLEET_TEST_AWS_URL ?? ''
if (behind === '')
  console.warn(
    'SKIPPED: what a fleet does without Secrets Manager is not tested; set FLEET_TEST_AWS_URL to a Secrets Manager',
  )

const SETTINGS = { SECRET_STORE: 'aws', SECRET_STORE_DIRECTORY: '', AWS_REGION: 'eu-central-1' }
const LOGIN = { AWS_ACCESS_KEY_ID: 'test', AWS_SECRET_ACCESS_KEY: 'test', AWS_REGION: 'eu-central-1' }
const MINUTE_MS = 60_000
const COMPANIES = 3
/** Three tries of five seconds each, for every company that waits for an answer that does not come. */
const WITHIN_MS = 120_000

let line: FaultyEndpoint
let fleet: DeliveryFleet
let api: ApiInFront
let redis: Redis
const before = { ...process.env }

beforeAll(async () => {
  if (behind === '') return
  line = await startFaultyEndpoint(behind)
  Object.assign(process.env, LOGIN, { AWS_ENDPOINT_URL: line.url })
  fleet = await startDeliveryFleet({}, SETTINGS)
  api = await apiInFrontOf(fleet, 'test', { settings: SETTINGS })
  redis = new Redis(process.env.FLEET_TEST_REDIS_URL ?? '')
})
afterEach(() => line?.heal())
afterAll(async () => {
  redis?.disconnect()
  await api?.[Symbol.asyncDispose]()
  await fleet?.close()
  await line?.[Symbol.asyncDispose]()
  for (const name of [...Object.keys(LOGIN), 'AWS_ENDPOINT_URL']) {
    if (before[name] === undefined) delete process.env[name]
    else process.env[name] = before[name]
  }
})

const idsOf = (companies: readonly Connected[]) => companies.map(({ id }) => id)
const newCompanies = () => Promise.all(Array.from({ length: COMPANIES }, () => fleet.company()))

async function send(worker: DeliveryWorker, companies: readonly Connected[], name: string): Promise<void> {
  for (const { id, nip } of companies) await fleet.accept(id, invoiceOf(nip, `${name}/${nip}`))
  await drive(fleet, [worker], { companies: idsOf(companies), withinMs: WITHIN_MS })
}

async function statesOf(companies: readonly Connected[]): Promise<string[]> {
  const all = await Promise.all(companies.map(({ id }) => fleet.submissions(id)))
  return [...new Set(all.flat().map(({ state }) => state))].sort()
}

/** Tokens are lost everywhere, so that whoever sends next needs the secret itself. */
async function loseTokens(worker: DeliveryWorker, companies: readonly Connected[]): Promise<void> {
  await redis.flushdb()
  for (const { id } of companies) await worker.context.contexts.clearTokenCache(id)
}

const isReady = async ({ id }: Connected): Promise<boolean> => {
  const { body } = await api.call(`/v1/companies/${id}/status`)
  expect(body).toMatchObject({ integration: { state: 'active' } })
  return body.blockedUntil === null
}

/** One call that reads, after a sign-in of its own. */
async function readsAnew({ context }: DeliveryWorker, id: Connected['id']): Promise<boolean> {
  await context.contexts.clearTokenCache(id)
  const ksef = await context.contexts.forCompany(id)
  return (await ksef.call((client, access) => client.limits.rate(access))).ok
}

/** As if the half minute had passed after which a store that was away is asked again. */
const endWaits = (companies: readonly Connected[]) =>
  fleet.admin.query('update ksef_integrations set blocked_until = null where company_id = any($1)', [
    idsOf(companies),
  ])

const FAULTS = [
  { what: 'throttles', fault: { status: 400, type: 'ThrottlingException' } },
  { what: 'fails inside', fault: { status: 500, type: 'InternalServiceError' } },
  { what: 'says nothing', fault: 'silent' },
] as const

describe.skipIf(behind === '').each(FAULTS)('while Secrets Manager $what', ({ fault }) => {
  test(
    'warm workers send on, cold ones hold their work and drain when it is back, and nothing is lost',
    async () => {
      let offsetMs = 0
      const warm = fleet.worker({ settings: SETTINGS, now: () => new Date(Date.now() + offsetMs) })
      const cold = fleet.worker({ settings: SETTINGS })
      const [served, waiting] = [await newCompanies(), await newCompanies()]
      await loseTokens(warm, served)
      await send(warm, served, 'WARMING')

      line.fail(fault)
      await loseTokens(warm, served)
      await send(warm, served, 'WARM')
      expect(await statesOf(served)).toEqual(['receipted'])
      // The five minutes for which a secret is fresh are over as well: what was read serves on.
      offsetMs = 6 * MINUTE_MS
      expect(await Promise.all(served.map(({ id }) => readsAnew(warm, id)))).not.toContain(false)

      for (const { id, nip } of waiting) await fleet.accept(id, invoiceOf(nip, `COLD/${nip}`))
      await redis.flushdb()
      const asked = line.requests.length
      for (let round = 0; round < 3; round++) await turn(fleet, [cold], { companies: idsOf(waiting) })
      expect(await statesOf(waiting)).toEqual(['pending'])
      // Asked in one round, three times for each that waits, and then left alone.
      expect(line.requests.length - asked).toBeLessThanOrEqual(3 * COMPANIES)
      for (const one of waiting) expect(await isReady(one)).toBe(false)
      for (const one of served) expect(await isReady(one)).toBe(true)

      line.heal()
      await endWaits(waiting)
      await drive(fleet, [cold], { companies: idsOf(waiting), withinMs: WITHIN_MS })
      expect(await statesOf([...waiting, ...served])).toEqual(['receipted'])
      for (const one of waiting) expect(await isReady(one)).toBe(true)
      for (const one of [...waiting, ...served]) {
        await checkLedger(fleet, one)
        expect(new Set(await postsOf(fleet, one))).toEqual(new Set([1]))
      }
    },
    2 * WITHIN_MS,
  )
})
