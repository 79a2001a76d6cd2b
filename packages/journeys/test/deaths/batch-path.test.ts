/** A worker that is killed before and after each effect on the way of a package. */
import { afterAll, beforeAll, test } from 'vitest'
import { aroundEach, dieAtEach } from './lives.ts'
import { type MortalFleet, startMortalFleet } from './mortal-fleet.ts'

let mortal: MortalFleet

beforeAll(async () => {
  mortal = await startMortalFleet()
})
afterAll(() => mortal[Symbol.asyncDispose]())

const EFFECTS = [
  'packages.pack',
  'openBatchSession',
  'packages.opened',
  'uploadBatchPart',
  'packages.uploaded',
  'packages.closing',
  'closeBatchSession',
  'sessions.closing-closed',
  'getSessionStatus',
  'listSessionInvoices',
  'packages.register',
  'downloadUpo',
  'packages.receipt',
  'sessions.closed-settled',
]

test(
  'killed before and after each effect, it loses no package, sends none twice and resends none needlessly',
  () => dieAtEach(mortal, aroundEach(EFFECTS), { count: 6, delivery: 'batch' }),
  240_000,
)
