/** A worker that is killed before and after each effect on the way of a single invoice. */
import { afterAll, beforeAll, test } from 'vitest'
import { aroundEach, dieAtEach } from './lives.ts'
import { type MortalFleet, startMortalFleet } from './mortal-fleet.ts'

let mortal: MortalFleet

beforeAll(async () => {
  mortal = await startMortalFleet()
})
afterAll(() => mortal[Symbol.asyncDispose]())

const EFFECTS = [
  'openOnlineSession',
  'sessions.opening-open',
  'attempts.begin',
  'sendInvoice',
  'submissions.claimed-sent',
  // For the invoices that the deaths before this one left in doubt.
  'listSessionInvoices',
  'getSessionInvoice',
  'submissions.sent-registered',
  'downloadUpo',
  'submissions.registered-receipted',
  'closeOnlineSession',
  'getSessionStatus',
  'sessions.closed-settled',
]

test(
  'killed before and after each effect, it loses no invoice, sends none twice and resends none needlessly',
  () => dieAtEach(mortal, aroundEach(EFFECTS), { count: 2, delivery: 'immediate' }),
  240_000,
)
