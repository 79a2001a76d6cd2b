/** An invoice whose verdict cannot be written keeps none of its neighbours from theirs, and has its own when it can. */
import type { Submission } from '@ksef-fleet/core'
import { afterAll, afterEach, beforeAll, expect, test } from 'vitest'
import { type Connected, type DeliveryFleet, invoiceOf, startDeliveryFleet } from './delivery-fleet.ts'
import type { DeliveryWorker } from './delivery-worker.ts'
import { drive, driveTo } from './drive.ts'
import { answerWith, arm, calm, ONE, SEND } from './faults.ts'
import { checkLedger } from './ledger-check.ts'

let fleet: DeliveryFleet
let worker: DeliveryWorker
let failed: string[] = []

/** As BullMQ does: what a job throws is its own end and nobody else's. */
const indulgent = (one: DeliveryWorker): DeliveryWorker => ({
  ...one,
  run: (job, payload) => one.run(job, payload).catch(() => void failed.push(job)),
})

beforeAll(async () => {
  fleet = await startDeliveryFleet()
  worker = indulgent(fleet.worker())
})
afterEach(async () => {
  failed = []
  await mend()
  await calm(fleet)
  await fleet.control('DELETE', '/misbehaviours')
})
afterAll(() => fleet.close())

/** From here on the database refuses every move of this one to another state. */
async function spoil({ id }: Submission): Promise<void> {
  await fleet.admin.query(`
    create function refuse_move() returns trigger language plpgsql as $$
      begin
        if new.id = '${id}' and new.state <> old.state then raise exception 'refused'; end if;
        return new;
      end $$;
    create trigger spoilt before update on submissions for each row execute function refuse_move()`)
}

const mend = () =>
  fleet.admin.query(`drop trigger if exists spoilt on submissions; drop function if exists refuse_move()`)

async function three(company: Connected): Promise<Submission[]> {
  const accepted: Submission[] = []
  for (const n of [1, 2, 3])
    accepted.push(await fleet.accept(company.id, invoiceOf(company.nip, `N/${n}`), 'immediate'))
  return accepted
}

const areAll = (submissions: readonly Submission[], state: string) => async () =>
  (await Promise.all(submissions.map((one) => fleet.submission(one)))).every((one) => one.state === state)

test.each([
  { state: 'sent', before: async () => {} },
  { state: 'lost', before: () => arm(fleet, SEND, { mode: 'drop-answer-after-effect', times: 3 }) },
])('while one that is $state cannot be written, the others get their verdicts', async ({ state, before }) => {
  const company = await fleet.company()
  const all = await three(company)
  await before()
  await drive(fleet, [worker], {
    companies: [company.id],
    until: areAll(all, state),
    only: ['send-pending'],
  })
  const [first, ...others] = await Promise.all(all.map((one) => fleet.submission(one)))
  await spoil(first!)
  await drive(fleet, [worker], { companies: [company.id], until: areAll(others, 'receipted') })
  expect((await fleet.submission(first!)).state).toBe(state)
  expect(failed).toContain('poll-session')

  await mend()
  await drive(fleet, [worker], { companies: [company.id] })
  expect((await fleet.submission(first!)).state).toBe('receipted')
  await checkLedger(fleet, company)
})

test('one that cannot be written is asked about later and later, and not all the time', async () => {
  const company = await fleet.company()
  const submission = await fleet.accept(company.id, invoiceOf(company.nip, 'N/1'))
  const patient = indulgent(fleet.worker({ timing: { retrySeconds: [600] } }))
  await driveTo(fleet, patient, { submission, states: ['sent'], only: ['send-pending'] })
  await spoil(submission)
  await drive(fleet, [patient], { companies: [company.id], until: async () => failed.length > 0 })
  const { nextPollAt } = await fleet.submission(submission)
  expect(nextPollAt!.getTime()).toBeGreaterThan(Date.now() + 500_000)
})

test('one of a package that cannot be written keeps neither the package nor the others from theirs', async () => {
  const company = await fleet.company()
  const all: Submission[] = []
  for (let n = 1; n <= 6; n++)
    all.push(await fleet.accept(company.id, invoiceOf(company.nip, `P/${n}`), 'batch'))
  await fleet.control('POST', '/misbehaviours', { kind: 'invoice-status', code: 450, times: 6 })
  await drive(fleet, [worker], {
    companies: [company.id],
    until: async () => {
      const { rows } = await fleet.admin.query(
        `select 1 from sessions where company_id = $1 and state = 'closed'`,
        [company.id],
      )
      return rows.length > 0
    },
  })
  // The verdict on the first of the six is refused once it is sent; being sent is not.
  const [first, ...others] = all
  await fleet.admin.query(`
    create function refuse_move() returns trigger language plpgsql as $$
      begin
        if new.id = '${first!.id}' and new.state = 'rejected' then raise exception 'refused'; end if;
        return new;
      end $$;
    create trigger spoilt before update on submissions for each row execute function refuse_move()`)
  await drive(fleet, [worker], {
    companies: [company.id],
    until: areAll(others, 'rejected'),
    only: ['finish-session'],
  })
  expect(failed).toEqual([])
  expect((await fleet.submission(first!)).state).toBe('sent')
})

test('KSeF’s words that no database could store as they are become its verdict all the same', async () => {
  const company = await fleet.company()
  const accepted = await fleet.accept(company.id, invoiceOf(company.nip, 'W/1'))
  await driveTo(fleet, worker, { submission: accepted, states: ['sent'], only: ['send-pending'] })
  const { referenceNumber, invoiceHash } = await fleet.submission(accepted)
  const status = {
    code: 450,
    description: `${'x'.repeat(499)}😀`,
    details: ['a\0b', `${'y'.repeat(1_999)}😀`],
  }
  await answerWith(fleet, ONE, { httpStatus: 200, body: { referenceNumber, invoiceHash, status } })
  await driveTo(fleet, worker, { submission: accepted, states: ['rejected'] })
  expect((await fleet.submission(accepted)).reason).toMatchObject({
    description: 'x'.repeat(499),
    details: ['a\uFFFDb', 'y'.repeat(1_999)],
  })
  expect(failed).toEqual([])
})
