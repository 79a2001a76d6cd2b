import type { Company, CompanyTransaction, SessionId, Submission } from '@ksef-fleet/core'
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

type Numbered = Pick<Submission, 'number'>

/** A correction, as acceptance stores it. */
async function correction(): Promise<Submission> {
  const submission = await insertSubmission(fleet, company, { kind: 'KOR' })
  await db.withCompany(company.id, (tx) => tx.documents.register([newHeader(submission)]))
  return submission
}

/** Has it go after the originals that it names by number. */
const awaitOriginals = ({ id }: Submission, ...originals: Numbered[]) =>
  db.withCompany(company.id, (tx) =>
    tx.submissions.awaitOriginals([{ submissionId: id, numbers: originals.map(({ number }) => number) }]),
  )
async function correctionOf(...originals: Numbered[]): Promise<Submission> {
  const submission = await correction()
  await awaitOriginals(submission, ...originals)
  return submission
}
const read = ({ id }: Submission) => db.withCompany(company.id, (tx) => tx.submissions.get(id))
const claim = () =>
  db.withCompany(company.id, (tx) =>
    tx.submissions.claimNext({ environment: 'test', group: GROUP, leaseSeconds: 60 }),
  )
const register = ({ id }: Submission) => db.withCompany(company.id, (tx) => registerIn(tx, id))
const registerIn = (tx: CompanyTransaction, id: Submission['id']) => {
  const set = { ksefNumber: `N-${id}`, registeredAt: new Date(), nextPollAt: new Date() }
  return tx.submissions.move(id, { from: 'sent', to: 'registered', set })
}
const reject = ({ id }: Submission) => db.withCompany(company.id, (tx) => rejectIn(tx, id))
const rejectIn = (tx: CompanyTransaction, id: Submission['id']) =>
  tx.submissions.move(id, { from: 'sent', to: 'rejected', set: { reason: { code: 'KSEF_REJECTED' } } })
const awaitInstead = (from: Submission, to: Submission) =>
  db.withCompany(company.id, (tx) => tx.submissions.awaitInstead(from.id, to.id))

describe('a correction', () => {
  test('is nobody’s to claim before its original has a number, and due at once after', async () => {
    const original = await sent()
    const follower = await correction()
    expect(await awaitOriginals(follower, original)).toBe(1)
    const waiting = { waitsFor: [original.id], reason: { code: 'ORIGINAL_AWAITED' } }
    expect(await read(follower)).toMatchObject(waiting)
    expect(await claim()).toBeNull()
    expect(await register(original)).toBe(true)
    expect(await read(follower)).toMatchObject({ waitsFor: null, reason: null, state: 'pending' })
    expect((await claim())?.id).toBe(follower.id)
  })

  test('goes at once when its original has its number, or is nobody’s here', async () => {
    const original = await sent()
    await register(original)
    expect(await awaitOriginals(await correction(), original)).toBe(0)
    expect(await awaitOriginals(await correction(), { number: 'of another' })).toBe(0)
  })

  test('is held when its original is rejected, and goes after the one that takes its place', async () => {
    const original = await sent()
    const early = await correctionOf(original)
    await reject(original)
    const held = { state: 'held', reason: { code: 'ORIGINAL_REJECTED' } }
    expect(await read(early)).toMatchObject(held)
    const late = await correction()
    expect(await awaitOriginals(late, original)).toBe(1)
    expect(await read(late)).toMatchObject(held)
    const other = await insertSubmission(fleet, company, { number: original.number })
    await awaitInstead(original, other)
    for (const one of [early, late])
      expect(await read(one)).toMatchObject({ state: 'pending', waitsFor: [other.id] })
    expect(await read(other)).toMatchObject({ isAwaited: true })
  })

  test('does not wait for an original that is kept since a total failure', async () => {
    const kept = { state: 'held', reason: { code: 'TOTAL_FAILURE' }, nextAttemptAt: null } as const
    const offline = { offlineMode: 'totalFailure', offlineChoice: 'caller' } as const
    const original = await insertSubmission(fleet, company, { ...kept, ...offline })
    await db.withCompany(company.id, (tx) => tx.documents.register([newHeader(original)]))
    const follower = await correction()
    expect(await awaitOriginals(follower, original)).toBe(0)
    expect((await claim())?.id).toBe(follower.id)
  })

  test('that is released finds out whether its original was rejected while it was held', async () => {
    const originals = [await sent(), await sent()] as const
    const corrections = [await correctionOf(originals[0]), await correctionOf(originals[1])] as const
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
      const follower = await correctionOf(original)
      await db.withCompany(company.id, (tx) => tx.submissions.hold('test', { code: 'HELD_BY_REQUEST' }))
      await Promise.all([
        db.withCompany(company.id, (tx) => tx.submissions.release('test', ['HELD_BY_REQUEST'])),
        reject(original),
      ])
      expect(await read(follower), `${round}`).toMatchObject({ reason: { code: 'ORIGINAL_REJECTED' } })
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
    const follower = await correction()
    expect(await awaitOriginals(follower, original)).toBe(1)
    expect(await read(follower)).toMatchObject({ state: 'held', waitsFor: [first.id] })
    const second = await insertSubmission(fleet, company, { ...technical, ...offline })
    await awaitInstead(original, second)
    expect(await read(follower)).toMatchObject({ state: 'pending', waitsFor: [second.id] })
  })

  test('accepted while its original is being registered never waits for ever', async () => {
    for (let round = 0; round < 12; round++) {
      const original = await sent()
      const follower = await correction()
      await Promise.all([awaitOriginals(follower, original), register(original)])
      expect(await read(follower), `${round}`).toMatchObject({ waitsFor: null, state: 'pending' })
      await fleet.admin.query(`update submissions set state = 'held', reason = '{}' where id = $1`, [
        follower.id,
      ])
    }
  })
})

type Work = (tx: CompanyTransaction) => Promise<unknown>

/** `first` is done and not committed when `second` comes, which has to wait for it. */
async function overlapping(first: Work, second: Work): Promise<void> {
  const isDone = Promise.withResolvers<void>()
  const mayCommit = Promise.withResolvers<void>()
  const one = db.withCompany(company.id, async (tx) => {
    await first(tx)
    isDone.resolve()
    await mayCommit.promise
  })
  await isDone.promise
  const other = db.withCompany(company.id, second)
  try {
    await expect.poll(someoneWaits).toBe(true)
  } finally {
    mayCommit.resolve()
    await Promise.all([one, other])
  }
}

async function someoneWaits(): Promise<boolean> {
  const { rows } = await fleet.admin.query<{ count: number }>(
    `select count(*)::int as count from pg_stat_activity
      where datname = current_database() and wait_event_type = 'Lock'`,
  )
  return rows[0]?.count === 1
}

describe('a correction of several originals', () => {
  const AWAITED = { state: 'pending', reason: { code: 'ORIGINAL_AWAITED' } }
  const REJECTED = { state: 'held', reason: { code: 'ORIGINAL_REJECTED' } }
  /** Two that are sent, and who goes after them. */
  async function both() {
    const [first, second] = [await sent(), await sent()]
    return { first, second, follower: await correctionOf(first, second) }
  }

  test('waits for each of them, and goes when the last has its number', async () => {
    const { first, second, follower } = await both()
    const waiting = await read(follower)
    expect(waiting).toMatchObject(AWAITED)
    expect(waiting?.waitsFor?.toSorted()).toEqual([first.id, second.id].toSorted())
    await register(second)
    expect(await read(follower)).toMatchObject({ ...AWAITED, waitsFor: [first.id] })
    expect(await claim()).toBeNull()
    await register(first)
    expect(await read(follower)).toMatchObject({ state: 'pending', reason: null, waitsFor: null })
    expect((await claim())?.id).toBe(follower.id)
  })

  test('waits for those alone that are the company’s own and still to get a number', async () => {
    const { first, second } = await both()
    await register(first)
    const follower = await correction()
    expect(await awaitOriginals(follower, first, { number: 'of another' }, second)).toBe(1)
    expect(await read(follower)).toMatchObject({ ...AWAITED, waitsFor: [second.id] })
  })

  test('in a crowd each waits for its own, and those that name none that is awaited are not counted', async () => {
    const [first, second] = [await sent(), await sent()]
    const corrections = [await correction(), await correction(), await correction()] as const
    const named = [[first.number, second.number], [second.number], ['of another']]
    const asked = corrections.map(({ id }, index) => ({ submissionId: id, numbers: named[index] ?? [] }))
    expect(await db.withCompany(company.id, (tx) => tx.submissions.awaitOriginals(asked))).toBe(2)
    await register(first)
    for (const one of corrections.slice(0, 2))
      expect(await read(one)).toMatchObject({ ...AWAITED, waitsFor: [second.id] })
    expect(await read(corrections[2])).toMatchObject({ reason: null, waitsFor: null })
  })

  test('is held when one of them is rejected, whatever becomes of the other', async () => {
    const { first, second, follower } = await both()
    await reject(first)
    expect(await read(follower)).toMatchObject(REJECTED)
    await register(second)
    expect(await read(follower)).toMatchObject({ ...REJECTED, waitsFor: [first.id] })
    const late = await correction()
    expect(await awaitOriginals(late, second, first)).toBe(1)
    expect(await read(late)).toMatchObject({ ...REJECTED, waitsFor: [first.id] })
    const other = await insertSubmission(fleet, company, { number: first.number })
    await awaitInstead(first, other)
    expect(await read(follower)).toMatchObject({ ...AWAITED, waitsFor: [other.id] })
  })

  test('stays held until none of them is rejected any more, and that is told once', async () => {
    const { first, second, follower } = await both()
    await reject(first)
    await reject(second)
    const others = [
      await insertSubmission(fleet, company, { number: first.number }),
      await insertSubmission(fleet, company, { number: second.number }),
    ] as const
    await awaitInstead(first, others[0])
    const held = await read(follower)
    expect(held).toMatchObject(REJECTED)
    expect(held?.waitsFor?.toSorted()).toEqual([others[0].id, second.id].toSorted())
    const { rows } = await fleet.admin.query(
      `select count(*)::int as count from events where type = 'invoice.held' and subject = $1`,
      [follower.id],
    )
    expect(rows).toEqual([{ count: 1 }])
    await awaitInstead(second, others[1])
    expect(await read(follower)).toMatchObject(AWAITED)
  })

  test('that are registered at once goes after both', async () => {
    const { first, second, follower } = await both()
    await overlapping(
      (tx) => registerIn(tx, first.id),
      (tx) => registerIn(tx, second.id),
    )
    expect(await read(follower)).toMatchObject({ state: 'pending', reason: null, waitsFor: null })
  })

  test('is held when one of them is rejected while the place of the other is taken, whoever comes first', async () => {
    for (const order of ['replaced', 'rejected'] as const) {
      const { first, second, follower } = await both()
      await reject(first)
      const other = await insertSubmission(fleet, company, { number: first.number })
      const replace: Work = (tx) => tx.submissions.awaitInstead(first.id, other.id)
      const refuse: Work = (tx) => rejectIn(tx, second.id)
      await (order === 'replaced' ? overlapping(replace, refuse) : overlapping(refuse, replace))
      expect(await read(follower), order).toMatchObject(REJECTED)
      await awaitInstead(second, await insertSubmission(fleet, company, { number: second.number }))
      expect(await read(follower), order).toMatchObject(AWAITED)
    }
  })
})

test('what corrects nothing goes after nothing, whatever it names', async () => {
  const [one, other] = [await insertSubmission(fleet, company), await insertSubmission(fleet, company)]
  await db.withCompany(company.id, (tx) => tx.documents.register([newHeader(one), newHeader(other)]))
  expect(await awaitOriginals(one, other)).toBe(0)
  expect(await awaitOriginals(other, one)).toBe(0)
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
