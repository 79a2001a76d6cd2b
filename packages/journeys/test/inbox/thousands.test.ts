/** Twenty-five thousand invoices, over many truncated windows, while KSeF fails and workers are killed. */
import { setTimeout as sleep } from 'node:timers/promises'
import { afterAll, beforeAll, expect, test } from 'vitest'
import { type MortalFleet, type MortalWorker, startMortalFleet } from '../deaths/mortal-fleet.ts'
import { exportsOf, issueTo, type Receiver, receiver, standingOf, syncOf } from './inbox-fleet.ts'
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

/** At least so long is each life, the same in every run; what it is at when it ends, the machine decides. */
const lifeMsOf = (deaths: number): number => (deaths < DEATHS ? 900 + ((deaths * 1_117) % 2_300) : WITHIN_MS)

/** Kills whoever lives amid a step of the sync, until enough have died; then one goes on to the end. */
async function killAgainAndAgain(company: Receiver, isOver: () => Promise<boolean>): Promise<number> {
  let next = mortal.worker()
  const until = Date.now() + WITHIN_MS
  for (let deaths = 0; ; deaths++) {
    const life = next
    next = mortal.worker()
    const { fence } = await syncOf(mortal.fleet, company)
    life.begin(null)
    const end = Date.now() + lifeMsOf(deaths)
    while (Date.now() < end || !(await diesAmidAStep(life, company, fence))) {
      if (await isOver()) return deaths
      if (Date.now() > until) throw new Error(`not received in time:\n${life.told().slice(-3_000)}`)
      await sleep(50)
    }
  }
}

/** Halted first, so that it dies with the step that it was seen at. @param fence of the step before its life */
async function diesAmidAStep({ child }: MortalWorker, company: Receiver, fence: number): Promise<boolean> {
  if (!(await isLeasedSince(company, fence))) return false
  child.kill('SIGSTOP')
  const isAmid = await isLeasedSince(company, fence)
  child.kill(isAmid ? 'SIGKILL' : 'SIGCONT')
  return isAmid
}

async function isLeasedSince({ id }: Receiver, fence: number): Promise<boolean> {
  const { rowCount } = await mortal.fleet.admin.query(
    'select from ksef_sync_state where company_id = $1 and lease_until > now() and fence > $2',
    [id, fence],
  )
  return rowCount !== 0
}

test('each is stored once, byte for byte, and told once and in order', async () => {
  const { fleet } = mortal
  const clerk = fleet.worker()
  const company = await receiver(fleet, clerk)
  const issued = issueTo(fleet, company, { series: 'T/', count: COUNT, spacingMs: 100 })
  const { misbehaviours, faults } = fleet.simulator.control
  // Each some times: nobody collects an export whose order was hit by a kill or by the answer that is dropped.
  misbehaviours.add({ kind: 'export-expired', times: 3 })
  misbehaviours.add({ kind: 'export-package', fault: 'corrupt-part', skip: 3, times: 4 })
  misbehaviours.add({ kind: 'export-package', fault: 'wrong-key', skip: 3, times: 2 })
  misbehaviours.add({ kind: 'export-status', code: 500, skip: 4, times: 3 })
  const dropped = { operation: 'POST /invoices/exports', mode: 'drop-answer-after-effect' } as const
  faults.add({ ...dropped, skip: 1, times: 1 })
  faults.add({ operation: '*', mode: 'status', httpStatus: 503, probability: 0.03 })
  const isWhole = async () => (await syncOf(fleet, company)).completedAt !== null
  expect(await killAgainAndAgain(company, isWhole)).toBe(DEATHS)
  expect(misbehaviours.list()).toEqual([])
  expect(faults.list().map(({ operation }) => operation)).toEqual(['*'])
  fleet.simulator.control.calm()
  await expectAllReceived(fleet, company.id, [issued])
  const standing = await standingOf(clerk, company)
  expect(standing).toMatchObject({ missing: 0, completeUpTo: standing.state.checkpoint })
  const exports = await exportsOf(fleet, company.id)
  const codes = exports.map(({ code }) => code)
  expect(codes).toEqual(expect.arrayContaining(['EXPORT_EXPIRED', 'EXPORT_FAILED', 'EXPORT_PART_DIFFERS']))
  expect(codes.some((code) => code === 'EXPORT_UNDECRYPTABLE' || code === 'EXPORT_PART_CORRUPT')).toBe(true)
  const done = exports.filter(({ state }) => state === 'done')
  expect(done.length).toBeGreaterThan(COUNT / WINDOW)
}, 300_000)
