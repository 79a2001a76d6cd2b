import { randomUUID } from 'node:crypto'
import { SessionId } from '@ksef-fleet/core'
import { afterAll, describe, expect, test } from 'vitest'
import { FORM, GROUP, insertCompany, insertSubmission, NO_VERSION, openFleet, openSession } from './fleet.ts'

const fleet = await openFleet()
const { db, admin } = fleet
afterAll(() => fleet[Symbol.asyncDispose]())

const opening = (set: { id?: SessionId; formCode?: string } = {}) => ({
  id: SessionId.parse(randomUUID()),
  environment: 'test' as const,
  formCode: FORM,
  sealedKey: 'sealed',
  ...NO_VERSION,
  leaseSeconds: 60,
  ...set,
})

async function claimed() {
  const company = await insertCompany(fleet)
  const sessionId = await openSession(fleet, company)
  await insertSubmission(fleet, company)
  const claim = await db.withCompany(company.id, (tx) =>
    tx.submissions.claimNext({ environment: 'test', group: GROUP, leaseSeconds: 60 }),
  )
  if (claim === null) throw new Error('nothing to claim')
  const begin = (set: { sessionId?: SessionId; fence?: number; leaseSeconds?: number } = {}) =>
    db.withCompany(company.id, (tx) =>
      tx.attempts.begin({
        submissionId: claim.id,
        sessionId,
        fence: claim.fence,
        invoiceHash: claim.invoiceHash,
        leaseSeconds: 60,
        ...set,
      }),
    )
  const read = () => db.withCompany(company.id, (tx) => tx.submissions.get(claim.id))
  const attempts = () => db.withCompany(company.id, (tx) => tx.attempts.list(claim.id))
  return { company, sessionId, claim, begin, read, attempts }
}

describe('an attempt', () => {
  test('is numbered, binds the session and renews the lease', async () => {
    const { sessionId, claim, begin, read, attempts } = await claimed()
    await admin.query(`update submissions set lease_until = now() + interval '1 second' where id = $1`, [
      claim.id,
    ])
    expect([await begin(), await begin()]).toEqual([1, 2])
    const submission = await read()
    expect(submission).toMatchObject({ state: 'claimed', sessionId, attempts: 2, fence: claim.fence })
    expect(submission?.leaseUntil?.getTime()).toBeGreaterThan(Date.now() + 30_000)
    const [first] = await attempts()
    expect(first).toEqual({
      number: 1,
      sessionId,
      invoiceHash: claim.invoiceHash,
      fence: claim.fence,
      startedAt: expect.any(Date),
      endedAt: null,
      outcome: null,
      code: null,
    })
  })

  test('counts against what KSeF allows in its environment, while it is recent', async () => {
    const { company, begin } = await claimed()
    await begin()
    await begin()
    const spent = (environment: 'test' | 'demo', seconds: number) =>
      db.withCompany(company.id, (tx) => tx.attempts.countSince(environment, seconds))
    expect([await spent('test', 3_600), await spent('demo', 3_600)]).toEqual([2, 0])
    await admin.query(
      `update attempts set started_at = now() - interval '61 seconds' where company_id = $1 and number = 1`,
      [company.id],
    )
    expect([await spent('test', 60), await spent('test', 70)]).toEqual([1, 2])
  })

  test('is refused to a stale fence, and leaves nothing', async () => {
    const { claim, begin, read, attempts } = await claimed()
    expect(await begin({ fence: claim.fence - 1 })).toBeNull()
    expect(await attempts()).toEqual([])
    expect(await read()).toMatchObject({ attempts: 0, sessionId: null })
  })

  test('is refused once the claim is over', async () => {
    const { company, claim, begin } = await claimed()
    await db.withCompany(company.id, (tx) =>
      tx.submissions.move(claim.id, { from: 'claimed', to: 'pending' }),
    )
    expect(await begin()).toBeNull()
  })

  test('is refused by a session that is closing, still opening, unknown, or of another form', async () => {
    const { company, sessionId, begin } = await claimed()
    const otherForm = await openSession(fleet, company, 'FA (2)')
    const stillOpening = opening({ formCode: 'FA (9)' })
    await db.withCompany(company.id, (tx) => tx.sessions.insertOpening(stillOpening))
    await db.withCompany(company.id, (tx) => tx.sessions.move(sessionId, { from: 'open', to: 'closing' }))
    const refused = [sessionId, otherForm, stillOpening.id, SessionId.parse(randomUUID())]
    for (const id of refused) expect(await begin({ sessionId: id })).toBeNull()
  })

  test('is refused by another company’s session', async () => {
    const { begin } = await claimed()
    const foreign = await openSession(fleet, await insertCompany(fleet))
    expect(await begin({ sessionId: foreign })).toBeNull()
  })

  test('holds off the closing of its session until it is written down', async () => {
    const { company, sessionId, claim } = await claimed()
    const order: string[] = []
    let closing: Promise<void> | undefined
    await db.withCompany(company.id, async (tx) => {
      const { id: submissionId, fence, invoiceHash } = claim
      await tx.attempts.begin({ submissionId, sessionId, fence, invoiceHash, leaseSeconds: 60 })
      closing = db
        .withCompany(company.id, (other) => other.sessions.move(sessionId, { from: 'open', to: 'closing' }))
        .then(() => void order.push('closed'))
      for (;;) {
        const { rowCount } = await admin.query(
          `select 1 from pg_stat_activity where datname = current_database() and usename = 'fleet_app' and wait_event_type = 'Lock'`,
        )
        if (rowCount !== 0) break
      }
      order.push('begun')
    })
    await closing
    expect(order).toEqual(['begun', 'closed'])
  })

  test('ends once; a second word on it changes nothing', async () => {
    const { company, claim, begin, attempts } = await claimed()
    await begin()
    const end = (result: { outcome: 'done' | 'unknown'; code?: string }) =>
      db.withCompany(company.id, (tx) => tx.attempts.end(claim.id, 1, result))
    await end({ outcome: 'unknown', code: 'KSEF_UNREACHABLE' })
    await end({ outcome: 'done' })
    expect(await attempts()).toMatchObject([
      { outcome: 'unknown', code: 'KSEF_UNREACHABLE', endedAt: expect.any(Date) },
    ])
  })
})

describe('a session', () => {
  test('of one form code stands alone: ten openers at once, one succeeds', async () => {
    const company = await insertCompany(fleet)
    const inserted = await Promise.all(
      Array.from({ length: 10 }, () =>
        db.withCompany(company.id, (tx) => tx.sessions.insertOpening(opening())),
      ),
    )
    expect(inserted.filter(Boolean)).toHaveLength(1)
    const inOther = { ...opening(), environment: 'demo' as const }
    expect(await db.withCompany(company.id, (tx) => tx.sessions.insertOpening(inOther))).toBe(true)
    expect(
      await db.withCompany(company.id, (tx) => tx.sessions.insertOpening(opening({ formCode: 'FA (2)' }))),
    ).toBe(true)
  })

  test('makes room for the next when it closes', async () => {
    const company = await insertCompany(fleet)
    const id = await openSession(fleet, company)
    const current = () => db.withCompany(company.id, (tx) => tx.sessions.current('test', FORM))
    expect((await current())?.id).toBe(id)
    await db.withCompany(company.id, (tx) => tx.sessions.move(id, { from: 'open', to: 'closing' }))
    expect(await current()).toBeNull()
    const next = await openSession(fleet, company)
    expect((await current())?.id).toBe(next)
  })

  test('is found by its reference, read and touched by its own company only', async () => {
    const company = await insertCompany(fleet)
    const other = await insertCompany(fleet)
    const id = await openSession(fleet, company)
    const session = await db.withCompany(company.id, (tx) => tx.sessions.get(id))
    const reference = session?.referenceNumber ?? ''
    expect(await db.withCompany(company.id, (tx) => tx.sessions.findByReference(reference))).toEqual(session)
    expect(await db.withCompany(other.id, (tx) => tx.sessions.findByReference(reference))).toBeNull()
    const nextPollAt = new Date('2027-01-01T00:00:00Z')
    await db.withCompany(other.id, (tx) => tx.sessions.touch(id, { polls: 9 }))
    await db.withCompany(company.id, (tx) => tx.sessions.touch(id, { nextPollAt, ksefStatusCode: 100 }))
    expect(await db.withCompany(company.id, (tx) => tx.sessions.get(id))).toEqual({
      ...session,
      nextPollAt,
      ksefStatusCode: 100,
    })
  })

  test('moves by compare-and-swap, along its table only', async () => {
    const company = await insertCompany(fleet)
    const id = await openSession(fleet, company)
    const move = (from: 'opening' | 'open', to: 'open' | 'closing') =>
      db.withCompany(company.id, (tx) => tx.sessions.move(id, { from, to }))
    expect(await Promise.all([move('open', 'closing'), move('open', 'closing')])).toEqual(
      expect.arrayContaining([true, false]),
    )
    await expect(
      db.withCompany(company.id, (tx) => tx.sessions.move(id, { from: 'closing', to: 'open' })),
    ).rejects.toThrow('cannot go from closing to open')
  })

  test('cannot be open without a reference and an end', async () => {
    const company = await insertCompany(fleet)
    const session = opening()
    await db.withCompany(company.id, (tx) => tx.sessions.insertOpening(session))
    const move = db.withCompany(company.id, (tx) =>
      tx.sessions.move(session.id, { from: 'opening', to: 'open' }),
    )
    await expect(move).rejects.toMatchObject({ constraint: 'sessions_open_is_known_to_ksef' })
  })

  test('has a lease that runs out on the database’s clock', async () => {
    const company = await insertCompany(fleet)
    const session = opening()
    await db.withCompany(company.id, (tx) => tx.sessions.insertOpening(session))
    const isOver = () => db.withCompany(company.id, (tx) => tx.sessions.isLeaseOver(session.id))
    expect(await isOver()).toBe(false)
    await admin.query(`update sessions set lease_until = now() - interval '1 millisecond' where id = $1`, [
      session.id,
    ])
    expect(await isOver()).toBe(true)
    await db.withCompany(company.id, (tx) =>
      tx.sessions.move(session.id, { from: 'opening', to: 'abandoned' }),
    )
    expect(await isOver()).toBe(false)
  })
})
