/** The same bytes more than once in one session: whose entry is whose, when an answer was lost. */
import { holdSubmission, outcomeOf, releaseSubmission, retrySubmission } from '@ksef-fleet/core'
import { afterAll, afterEach, beforeAll, expect, test } from 'vitest'
import { type Connected, type DeliveryFleet, invoiceOf, startDeliveryFleet } from './delivery-fleet.ts'
import type { DeliveryWorker } from './delivery-worker.ts'
import { driveTo, verifyNow } from './drive.ts'
import { answerWith, arm, calm, ONE, SEND } from './faults.ts'
import { checkLedger, postsOf } from './ledger-check.ts'

let fleet: DeliveryFleet
let worker: DeliveryWorker
let company: Connected

beforeAll(async () => {
  fleet = await startDeliveryFleet()
  worker = fleet.worker()
})
afterEach(async () => {
  await calm(fleet)
  await fleet.control('DELETE', '/misbehaviours')
})
afterAll(() => fleet.close())

test('an invoice posted again after a rejection does not take the rejected entry for its own', async () => {
  company = await fleet.company()
  const xml = invoiceOf(company.nip, 'T/1')
  await fleet.control('POST', '/misbehaviours', { kind: 'invoice-status', code: 450, times: 1 })
  const first = await fleet.accept(company.id, xml)
  await driveTo(fleet, worker, { submission: first, states: ['rejected'] })

  await arm(fleet, SEND, { mode: 'drop-answer-after-effect' })
  const second = await fleet.accept(company.id, xml)
  await driveTo(fleet, worker, { submission: second, states: ['receipted', 'rejected', 'held'] })

  expect((await fleet.submission(second)).state).toBe('receipted')
  expect((await fleet.submission(first)).state).toBe('rejected')
  const [posts] = await postsOf(fleet, company)
  expect(posts).toBe(2)
})

test('an invoice that was held and released goes into another session than the one that lists it', async () => {
  company = await fleet.company()
  await fleet.control('POST', '/misbehaviours', { kind: 'invoice-status', code: 410, times: 1 })
  const submission = await fleet.accept(company.id, invoiceOf(company.nip, 'T/2'))
  await driveTo(fleet, worker, { submission, states: ['held'] })
  const before = await fleet.submission(submission)

  await arm(fleet, SEND, { mode: 'drop-answer-after-effect' })
  await verifyNow(worker, company)
  await driveTo(fleet, worker, { submission, states: ['receipted', 'rejected'] })
  const after = await fleet.submission(submission)
  expect(after.state).toBe('receipted')
  expect(after.sessionId).not.toBe(before.sessionId)
  await checkLedger(fleet, company)
})

test('an invoice that is tried again goes into another session, where a lost answer finds the new entry', async () => {
  company = await fleet.company()
  await fleet.control('POST', '/misbehaviours', { kind: 'invoice-status', code: 415, times: 1 })
  const submission = await fleet.accept(company.id, invoiceOf(company.nip, 'T/5'))
  await driveTo(fleet, worker, { submission, states: ['rejected'] })
  const before = await fleet.submission(submission)
  expect(outcomeOf(before)).toMatchObject({
    retry: 'helps-after',
    ksef: { resource: 'invoice', code: 415 },
  })

  await arm(fleet, SEND, { mode: 'drop-answer-after-effect' })
  const wish = { companyId: company.id, submissionId: submission.id, actor: 'test' }
  await retrySubmission(worker.context, wish)
  await driveTo(fleet, worker, { submission, states: ['receipted', 'rejected', 'held'] })
  const after = await fleet.submission(submission)
  expect(after).toMatchObject({ state: 'receipted', reason: null, attempts: 2 })
  expect(after.sessionId).not.toBe(before.sessionId)
  expect(after.referenceNumber).not.toBe(before.referenceNumber)
  await checkLedger(fleet, company)
})

test('an invoice that is tried again although its number was taken meanwhile is registered once', async () => {
  company = await fleet.company()
  const xml = invoiceOf(company.nip, 'T/6')
  await fleet.control('POST', '/misbehaviours', { kind: 'invoice-status', code: 415, times: 1 })
  const first = await fleet.accept(company.id, xml)
  await driveTo(fleet, worker, { submission: first, states: ['rejected'] })
  const second = await fleet.accept(company.id, xml)
  const wish = { companyId: company.id, submissionId: first.id, actor: 'test' }
  const taken = { code: 'INVOICE_DUPLICATE', existingId: second.id }
  await expect(retrySubmission(worker.context, wish)).rejects.toMatchObject(taken)
  await driveTo(fleet, worker, { submission: second, states: ['receipted'] })
  await expect(retrySubmission(worker.context, wish)).rejects.toMatchObject(taken)
  expect((await fleet.submission(first)).state).toBe('rejected')
})

test('an invoice that somebody holds is sent by no verification, and goes when it is released', async () => {
  company = await fleet.company()
  const submission = await fleet.accept(company.id, invoiceOf(company.nip, 'T/7'))
  const wish = { companyId: company.id, submissionId: submission.id, actor: 'test' }
  await holdSubmission(worker.context, wish)
  const neighbour = await fleet.accept(company.id, invoiceOf(company.nip, 'T/8'))
  await verifyNow(worker, company)
  await driveTo(fleet, worker, { submission: neighbour, states: ['receipted'] })
  expect(await fleet.submission(submission)).toMatchObject({ state: 'held', attempts: 0 })
  await releaseSubmission(worker.context, wish)
  await driveTo(fleet, worker, { submission, states: ['receipted'] })
  await checkLedger(fleet, company)
})

test('an invoice KSeF cannot be asked about does not keep its neighbours waiting', async () => {
  company = await fleet.company()
  const [one, other] = [
    await fleet.accept(company.id, invoiceOf(company.nip, 'T/3')),
    await fleet.accept(company.id, invoiceOf(company.nip, 'T/4')),
  ]
  await driveTo(fleet, worker, { submission: other, states: ['sent'], only: ['send-pending'] })
  const body = {
    exception: { exceptionDetailList: [{ exceptionCode: 21405, exceptionDescription: 'opis' }] },
  }
  await answerWith(fleet, ONE, { httpStatus: 400, body, times: 1 })
  await driveTo(fleet, worker, { submission: other, states: ['receipted'] })
  await driveTo(fleet, worker, { submission: one, states: ['receipted'] })
  await checkLedger(fleet, company)
})
