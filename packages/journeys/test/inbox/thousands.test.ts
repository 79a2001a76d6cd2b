/** Twenty-five thousand invoices, over many truncated windows, while KSeF fails and workers are killed. */
import { setTimeout as sleep } from 'node:timers/promises'
import { afterAll, beforeAll, expect, test } from 'vitest'
import { type MortalFleet, startMortalFleet } from '../deaths/mortal-fleet.ts'
import { exportsOf, issueTo, receiver, standingOf, syncOf } from './inbox-fleet.ts'
import { expectAllReceived } from './stored-thousands.ts'

const COUNT = 25_000
const WINDOW = 3_000
const DEATHS = 5
const WITHIN_MS = 240_000

const SETTINGS = {
  SYNC_LEASE_SECONDS: '1.5',
  SYNC_RETRY_SECONDS: '0.2,0.4,0.8',
  EXPORT_POLL_SECONDS: '0.1,0.2',
  INBOX_TICK_SECONDS: '0.2',
  RING_SECONDS: '1',
}

let mortal: MortalFleet

beforeAll(async () => {
  mortal = await startMortalFleet(SETTINGS, { retrieval: { exportInvoices: WINDOW }, seed: 'thousands' })
})
afterAll(() => mortal[Symbol.asyncDispose]())

/** Kills whoever lives after a while that differs, until enough have died; then one goes on to the end. */
async function killAgainAndAgain(isOver: () => Promise<boolean>): Promise<number> {
  let deaths = 0
  let next = mortal.worker()
  const until = Date.now() + WITHIN_MS
  for (;;) {
    const life = next
    next = mortal.worker()
    life.begin(null)
    const lifeMs = deaths < DEATHS ? 900 + ((deaths * 1_117) % 2_300) : WITHIN_MS
    for (const end = Date.now() + lifeMs; Date.now() < end; ) {
      if (await isOver()) return deaths
      if (Date.now() > until) throw new Error(`not received in time:\n${life.told().slice(-3_000)}`)
      await sleep(50)
    }
    life.child.kill('SIGKILL')
    deaths += 1
  }
}

test('each is stored once, byte for byte, and told once and in order', async () => {
  const { fleet } = mortal
  const clerk = fleet.worker()
  const company = await receiver(fleet, clerk)
  const issued = issueTo(fleet, company, { series: 'T/', count: COUNT, spacingMs: 100 })
  const { misbehaviours, faults } = fleet.simulator.control
  misbehaviours.add({ kind: 'export-expired', skip: 1, times: 1 })
  misbehaviours.add({ kind: 'export-package', fault: 'corrupt-part', skip: 2, times: 1 })
  misbehaviours.add({ kind: 'export-package', fault: 'wrong-key', skip: 4, times: 1 })
  misbehaviours.add({ kind: 'export-status', code: 500, skip: 3, times: 1 })
  faults.add({ operation: 'POST /invoices/exports', mode: 'drop-answer-after-effect', skip: 2, times: 1 })
  faults.add({ operation: '*', mode: 'status', httpStatus: 503, probability: 0.03 })
  const deaths = await killAgainAndAgain(async () => (await syncOf(fleet, company)).completedAt !== null)
  expect(deaths).toBe(DEATHS)
  fleet.simulator.control.calm()
  await expectAllReceived(fleet, company.id, [issued])
  const standing = await standingOf(clerk, company)
  expect(standing).toMatchObject({ missing: 0, completeUpTo: standing.state.checkpoint })
  const done = (await exportsOf(fleet, company.id)).filter(({ state }) => state === 'done')
  expect(done.length).toBeGreaterThan(COUNT / WINDOW)
}, 300_000)
