import type { Company, SessionId, Submission } from '@ksef-fleet/core'
import { afterAll, beforeEach, describe, expect, test } from 'vitest'
import {
  GROUP,
  insertCompany,
  insertIntegration,
  insertSent,
  insertSubmission,
  newHeader,
  openFleet,
  openSession,
} from './fleet.ts'

const fleet = await openFleet()
const { db } = fleet
afterAll(() => fleet[Symbol.asyncDispose]())

let company: Company
let session: SessionId
beforeEach(async () => {
  company = await insertCompany(fleet)
  await insertIntegration(fleet, company)
  session = await openSession(fleet, company)
})

/** On its way: KSeF has it and has not decided. */
async function sent(): Promise<Submission> {
  const submission = await insertSent(fleet, company, session)
  await db.withCompany(company.id, (tx) => tx.documents.register([newHeader(submission)]))
  return submission
}

/** A correction that names its original by number, as acceptance stores it. */
async function correctionOf({ number: correctedNumber }: Pick<Submission, 'number'>): Promise<Submission> {
  const submission = await insertSubmission(fleet, company, { kind: 'KOR' })
  await db.withCompany(company.id, (tx) =>
    tx.documents.register([newHeader(submission, { correctedNumber })]),
  )
  return submission
}

const awaitOriginals = ({ id }: Submission) =>
  db.withCompany(company.id, (tx) => tx.submissions.awaitOriginals({ submissionId: id }))
const read = ({ id }: Submission) => db.withCompany(company.id, (tx) => tx.submissions.get(id))
const claim = () =>
  db.withCompany(company.id, (tx) =>
    tx.submissions.claimNext({ environment: 'test', group: GROUP, leaseSeconds: 60 }),
  )
const register = ({ id }: Submission) => {
  const set = { ksefNumber: `N-${id}`, registeredAt: new Date(), nextPollAt: new Date() }
  return db.withCompany(company.id, (tx) => tx.submissions.move(id, { from: 'sent', to: 'registered', set }))
}
const reject = ({ id }: Submission) =>
  db.withCompany(company.id, (tx) =>
    tx.submissions.move(id, { from: 'sent', to: 'rejected', set: { reason: { code: 'KSEF_REJECTED' } } }),
  )

describe('a correction', () => {
  test('is nobody’s to claim before its original has a number, and due at once after', async () => {
    const original = await sent()
    const correction = await correctionOf(original)
    expect(await awaitOriginals(correction)).toBe(1)
    const waiting = { waitsFor: [original.id], reason: { code: 'ORIGINAL_AWAITED' } }
    expect(await read(correction)).toMatchObject(waiting)
    expect(await claim()).toBeNull()
    expect(await register(original)).toBe(true)
    expect(await read(correction)).toMatchObject({ waitsFor: null, reason: null, state: 'pending' })
    expect((await claim())?.id).toBe(correction.id)
  })

  test('goes at once when its original has its number, or is nobody’s here', async () => {
    const original = await sent()
    await register(original)
    expect(await awaitOriginals(await correctionOf(original))).toBe(0)
    expect(await awaitOriginals(await correctionOf({ number: 'of another' }))).toBe(0)
  })

  test('is held when its original is rejected, and goes after the one that takes its place', async () => {
    const original = await sent()
    const correction = await correctionOf(original)
    await awaitOriginals(correction)
    await reject(original)
    const held = { state: 'held', reason: { code: 'ORIGINAL_REJECTED' } }
    expect(await read(correction)).toMatchObject(held)
    const late = await correctionOf(original)
    expect(await awaitOriginals(late)).toBe(1)
    expect(await read(late)).toMatchObject(held)
    const other = await insertSubmission(fleet, company, { number: original.number })
    await db.withCompany(company.id, (tx) => tx.submissions.awaitInstead(original.id, other.id))
    for (const one of [correction, late])
      expect(await read(one)).toMatchObject({ state: 'pending', waitsFor: [other.id] })
    expect(await read(other)).toMatchObject({ isAwaited: true })
  })

  test('does not wait for an original that is kept since a total failure', async () => {
    const kept = { state: 'held', reason: { code: 'TOTAL_FAILURE' }, nextAttemptAt: null } as const
    const offline = { offlineMode: 'totalFailure', offlineChoice: 'caller' } as const
    const original = await insertSubmission(fleet, company, { ...kept, ...offline })
    await db.withCompany(company.id, (tx) => tx.documents.register([newHeader(original)]))
    const correction = await correctionOf(original)
    expect(await awaitOriginals(correction)).toBe(0)
    expect((await claim())?.id).toBe(correction.id)
  })

  test('that is released finds out whether its original was rejected while it was held', async () => {
    const originals = [await sent(), await sent()] as const
    const corrections = [await correctionOf(originals[0]), await correctionOf(originals[1])] as const
    for (const one of corrections) await awaitOriginals(one)
    const byPeople = { code: 'HELD_BY_REQUEST' }
    const release = () => db.withCompany(company.id, (tx) => tx.submissions.release('test', [byPeople.code]))
    await db.withCompany(company.id, (tx) => tx.submissions.hold('test', byPeople))
    await reject(originals[0])
    expect(await read(corrections[0])).toMatchObject({ state: 'held', reason: byPeople })
    expect(await release()).toBe(1)
    expect(await read(corrections[0])).toMatchObject({ state: 'held', reason: { code: 'ORIGINAL_REJECTED' } })
    expect(await read(corrections[1])).toMatchObject({
      state: 'pending',
      reason: { code: 'ORIGINAL_AWAITED' },
    })
  })

  test('released while its original is being rejected never waits for ever', async () => {
    for (let round = 0; round < 12; round++) {
      const original = await sent()
      const correction = await correctionOf(original)
      await awaitOriginals(correction)
      await db.withCompany(company.id, (tx) => tx.submissions.hold('test', { code: 'HELD_BY_REQUEST' }))
      await Promise.all([
        db.withCompany(company.id, (tx) => tx.submissions.release('test', ['HELD_BY_REQUEST'])),
        reject(original),
      ])
      expect(await read(correction), `${round}`).toMatchObject({ reason: { code: 'ORIGINAL_REJECTED' } })
    }
  })

  test('that waits for a rejected technical correction goes after the next one of the same original', async () => {
    const original = await sent()
    await reject(original)
    const technical = { correctsId: original.id, correctsHash: original.invoiceHash, number: original.number }
    const offline = { offlineMode: 'offline24', offlineChoice: 'caller' } as const
    const refused = { state: 'rejected', reason: { code: 'KSEF_REJECTED' } } as const
    const first = await insertSubmission(fleet, company, { ...technical, ...offline, ...refused })
    await db.withCompany(company.id, (tx) => tx.documents.register([newHeader(first)]))
    const correction = await correctionOf(original)
    expect(await awaitOriginals(correction)).toBe(1)
    expect(await read(correction)).toMatchObject({ state: 'held', waitsFor: [first.id] })
    const second = await insertSubmission(fleet, company, { ...technical, ...offline })
    await db.withCompany(company.id, (tx) => tx.submissions.awaitInstead(original.id, second.id))
    expect(await read(correction)).toMatchObject({ state: 'pending', waitsFor: [second.id] })
  })

  test('accepted while its original is being registered never waits for ever', async () => {
    for (let round = 0; round < 12; round++) {
      const original = await sent()
      const correction = await correctionOf(original)
      await Promise.all([awaitOriginals(correction), register(original)])
      expect(await read(correction), `${round}`).toMatchObject({ waitsFor: null, state: 'pending' })
      await fleet.admin.query(`update submissions set state = 'held', reason = '{}' where id = $1`, [
        correction.id,
      ])
    }
  })
})

test('offline submissions are claimed by their deadlines, and apart from the others', async () => {
  const offline = { offlineMode: 'offline24', offlineChoice: 'caller' } as const
  await insertSubmission(fleet, company, { nextAttemptAt: new Date(Date.now() - 9_000) })
  const later = await insertSubmission(fleet, company, { ...offline, deadline: '2026-12-02' })
  const open = await insertSubmission(fleet, company, { ...offline, deadline: null })
  const soon = await insertSubmission(fleet, company, { ...offline, deadline: '2026-12-01' })
  const group = { ...GROUP, offline: true }
  const claimed = await db.withCompany(company.id, async (tx) => {
    const ids: (string | undefined)[] = []
    for (let n = 0; n < 4; n++)
      ids.push((await tx.submissions.claimNext({ environment: 'test', group, leaseSeconds: 60 }))?.id)
    return ids
  })
  expect(claimed).toEqual([soon.id, later.id, open.id, undefined])
})
