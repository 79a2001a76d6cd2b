/** KSeF did what it was asked and its answer got lost, again and again, on every way an invoice takes. */
import { setTimeout as sleep } from 'node:timers/promises'
import { afterAll, beforeAll, expect, test } from 'vitest'
import { arm, CLOSE_BATCH, calm, OPEN_BATCH, SEND } from '../delivery/faults.ts'
import { type MortalFleet, NOTHING_BROKEN, startMortalFleet } from './mortal-fleet.ts'

let mortal: MortalFleet

beforeAll(async () => {
  mortal = await startMortalFleet({ SESSION_IDLE_SECONDS: '2' })
})
afterAll(() => mortal[Symbol.asyncDispose]())

const PART = 'PUT /storage/batch'
/** Share of the answers that are dropped. */
const DROPPED = { [SEND]: 0.2, [OPEN_BATCH]: 0.5, [CLOSE_BATCH]: 0.5, [PART]: 0.5 }

const COMPANIES = 8
/** Waves of a company's invoices; each crowd stops growing, and so is packed, before the next one comes. */
const WAVES = 5
const CROWD = 44
const URGENT = 6
const WAVE_PAUSE_MS = 1_500

test('of 2,000 invoices none is lost, none registered twice and none sent again without need', async () => {
  const { fleet } = mortal
  const companies = await mortal.companies(COMPANIES)
  for (const [operation, probability] of Object.entries(DROPPED))
    await arm(fleet, operation, { mode: 'drop-answer-after-effect', probability })
  for (const worker of [mortal.worker(), mortal.worker()]) worker.begin(null)
  for (let wave = 0; wave < WAVES; wave++) {
    await Promise.all(companies.map((company) => mortal.feed(company, CROWD, 'auto')))
    await Promise.all(companies.map((company) => mortal.feed(company, URGENT, 'immediate')))
    await sleep(WAVE_PAUSE_MS)
  }
  await mortal.atRest(120_000)
  const dropped = fleet.simulator.ledger.calls().filter(({ fault }) => fault === 'drop-answer-after-effect')
  for (const operation of Object.keys(DROPPED))
    expect(dropped.filter((call) => call.operation === operation).length, operation).toBeGreaterThan(0)
  await calm(fleet)
  expect(fleet.simulator.ledger.snapshot().accepted).toHaveLength(COMPANIES * WAVES * (CROWD + URGENT))
  expect(await mortal.verdict()).toEqual(NOTHING_BROKEN)
  expect(mortal.taken()).toEqual([1])
}, 240_000)
