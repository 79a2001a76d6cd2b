/**
 * Two workers at one company's send, or at one package: the first stops where it stands (SIGSTOP) for longer than its lease,
 * the second takes its place and brings everything to its end, and then the first goes on as if nothing had been.
 */
import type { Delivery } from '@ksef-fleet/core'
import { afterAll, afterEach, beforeAll, expect, test } from 'vitest'
import { endOf, freezeAt } from '../../src/chaos/process/mortal-worker.ts'
import type { Connected } from '../delivery/delivery-fleet.ts'
import {
  hasTold,
  type MortalFleet,
  type MortalWorker,
  NOTHING_BROKEN,
  startMortalFleet,
} from './mortal-fleet.ts'

let mortal: MortalFleet

beforeAll(async () => {
  mortal = await startMortalFleet({ PACKAGE_LEASE_SECONDS: '3.2' })
})
afterEach(() => mortal.endWorkers())
afterAll(() => mortal[Symbol.asyncDispose]())

const FROZEN_WITHIN_MS = 40_000

/**
 * Everything the fleet keeps of the companies' way to KSeF, as the database has it, but for the word on an attempt: what
 * became of it is told by whoever made it, however late.
 *
 * @param besides of a session for single invoices, what is left out as well
 */
async function rowsOf(companies: readonly Connected[], besides: readonly string[] = []): Promise<unknown> {
  const read = async (table: string, by: string, without: readonly string[]) =>
    (
      await mortal.fleet.admin.query(
        `select to_jsonb(t) - $2::text[] - case when to_jsonb(t) ->> 'kind' = 'online' then $3::text[] else '{}' end as row
           from ${table} t where company_id = any($1) order by ${by}`,
        [companies.map(({ id }) => id), without, besides],
      )
    ).rows
  return {
    submissions: await read('submissions', 'id', []),
    sessions: await read('sessions', 'id', ['finish_rung_at', 'poll_rung_at']),
    parts: await read('session_parts', 'session_id, ordinal_number', []),
    attempts: await read('attempts', 'submission_id, number', ['outcome', 'code', 'ended_at']),
    documents: await read('ksef_documents_raw', 'id', []),
  }
}

/** Whoever is awake closes a session that nobody uses, which takes nothing from anybody. */
const CLOSING = ['state', 'next_poll_at', 'polls', 'ksef_status_code', 'fence', 'lease_until']

/** Who has come to the moment and stands still there. */
async function asleepAt(at: string, company?: Connected, fed?: Fed): Promise<MortalWorker> {
  const worker = mortal.worker()
  worker.begin(null)
  const hasFrozen = freezeAt(worker.child, at, { deathsFile: mortal.deathsFile, withinMs: FROZEN_WITHIN_MS })
  if (company !== undefined && fed !== undefined) await mortal.feed(company, fed.count, fed.delivery)
  expect(await hasFrozen, `${at}: ${worker.told()}`).toBe(true)
  return worker
}

type Fed = { count: number; delivery: Delivery }

const CLAIM_IS_GONE = 'delivery.claim-fenced-off'
const PACKAGE_IS_GONE = 'package.left-to-another'

test.each([
  // The POST is announced and leaves too late, into a session that is closed. KSeF has opened a session that nobody knows of.
  { claim: 'attempts.begin after', lease: 'openBatchSession after' },
  // The same, with everything ready to leave. The session is open and its parts are still here.
  { claim: 'sendInvoice before', lease: 'packages.opened after' },
  // KSeF has the invoice, or the package, and that is not written down.
  { claim: 'sendInvoice after', lease: 'uploadBatchPart after' },
])(
  'who slept with a claim ($claim) or over a package ($lease) is fenced off, and changes nothing',
  async ({ claim, lease }) => {
    const [one, another, third] = await mortal.companies(3)
    if (one === undefined || another === undefined || third === undefined) throw new Error('no companies')
    const sender = await asleepAt(claim, one, { count: 1, delivery: 'immediate' })
    const packer = await asleepAt(lease, another, { count: 6, delivery: 'batch' })
    const second = mortal.worker()
    second.begin(null)
    await mortal.atRest()
    await endOf(second.child)
    const taken = await rowsOf([one, another])
    for (const { child } of [sender, packer]) child.kill('SIGCONT')
    await hasTold(sender, CLAIM_IS_GONE)
    await hasTold(packer, PACKAGE_IS_GONE)
    // They are no worse for their sleep: what comes next is delivered, and nobody else is there to do it.
    await mortal.feed(third, 1, 'immediate')
    await mortal.atRest()
    await mortal.endWorkers()
    expect(await rowsOf([one, another])).toEqual(taken)
    expect(await mortal.verdict()).toEqual(NOTHING_BROKEN)
  },
  120_000,
)

test.each([
  { at: 'submissions.claimNext after', fed: { count: 1, delivery: 'immediate' }, tells: CLAIM_IS_GONE },
  { at: 'openBatchSession after', fed: { count: 6, delivery: 'batch' }, tells: PACKAGE_IS_GONE },
] as const)(
  'who slept ($at) takes nothing from the one that holds it now and stands at the same line',
  async ({ at, fed, tells }) => {
    const [company] = await mortal.companies(1)
    if (company === undefined) throw new Error('no company')
    const first = await asleepAt(at, company, fed)
    const second = await asleepAt(at)
    const held = await rowsOf([company], CLOSING)
    first.child.kill('SIGCONT')
    await hasTold(first, tells)
    await endOf(first.child)
    expect(await rowsOf([company], CLOSING)).toEqual(held)
    second.child.kill('SIGCONT')
    await mortal.atRest()
    await mortal.endWorkers()
    expect(await mortal.verdict()).toEqual(NOTHING_BROKEN)
  },
  120_000,
)
