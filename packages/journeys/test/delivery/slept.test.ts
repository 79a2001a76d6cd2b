/** What a worker saw before it slept says nothing of the sending that another one made meanwhile. */
import type { Submission } from '@ksef-fleet/core'
import { afterAll, beforeAll, expect, test } from 'vitest'
import { type Connected, type DeliveryFleet, invoiceOf, startDeliveryFleet } from './delivery-fleet.ts'
import type { DeliveryWorker } from './delivery-worker.ts'
import { drive, driveTo } from './drive.ts'
import { answerWith, ONE } from './faults.ts'

let fleet: DeliveryFleet
let worker: DeliveryWorker
let company: Connected

beforeAll(async () => {
  fleet = await startDeliveryFleet()
  worker = fleet.worker()
})
afterAll(() => fleet.close())

/** A sent invoice whose verdict is still to come. */
async function sent(): Promise<Submission> {
  company = await fleet.company()
  const submission = await fleet.accept(company.id, invoiceOf(company.nip, 'V/1'))
  await driveTo(fleet, worker, { submission, states: ['sent'], only: ['send-pending'] })
  return fleet.submission(submission)
}

/** KSeF's next answers about the sent invoice, instead of its real ones. */
const say = ({ referenceNumber, invoiceHash }: Submission, status: object, { times = 1 } = {}) =>
  answerWith(fleet, ONE, { httpStatus: 200, times, body: { referenceNumber, invoiceHash, status } })

const poll = async ({ id, companyId, sessionId }: Submission, by: DeliveryWorker) => {
  await fleet.admin.query('update submissions set next_poll_at = now() where id = $1', [id])
  return by.run('poll-session', { companyId, sessionId: sessionId! })
}

/** A worker reads the work, opens its access, asks KSeF, and falls asleep before it writes down what it saw. */
async function fallAsleepBeforeWriting(submission: Submission): Promise<() => Promise<void>> {
  const { promise, resolve: wakeUp } = Promise.withResolvers<void>()
  const sleeper = fleet.worker({ asleep: { atCall: 3, until: promise } })
  const asleep = poll(submission, sleeper)
  await drive(fleet, [], { companies: [company.id], until: async () => sleeper.db.calls === 3 })
  return () => {
    wakeUp()
    return asleep
  }
}

/** Another worker takes KSeF's word for it that it is to be sent again, and does so. */
async function sendAnew(submission: Submission): Promise<Submission> {
  await poll(submission, worker)
  await drive(fleet, [worker], {
    companies: [company.id],
    until: async () => {
      const { fence, state } = await fleet.submission(submission)
      return fence === 2 && state === 'sent'
    },
    only: ['send-pending'],
  })
  return fleet.submission(submission)
}

test('a refusal seen by a worker that slept does not touch a later sending', async () => {
  const submission = await sent()
  await say(submission, { code: 550, description: 'Anulowana' }, { times: 2 })
  const wake = await fallAsleepBeforeWriting(submission)
  const later = await sendAnew(submission)
  await wake()
  expect(await fleet.submission(submission)).toEqual(later)
  await driveTo(fleet, worker, { submission, states: ['receipted', 'rejected', 'held'] })
  expect(await fleet.submission(submission)).toMatchObject({ state: 'receipted', attempts: 2 })
})

test('a verdict that was not there yet moves no timer of a later sending', async () => {
  const submission = await sent()
  await say(submission, { code: 150, description: 'Trwa' })
  const wake = await fallAsleepBeforeWriting(submission)
  await say(submission, { code: 550, description: 'Anulowana' })
  const later = await sendAnew(submission)
  await wake()
  expect(await fleet.submission(submission)).toEqual(later)
  await driveTo(fleet, worker, { submission, states: ['receipted', 'rejected', 'held'] })
  expect(await fleet.submission(submission)).toMatchObject({ state: 'receipted', attempts: 2 })
})

/** A worker goes to send the company's invoice and falls asleep before its n-th call; `hadBegun`: not before it opens a session. */
async function fallAsleepBeforeOpening(submission: Submission, atCall: number) {
  const { promise, resolve: wakeUp } = Promise.withResolvers<void>()
  const sleeper = fleet.worker({ asleep: { atCall, until: promise } })
  const asleep = sleeper.run('send-pending', { companyId: submission.companyId })
  await drive(fleet, [], { companies: [company.id], until: async () => sleeper.db.calls === atCall })
  const hadBegun = (await sessionsOf(company)).length > 0
  return {
    hadBegun,
    wake: () => {
      wakeUp()
      return asleep
    },
  }
}

const sessionsOf = async ({ id }: Connected): Promise<string[]> => {
  const { rows } = await fleet.admin.query('select state from sessions where company_id = $1', [id])
  return rows.map(({ state }) => state)
}

test('who planned before another sent everything opens no session for nothing', async () => {
  const quick = fleet.worker({ timing: { sessionIdleSeconds: 0.1 } })
  let slept = 0
  for (let atCall = 1, hadBegun = false; !hadBegun; atCall++) {
    company = await fleet.company()
    const submission = await fleet.accept(company.id, invoiceOf(company.nip, 'V/1'))
    const sleeper = await fallAsleepBeforeOpening(submission, atCall)
    hadBegun = sleeper.hadBegun
    if (!hadBegun) {
      slept++
      const isOver = async () => (await sessionsOf(company)).join() === 'settled'
      await drive(fleet, [quick], { companies: [company.id], until: isOver })
    }
    await sleeper.wake()
    if (!hadBegun) expect(await sessionsOf(company), `asleep before call ${atCall}`).toEqual(['settled'])
  }
  expect(slept).toBeGreaterThan(4)
})
