import { randomUUID } from 'node:crypto'
import { type Submission, SubmissionId } from '@ksef-fleet/core'
import { afterAll, describe, expect, test } from 'vitest'
import { GROUP, insertCompany, insertSent, insertSubmission, openFleet, openSession } from './fleet.ts'

const fleet = await openFleet()
const { db, admin } = fleet
afterAll(() => fleet[Symbol.asyncDispose]())

const claimOf = { environment: 'test', group: GROUP, leaseSeconds: 60 } as const
const get = (submission: Submission) =>
  db.withCompany(submission.companyId, (tx) => tx.submissions.get(submission.id))
const claim = async (companyId: Submission['companyId']) => {
  const claimed = await db.withCompany(companyId, (tx) => tx.submissions.claimNext(claimOf))
  if (claimed === null) throw new Error('nothing to claim')
  return claimed
}

describe('reading', () => {
  test('what was inserted is read back whole', async () => {
    const company = await insertCompany(fleet)
    const submission = await insertSubmission(fleet, company, {
      reason: { code: 'KSEF_REJECTED', ksefCode: 450, details: ['ząb "\\"'] },
      giveUpAt: new Date('2026-12-01T00:00:00.123Z'),
      traceparent: '00-abc',
    })
    expect(await get(submission)).toEqual(submission)
  })

  test('another company and an unknown id read nothing', async () => {
    const submission = await insertSubmission(fleet, await insertCompany(fleet))
    const other = await insertCompany(fleet)
    expect(await db.withCompany(other.id, (tx) => tx.submissions.get(submission.id))).toBeNull()
    expect(
      await db.withCompany(other.id, (tx) => tx.submissions.get(SubmissionId.parse(randomUUID()))),
    ).toBeNull()
  })

  test('the list is newest first, strictly older than the cursor, also when moments are equal', async () => {
    const company = await insertCompany(fleet)
    const createdAt = new Date('2026-11-22T10:00:00.001Z')
    const inserted: Submission[] = []
    for (let at = 0; at < 5; at++) inserted.push(await insertSubmission(fleet, company, { createdAt }))
    inserted.push(await insertSubmission(fleet, company, { createdAt: new Date(createdAt.getTime() + 1) }))
    const pages: string[] = []
    let before: { createdAt: Date; id: SubmissionId } | undefined
    for (;;) {
      const page = await db.withCompany(company.id, (tx) =>
        tx.submissions.list({ limit: 2, ...(before === undefined ? {} : { before }) }),
      )
      const last = page.at(-1)
      if (last === undefined) break
      pages.push(...page.map(({ id }) => id))
      before = last
    }
    const sorted = inserted.toSorted(
      (a, b) => b.createdAt.getTime() - a.createdAt.getTime() || (a.id < b.id ? 1 : -1),
    )
    expect(pages).toEqual(sorted.map(({ id }) => id))
  })

  test('the list can be narrowed to a state', async () => {
    const company = await insertCompany(fleet)
    await insertSubmission(fleet, company)
    const held = await insertSubmission(fleet, company, { state: 'held', reason: { code: 'X' } })
    const found = await db.withCompany(company.id, (tx) => tx.submissions.list({ limit: 10, state: 'held' }))
    expect(found.map(({ id }) => id)).toEqual([held.id])
    expect(await db.withCompany(company.id, (tx) => tx.submissions.countByState())).toEqual({
      pending: 1,
      held: 1,
    })
  })

  test('a number is found unless it was rejected, and is then free again', async () => {
    const company = await insertCompany(fleet)
    const first = await insertSubmission(fleet, company, { number: 'FV/7' })
    const key = { environment: 'test', sellerNip: company.nip, kind: 'VAT', number: 'FV/7' } as const
    const find = () => db.withCompany(company.id, (tx) => tx.submissions.findByNumber(key))
    expect((await find())?.id).toBe(first.id)
    await expect(insertSubmission(fleet, company, { number: 'FV/7' })).rejects.toMatchObject({
      kind: 'conflict',
      constraint: 'submissions_number_key',
    })
    await admin.query(`update submissions set state = 'rejected', reason = '{"code":"X"}' where id = $1`, [
      first.id,
    ])
    expect(await find()).toBeNull()
    const second = await insertSubmission(fleet, company, { number: 'FV/7' })
    expect((await find())?.id).toBe(second.id)
  })

  test('two companies may use the same number of the same seller', async () => {
    const [one, other] = [await insertCompany(fleet), await insertCompany(fleet)]
    await insertSubmission(fleet, one, { number: 'FV/1', sellerNip: one.nip })
    await insertSubmission(fleet, other, { number: 'FV/1', sellerNip: one.nip })
  })
})

describe('claiming', () => {
  test('eight claimers at once claim each submission exactly once', async () => {
    const company = await insertCompany(fleet)
    const inserted: string[] = []
    for (let at = 0; at < 40; at++) inserted.push((await insertSubmission(fleet, company)).id)
    const claimed: string[] = []
    const claimer = async () => {
      for (;;) {
        const found = await db.withCompany(company.id, (tx) => tx.submissions.claimNext(claimOf))
        if (found === null) {
          // Another may hold the last rows; done when none is pending any more.
          const { pending = 0 } = await db.withCompany(company.id, (tx) => tx.submissions.countByState())
          if (pending === 0) return
          continue
        }
        claimed.push(found.id)
      }
    }
    await Promise.all(Array.from({ length: 8 }, claimer))
    expect(claimed.toSorted()).toEqual(inserted.toSorted())
  })

  test('a claim raises the fence and leases on the database’s clock', async () => {
    const company = await insertCompany(fleet)
    await insertSubmission(fleet, company)
    const claimed = await claim(company.id)
    const { rows } = await admin.query(
      'select lease_until - clock_timestamp() between $1 and $2 as ok from submissions where id = $3',
      ['50 seconds', '60 seconds', claimed.id],
    )
    expect({ state: claimed.state, fence: claimed.fence, ok: rows[0].ok }).toEqual({
      state: 'claimed',
      fence: 1,
      ok: true,
    })
  })

  test('the one due longest goes first; what is not yet due, of another group or environment does not', async () => {
    const company = await insertCompany(fleet)
    const ago = (seconds: number) => new Date(Date.now() - seconds * 1_000)
    await insertSubmission(fleet, company, { nextAttemptAt: ago(-60) })
    await insertSubmission(fleet, company, { nextAttemptAt: ago(90), environment: 'demo' })
    const late = await insertSubmission(fleet, company, { nextAttemptAt: ago(20) })
    const first = await insertSubmission(fleet, company, { nextAttemptAt: ago(30) })
    const otherForm = await insertSubmission(fleet, company, { nextAttemptAt: ago(40), formCode: 'FA (2)' })
    expect((await claim(company.id)).id).toBe(first.id)
    expect((await claim(company.id)).id).toBe(late.id)
    await expect(claim(company.id)).rejects.toThrow('nothing to claim')
    const ofOtherForm = await db.withCompany(company.id, (tx) =>
      tx.submissions.claimNext({ ...claimOf, group: { ...GROUP, formCode: 'FA (2)' } }),
    )
    expect(ofOtherForm?.id).toBe(otherForm.id)
  })

  test('a claimer does not wait for one that is being claimed', async () => {
    const company = await insertCompany(fleet)
    await insertSubmission(fleet, company)
    await db.withCompany(company.id, async (tx) => {
      await tx.submissions.claimNext(claimOf)
      expect(await db.withCompany(company.id, (other) => other.submissions.claimNext(claimOf))).toBeNull()
    })
  })
})

describe('moving', () => {
  test('compare-and-swap lets one of ten movers win', async () => {
    const company = await insertCompany(fleet)
    const { id } = await insertSubmission(fleet, company)
    const move = { from: 'pending', to: 'held', set: { reason: { code: 'KSEF_UNSETTLED' } } } as const
    const moved = await Promise.all(
      Array.from({ length: 10 }, () => db.withCompany(company.id, (tx) => tx.submissions.move(id, move))),
    )
    expect(moved.filter(Boolean)).toHaveLength(1)
  })

  test('a stale fence moves nothing', async () => {
    const company = await insertCompany(fleet)
    await insertSubmission(fleet, company)
    const stale = await claim(company.id)
    await admin.query(`update submissions set lease_until = now() - interval '1 second' where id = $1`, [
      stale.id,
    ])
    await db.asSystem('sweep-due', (tx) => tx.due.expireClaims(100))
    const fresh = await claim(company.id)
    expect(fresh).toMatchObject({ id: stale.id, fence: stale.fence + 1 })
    const back = (fence: number) =>
      db.withCompany(company.id, (tx) =>
        tx.submissions.move(fresh.id, { from: 'claimed', to: 'pending', fence }),
      )
    expect(await back(stale.fence)).toBe(false)
    expect(await back(fresh.fence)).toBe(true)
    expect(await get(fresh)).toMatchObject({ state: 'pending', leaseUntil: null })
  })

  test('a move that the state table does not know throws and changes nothing', async () => {
    const company = await insertCompany(fleet)
    const submission = await insertSubmission(fleet, company)
    const jump = db.withCompany(company.id, (tx) =>
      tx.submissions.move(submission.id, { from: 'pending', to: 'receipted' }),
    )
    await expect(jump).rejects.toThrow('cannot go from pending to receipted')
    expect(await get(submission)).toEqual(submission)
  })

  test('a new state has seen no poll; a touch counts them, and not in another state or of another sending', async () => {
    const company = await insertCompany(fleet)
    const session = await openSession(fleet, company)
    const sent = await insertSent(fleet, company, session)
    const touch = (state: 'sent' | 'lost', fence = sent.fence) =>
      db.withCompany(company.id, (tx) =>
        tx.submissions.touch(sent.id, {
          state,
          fence,
          set: { polls: 3, nextPollAt: new Date('2027-01-01T00:00:00Z') },
        }),
      )
    const touched = [await touch('lost'), await touch('sent', sent.fence + 1), await touch('sent')]
    expect(touched).toEqual([false, false, true])
    expect(await get(sent)).toMatchObject({ polls: 3, nextPollAt: new Date('2027-01-01T00:00:00Z') })
    await db.withCompany(company.id, (tx) =>
      tx.submissions.move(sent.id, {
        from: 'sent',
        to: 'registered',
        set: { ksefNumber: 'N', registeredAt: new Date() },
      }),
    )
    expect(await get(sent)).toMatchObject({ state: 'registered', polls: 0, ksefNumber: 'N' })
  })

  test('a timer set in the past means now', async () => {
    const company = await insertCompany(fleet)
    const submission = await insertSubmission(fleet, company)
    await db.withCompany(company.id, (tx) =>
      tx.submissions.touch(submission.id, {
        state: 'pending',
        fence: submission.fence,
        set: { nextAttemptAt: new Date(0) },
      }),
    )
    const { rows } = await admin.query(
      `select next_attempt_at between now() - interval '1 minute' and now() as ok from submissions where id = $1`,
      [submission.id],
    )
    expect(rows[0].ok).toBe(true)
  })

  test('no state is reached without the timer or the fact that it rests on', async () => {
    const company = await insertCompany(fleet)
    const { id } = await insertSubmission(fleet, company)
    for (const broken of [
      `state = 'pending', next_attempt_at = null`,
      `state = 'claimed'`,
      `state = 'sent', next_poll_at = now()`,
      `state = 'lost', next_poll_at = now()`,
      `state = 'registered', next_poll_at = now()`,
      `state = 'registered', ksef_number = 'N'`,
      `state = 'receipted'`,
      `state = 'rejected'`,
      `state = 'held'`,
      `state = 'vanished'`,
    ]) {
      await expect(admin.query(`update submissions set ${broken} where id = $1`, [id])).rejects.toMatchObject(
        { code: '23514' },
      )
    }
  })

  test('hold takes every pending one of its environment, with the reason, and what waits is told by reason', async () => {
    const company = await insertCompany(fleet)
    const other = await insertSubmission(fleet, await insertCompany(fleet))
    const [first] = [await insertSubmission(fleet, company), await insertSubmission(fleet, company)]
    const elsewhere = await insertSubmission(fleet, company, { environment: 'demo' })
    const waiting = () => db.withCompany(company.id, (tx) => tx.submissions.waiting('test'))
    const oldest = first.createdAt
    expect(await waiting()).toEqual([{ state: 'pending', reason: null, count: 2, oldest }])
    const hold = () =>
      db.withCompany(company.id, (tx) => tx.submissions.hold('test', { code: 'CREDENTIAL_EXPIRED' }))
    expect([await hold(), await hold()]).toEqual([2, 0])
    expect(await get(first)).toMatchObject({ state: 'held', reason: { code: 'CREDENTIAL_EXPIRED' } })
    expect([(await get(other))?.state, (await get(elsewhere))?.state]).toEqual(['pending', 'pending'])
    await insertSubmission(fleet, company)
    expect(await waiting()).toEqual([
      { state: 'held', reason: 'CREDENTIAL_EXPIRED', count: 2, oldest },
      { state: 'pending', reason: null, count: 1, oldest: expect.any(Date) },
    ])
  })

  test('release frees those held for one of the reasons, due at once', async () => {
    const company = await insertCompany(fleet)
    const held = (code: string, set: Partial<Submission> = {}) =>
      insertSubmission(fleet, company, { state: 'held', reason: { code }, nextAttemptAt: null, ...set })
    const first = await held('KSEF_PERMISSION_MISSING')
    const second = await held('OTHER')
    const third = await held('KSEF_PERMISSION_MISSING', { environment: 'demo' })
    const released = await db.withCompany(company.id, (tx) =>
      tx.submissions.release('test', ['KSEF_PERMISSION_MISSING', 'Y']),
    )
    expect(released).toBe(1)
    expect(await get(first)).toMatchObject({ state: 'pending', reason: null })
    expect((await get(second))?.state).toBe('held')
    expect((await get(third))?.state).toBe('held')
    expect((await claim(company.id)).id).toBe(first.id)
    expect(await db.withCompany(company.id, (tx) => tx.submissions.release('test', []))).toBe(0)
  })

  test('a rejected one takes its number back only while it is free', async () => {
    const company = await insertCompany(fleet)
    const rejected = () =>
      insertSubmission(fleet, company, {
        state: 'rejected',
        number: 'FV/BACK',
        reason: { code: 'KSEF_REJECTED' },
        nextAttemptAt: null,
      })
    const [first, second] = [await rejected(), await rejected()]
    const back = (submission: Submission) =>
      db.withCompany(company.id, (tx) =>
        tx.submissions.move(submission.id, {
          from: 'rejected',
          to: 'pending',
          fence: submission.fence,
          set: { reason: null, nextAttemptAt: new Date() },
        }),
      )
    const both = await Promise.allSettled([back(first), back(second)])
    expect(both.map(({ status }) => status).sort()).toEqual(['fulfilled', 'rejected'])
    expect(both.find(({ status }) => status === 'rejected')).toMatchObject({
      reason: { kind: 'conflict', constraint: 'submissions_number_key' },
    })
    expect((await claim(company.id)).reason).toBeNull()
  })

  test('a claim forgets what stopped the try before, and the list is narrowed by reason', async () => {
    const company = await insertCompany(fleet)
    const waiting = await insertSubmission(fleet, company, { reason: { code: 'KSEF_RATE_LIMITED' } })
    await insertSubmission(fleet, company)
    const limited = () =>
      db.withCompany(company.id, async (tx) =>
        (await tx.submissions.list({ limit: 10, reason: 'KSEF_RATE_LIMITED' })).map(({ id }) => id),
      )
    expect(await limited()).toEqual([waiting.id])
    expect(await claim(company.id)).toMatchObject({ id: waiting.id, reason: null })
    expect(await limited()).toEqual([])
  })

  test('those of a session are listed by creation, in the given states', async () => {
    const company = await insertCompany(fleet)
    const session = await openSession(fleet, company)
    const first = await insertSent(fleet, company, session)
    const second = await insertSent(fleet, company, session)
    await db.withCompany(company.id, (tx) =>
      tx.submissions.move(first.id, {
        from: 'sent',
        to: 'held',
        set: { reason: { code: 'KSEF_UNSETTLED' } },
      }),
    )
    const of = (states: Submission['state'][]) =>
      db.withCompany(company.id, async (tx) =>
        (await tx.submissions.ofSession(session, states)).map(({ id }) => id),
      )
    expect(await of(['sent', 'held'])).toEqual([first.id, second.id])
    expect(await of(['sent'])).toEqual([second.id])
    expect(await of([])).toEqual([])
  })
})
