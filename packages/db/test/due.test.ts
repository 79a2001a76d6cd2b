import type { CompanyId, Submission, SystemTransaction } from '@ksef-fleet/core'
import { afterAll, beforeEach, describe, expect, test } from 'vitest'
import {
  forgetCompanies,
  GROUP,
  insertCompany,
  insertIntegration,
  insertSent,
  insertSubmission,
  openFleet,
  openSession,
} from './fleet.ts'

const fleet = await openFleet()
const { db, admin } = fleet
afterAll(() => fleet[Symbol.asyncDispose]())
beforeEach(() => forgetCompanies(fleet))

const due = <T>(ask: (tx: SystemTransaction) => Promise<T>) => db.asSystem('sweep-due', ask)
const sends = () => due((tx) => tx.due.sends(100))
const polls = () => due((tx) => tx.due.polls(100))
const upos = () => due((tx) => tx.due.upos(100))
const finishable = () => due((tx) => tx.due.sessions(100, 60))
const verifications = () => due((tx) => tx.due.verifications(100))
const past = (table: string, column: string, ago: string) =>
  admin.query(`update ${table} set ${column} = clock_timestamp() - $1::interval`, [ago])

/** Rung now, quiet for ten seconds, rung again after them: the same for every question. */
async function expectTenSecondPause<T>(
  ask: () => Promise<T[]>,
  mark: { table: string; column: string },
  answer: T[],
) {
  expect(await ask()).toEqual(answer)
  expect(await ask()).toEqual([])
  await past(mark.table, mark.column, '9 seconds')
  expect(await ask()).toEqual([])
  await past(mark.table, mark.column, '11 seconds')
  expect(await ask()).toEqual(answer)
}

describe('sends', () => {
  const ready = async () => {
    const company = await insertCompany(fleet)
    const integration = await insertIntegration(fleet, company)
    const submission = await insertSubmission(fleet, company, {
      nextAttemptAt: new Date(Date.now() - 60_000),
    })
    return { company, integration, submission }
  }

  test('are rung once in ten seconds for a company with due submissions', async () => {
    const { company } = await ready()
    await insertSubmission(fleet, company, { nextAttemptAt: new Date(Date.now() - 60_000) })
    await expectTenSecondPause(sends, { table: 'ksef_integrations', column: 'send_rung_at' }, [
      { companyId: company.id },
    ])
  })

  test('are rung at once when a timer is set anew', async () => {
    const { company, submission } = await ready()
    await sends()
    const set = { nextAttemptAt: new Date(0) }
    await db.withCompany(company.id, (tx) =>
      tx.submissions.touch(submission.id, { state: 'pending', fence: submission.fence, set }),
    )
    expect(await sends()).toEqual([{ companyId: company.id }])
  })

  test.each(['pending', 'failed', 'revoked'])('wait while the integration is %s', async (state) => {
    await ready()
    await admin.query('update ksef_integrations set state = $1', [state])
    expect(await sends()).toEqual([])
  })

  test('wait while the integration is blocked, and are rung as soon as the block ends', async () => {
    const { company, integration } = await ready()
    await sends()
    const block = (until: Date) =>
      db.withCompany(company.id, (tx) => tx.integrations.blockUntil(integration.id, until))
    await block(new Date(Date.now() + 3_600_000))
    await past('ksef_integrations', 'send_rung_at', '5 seconds')
    expect(await sends()).toEqual([])
    await past('ksef_integrations', 'blocked_until', '1 second')
    expect(await sends()).toEqual([{ companyId: company.id }])
  })

  test('need an integration of the submissions’ environment and a submission that is due', async () => {
    const company = await insertCompany(fleet)
    await insertIntegration(fleet, company)
    await insertSubmission(fleet, company, { environment: 'demo' })
    await insertSubmission(fleet, company, { nextAttemptAt: new Date(Date.now() + 60_000) })
    expect(await sends()).toEqual([])
  })

  test('go to those waiting longest when there are more than the limit', async () => {
    const [first, second] = [await ready(), await ready()]
    await admin.query(`update submissions set next_attempt_at = now() - interval '1 hour' where id = $1`, [
      second.submission.id,
    ])
    expect(await due((tx) => tx.due.sends(1))).toEqual([{ companyId: second.company.id }])
    expect(await due((tx) => tx.due.sends(1))).toEqual([{ companyId: first.company.id }])
  })

  test('wait until the fleet’s own plan lets them go, and are rung at once then', async () => {
    const { company } = await ready()
    const integration = await db.withCompany(company.id, (tx) => tx.integrations.current('test'))
    if (integration === null) throw new Error('no integration')
    const dispatchAt = (at: Date) =>
      db.withCompany(company.id, (tx) => tx.integrations.setDispatchAt(integration.id, at))
    expect(await sends()).toEqual([{ companyId: company.id }])
    await dispatchAt(new Date(Date.now() + 600_000))
    expect(await sends()).toEqual([])
    // What came since may go although the others wait.
    await insertSubmission(fleet, company, { nextAttemptAt: new Date() })
    expect(await sends()).toEqual([{ companyId: company.id }])
    expect(await sends()).toEqual([])
    // Rung a moment ago; a timer that came due since rings anew.
    await db.withCompany(company.id, (tx) => tx.integrations.dispatchNow('test'))
    expect(await sends()).toEqual([{ companyId: company.id }])
  })

  test('are rung once by four sweepers together', async () => {
    const ids: CompanyId[] = []
    for (let at = 0; at < 10; at++) ids.push((await ready()).company.id)
    const rung = (await Promise.all([sends(), sends(), sends(), sends()])).flat()
    expect(rung.map(({ companyId }) => companyId).toSorted()).toEqual(ids.toSorted())
  })
})

describe('polls', () => {
  test('are rung once in ten seconds for a session with sent or lost submissions', async () => {
    const company = await insertCompany(fleet)
    const sessionId = await openSession(fleet, company)
    await insertSent(fleet, company, sessionId)
    await insertSent(fleet, company, sessionId)
    await admin.query(
      `update submissions set state = 'lost' where id in (select id from submissions limit 1)`,
    )
    await past('submissions', 'next_poll_at', '1 minute')
    await expectTenSecondPause(polls, { table: 'sessions', column: 'poll_rung_at' }, [
      { companyId: company.id, sessionId },
    ])
  })

  test('are rung at once when a timer is set anew, and not before it', async () => {
    const company = await insertCompany(fleet)
    const sessionId = await openSession(fleet, company)
    const { id, fence } = await insertSent(fleet, company, sessionId)
    const touch = (nextPollAt: Date) =>
      db.withCompany(company.id, (tx) =>
        tx.submissions.touch(id, { state: 'sent', fence, set: { nextPollAt } }),
      )
    expect(await polls()).toHaveLength(1)
    await touch(new Date(Date.now() + 60_000))
    await past('sessions', 'poll_rung_at', '1 hour')
    expect(await polls()).toEqual([])
    await touch(new Date(0))
    expect(await polls()).toHaveLength(1)
  })
})

test('how long nobody is to be polled is told by the earliest timer to come', async () => {
  const nextPollInMs = async () => (await due((tx) => tx.due.outlook())).nextPollInMs
  expect(await nextPollInMs()).toBeNull()
  const company = await insertCompany(fleet)
  const sessionId = await openSession(fleet, company)
  const touch = ({ id, fence }: Submission, inMs: number) =>
    db.withCompany(company.id, (tx) =>
      tx.submissions.touch(id, {
        state: 'sent',
        fence,
        set: { nextPollAt: new Date(Date.now() + inMs) },
      }),
    )
  await touch(await insertSent(fleet, company, sessionId), 0)
  expect(await nextPollInMs()).toBeNull()
  await touch(await insertSent(fleet, company, sessionId), 3_600_000)
  await touch(await insertSent(fleet, company, sessionId), 1_800_000)
  const told = await nextPollInMs()
  expect(told).toBeGreaterThan(1_700_000)
  expect(told).toBeLessThanOrEqual(1_800_000)
})

test('UPOs are rung once in ten seconds, and at once when their timer is set anew', async () => {
  const company = await insertCompany(fleet)
  const { id, fence } = await insertSent(fleet, company, await openSession(fleet, company))
  await db.withCompany(company.id, (tx) =>
    tx.submissions.move(id, { from: 'sent', to: 'registered', set: { ksefNumber: 'N' } }),
  )
  await past('submissions', 'next_poll_at', '1 minute')
  const answer = [{ companyId: company.id, submissionId: id }]
  await expectTenSecondPause(upos, { table: 'submissions', column: 'upo_rung_at' }, answer)
  const set = { nextPollAt: new Date(0) }
  await db.withCompany(company.id, (tx) => tx.submissions.touch(id, { state: 'registered', fence, set }))
  expect(await upos()).toEqual(answer)
})

test('verifications are rung once in ten seconds until withdrawn, and never for a revoked integration', async () => {
  const company = await insertCompany(fleet)
  const { id } = await insertIntegration(fleet, company)
  const setDue = (at: Date | null) => db.withCompany(company.id, (tx) => tx.integrations.setVerifyDue(id, at))
  expect(await verifications()).toEqual([])
  await setDue(new Date())
  await past('ksef_integrations', 'verify_due_at', '1 minute')
  const answer = [{ companyId: company.id, integrationId: id }]
  await expectTenSecondPause(verifications, { table: 'ksef_integrations', column: 'verify_rung_at' }, answer)
  await setDue(new Date(0))
  expect(await verifications()).toEqual(answer)
  await setDue(null)
  await past('ksef_integrations', 'verify_rung_at', '1 hour')
  expect(await verifications()).toEqual([])
  await setDue(new Date(0))
  await admin.query(`update ksef_integrations set state = 'revoked'`)
  expect(await verifications()).toEqual([])
})

describe('sessions to finish', () => {
  const session = async (sql: string) => {
    const company = await insertCompany(fleet)
    const sessionId = await openSession(fleet, company)
    await admin.query(`update sessions set ${sql} where id = $1`, [sessionId])
    return [{ companyId: company.id, sessionId }]
  }

  test.each([
    ['open ones that are idle', `last_used_at = now() - interval '80 seconds'`],
    ['open ones whose end is near', `valid_until = now() + interval '299 seconds'`],
    ['closing ones that are due', `state = 'closing', next_poll_at = now() - interval '1 minute'`],
    ['closed ones that are due', `state = 'closed', next_poll_at = now() - interval '1 minute'`],
    ['closing ones without a timer', `state = 'closing', next_poll_at = null`],
    ['opening ones whose lease is over', `state = 'opening', lease_until = now() - interval '1 second'`],
  ])('are %s, once in ten seconds', async (_, sql) => {
    const answer = await session(sql)
    await expectTenSecondPause(finishable, { table: 'sessions', column: 'finish_rung_at' }, answer)
  })

  test.each([
    ['open ones in use', `last_used_at = now() - interval '50 seconds'`],
    ['closing ones that are not due', `state = 'closing', next_poll_at = now() + interval '1 minute'`],
    ['opening ones under lease', `state = 'opening', lease_until = now() + interval '1 minute'`],
    [
      'settled ones',
      `state = 'settled', next_poll_at = now() - interval '1 hour', last_used_at = now() - interval '1 hour'`,
    ],
    ['abandoned ones', `state = 'abandoned', lease_until = now() - interval '1 hour'`],
  ])('are not %s', async (_, sql) => {
    await session(sql)
    expect(await finishable()).toEqual([])
  })

  test('are rung at once when they are idle anew', async () => {
    const answer = await session(`last_used_at = now() - interval '1 hour'`)
    await finishable()
    await past('sessions', 'finish_rung_at', '5 seconds')
    await past('sessions', 'last_used_at', '62 seconds')
    expect(await finishable()).toEqual(answer)
  })

  test('are no idle ones into which an invoice is being sent, until it is', async () => {
    const company = await insertCompany(fleet)
    const sessionId = await openSession(fleet, company)
    await past('sessions', 'last_used_at', '1 hour')
    const submission = await insertSubmission(fleet, company)
    await admin.query(
      `update submissions set state = 'claimed', session_id = $1, lease_until = now() + interval '1 minute' where id = $2`,
      [sessionId, submission.id],
    )
    expect(await finishable()).toEqual([])
    await admin.query(`update submissions set state = 'pending', session_id = null, lease_until = null`)
    expect(await finishable()).toEqual([{ companyId: company.id, sessionId }])
  })

  test('are rung at once when their timer is set anew', async () => {
    const answer = await session(`state = 'closed', next_poll_at = now() - interval '1 minute'`)
    await finishable()
    const { companyId = undefined, sessionId = undefined } = answer[0] ?? {}
    if (companyId === undefined || sessionId === undefined) throw new Error('no session')
    await db.withCompany(companyId, (tx) => tx.sessions.touch(sessionId, { nextPollAt: new Date(0) }))
    expect(await finishable()).toEqual(answer)
  })
})

describe('a claim whose lease ran out', () => {
  const claimed = async () => {
    const company = await insertCompany(fleet)
    await insertSubmission(fleet, company)
    const claim = await db.withCompany(company.id, (tx) =>
      tx.submissions.claimNext({ environment: 'test', group: GROUP, leaseSeconds: 60 }),
    )
    if (claim === null) throw new Error('nothing to claim')
    const begin = async () => {
      const sessionId = await openSession(fleet, company)
      const { id: submissionId, fence, invoiceHash } = claim
      await db.withCompany(company.id, (tx) =>
        tx.attempts.begin({ submissionId, sessionId, fence, invoiceHash, leaseSeconds: 60 }),
      )
    }
    const read = () => db.withCompany(company.id, (tx) => tx.submissions.get(claim.id))
    return { company, claim, begin, read }
  }
  const expire = () => due((tx) => tx.due.expireClaims(100))
  const runOut = () => past('submissions', 'lease_until', '1 second')

  test('is pending again, due at once, when nothing had begun', async () => {
    const { read } = await claimed()
    expect(await expire()).toEqual({ lost: 0, pending: 0 })
    await runOut()
    expect(await expire()).toEqual({ lost: 0, pending: 1 })
    const submission = await read()
    expect(submission).toMatchObject({ state: 'pending', leaseUntil: null, fence: 1 })
    expect(submission?.nextAttemptAt?.getTime()).toBeLessThanOrEqual(Date.now() + 1_000)
  })

  test('keeps its place before those that came later, and is rung for although its company just was', async () => {
    const company = await insertCompany(fleet)
    await insertIntegration(fleet, company)
    const ago = (minutes: number) => new Date(Date.now() - minutes * 60_000)
    const accepted = (at: Date) => insertSubmission(fleet, company, { createdAt: at, nextAttemptAt: at })
    const [first] = [await accepted(ago(3)), await accepted(ago(2)), await accepted(ago(1))]
    const claimNext = () =>
      db.withCompany(company.id, (tx) =>
        tx.submissions.claimNext({ environment: 'test', group: GROUP, leaseSeconds: 60 }),
      )
    expect((await claimNext())?.id).toBe(first.id)
    expect(await sends()).toEqual([{ companyId: company.id }])
    expect(await sends()).toEqual([])
    await runOut()
    await expire()
    expect(await sends()).toEqual([{ companyId: company.id }])
    expect(await claimNext()).toMatchObject({ id: first.id, fence: 2 })
  })

  test('is pending although somebody holds its integration, whose mark then stays', async () => {
    const { company, read } = await claimed()
    const integration = await insertIntegration(fleet, company)
    await sends()
    await runOut()
    const until = new Date(Date.now() - 1_000)
    await db.withCompany(company.id, async (tx) => {
      await tx.integrations.blockUntil(integration.id, until)
      expect(await expire()).toEqual({ lost: 0, pending: 1 })
    })
    expect((await read())?.state).toBe('pending')
  })

  test('is lost, due for its search, when an attempt had begun', async () => {
    const { begin, read } = await claimed()
    await begin()
    await runOut()
    expect(await expire()).toEqual({ lost: 1, pending: 0 })
    expect(await read()).toMatchObject({
      state: 'lost',
      leaseUntil: null,
      polls: 0,
      nextPollAt: expect.any(Date),
    })
    expect(await polls()).toHaveLength(1)
  })

  test.each([
    ['not-done', 'pending'],
    ['unknown', 'lost'],
    ['done', 'lost'],
  ] as const)('whose attempt ended as %s is %s', async (outcome, state) => {
    const { company, claim, begin, read } = await claimed()
    await begin()
    await db.withCompany(company.id, (tx) => tx.attempts.end(claim.id, 1, { outcome }))
    await runOut()
    await expire()
    expect((await read())?.state).toBe(state)
  })

  test('is pending when the attempt was made under an earlier fence', async () => {
    const { company, begin, read } = await claimed()
    await begin()
    await admin.query(
      `update submissions set state = 'pending', next_attempt_at = now() - interval '1 second'`,
    )
    await db.withCompany(company.id, (tx) =>
      tx.submissions.claimNext({ environment: 'test', group: GROUP, leaseSeconds: 60 }),
    )
    await runOut()
    await expire()
    expect((await read())?.state).toBe('pending')
  })

  test('is not expired while an attempt is being begun', async () => {
    const { company, claim, read } = await claimed()
    const sessionId = await openSession(fleet, company)
    await runOut()
    await db.withCompany(company.id, async (tx) => {
      const { id: submissionId, fence, invoiceHash } = claim
      await tx.attempts.begin({ submissionId, sessionId, fence, invoiceHash, leaseSeconds: 60 })
      expect(await expire()).toEqual({ lost: 0, pending: 0 })
    })
    expect(await expire()).toEqual({ lost: 0, pending: 0 })
    expect((await read())?.state).toBe('claimed')
  })
})
