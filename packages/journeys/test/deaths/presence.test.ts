/**
 * Leases, locks of jobs and pauses between rings for the worst case, so long that nothing here would live to see their end:
 * whoever takes the place of a worker that was killed takes its work too, since PostgreSQL knows that it is gone.
 */
import { afterAll, afterEach, beforeAll, expect, test } from 'vitest'
import { died, type MortalFleet, NOTHING_BROKEN, startMortalFleet } from './mortal-fleet.ts'

let mortal: MortalFleet

beforeAll(async () => {
  mortal = await startMortalFleet({
    CLAIM_LEASE_SECONDS: '600',
    RING_SECONDS: '600',
    JOB_LOCK_SECONDS: '600',
  })
})
afterEach(() => mortal.endWorkers())
afterAll(() => mortal[Symbol.asyncDispose]())

test.each([
  'openOnlineSession before',
  'submissions.claimNext after',
  'attempts.begin after',
  'sendInvoice after',
  'getSessionInvoice before',
  'submissions.sent-registered before',
  'downloadUpo before',
  'closeOnlineSession before',
  'sessions.closed-settled before',
])(
  'an invoice whose worker was killed (%s) goes on at once',
  async (moment) => {
    const [company] = await mortal.companies(1)
    if (company === undefined) throw new Error('no company')
    const [first, second] = [mortal.worker(), mortal.worker()]
    first.begin(moment)
    await mortal.feed(company, 2, 'immediate')
    await died(first, moment)
    second.begin(null)
    await mortal.atRest()
    expect(await mortal.verdict()).toEqual(NOTHING_BROKEN)
    expect(mortal.taken()).toEqual([1])
  },
  120_000,
)
