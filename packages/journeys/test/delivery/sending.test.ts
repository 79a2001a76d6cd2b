/** What becomes of an invoice by how its POST ended. */
import type { SubmissionState } from '@ksef-fleet/core'
import { afterAll, afterEach, beforeAll, describe, expect, test } from 'vitest'
import { type Connected, type DeliveryFleet, invoiceOf, startDeliveryFleet } from './delivery-fleet.ts'
import type { DeliveryWorker } from './delivery-worker.ts'
import { drive, driveTo, verifyNow } from './drive.ts'
import { answerWith, arm, calm, exception, LIST, OPEN, SEND } from './faults.ts'
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
  await checkLedger(fleet, company)
})
afterAll(() => fleet.close())

/** Accepts one invoice of a new company under what `spoil` arms, and drives it to its end. */
async function story(spoil: () => Promise<void>, states?: readonly SubmissionState[]) {
  company = await fleet.company()
  await spoil()
  const submission = await fleet.accept(company.id, invoiceOf(company.nip, 'S/1'))
  if (states === undefined) await drive(fleet, [worker], { companies: [company.id] })
  else await driveTo(fleet, worker, { submission, states })
  const [posts = 0] = await postsOf(fleet, company)
  return { submission: await fleet.submission(submission), posts, attempts: await attemptsOf(submission) }
}

const attemptsOf = ({ companyId, id }: Awaited<ReturnType<DeliveryFleet['accept']>>) =>
  fleet.db.withCompany(companyId, (tx) => tx.attempts.list(id))

const sessionsOf = ({ id }: Connected) =>
  fleet.admin
    .query<{ state: string; id: string }>(
      'select id, state from sessions where company_id = $1 order by created_at',
      [id],
    )
    .then(({ rows }) => rows)

describe('a POST that KSeF carried out', () => {
  test('an accepted invoice is sent once, registered and receipted', async () => {
    const { submission, posts } = await story(async () => {})
    expect(submission).toMatchObject({ state: 'receipted', attempts: 1 })
    expect(posts).toBe(1)
  })

  test.each([
    ['whose answer was dropped', () => arm(fleet, SEND, { mode: 'drop-answer-after-effect' })],
    ['whose answer was cut in the body', () => arm(fleet, SEND, { mode: 'cut-body-after-effect' })],
    [
      'answered with 504 by the edge',
      () => answerWith(fleet, SEND, { httpStatus: 504, afterEffect: true, body: '<html>504</html>' }),
    ],
    [
      'answered with a bare 400 by the edge',
      () => answerWith(fleet, SEND, { httpStatus: 400, afterEffect: true, body: '' }),
    ],
    [
      'answered with a bare 404 by the edge',
      () => answerWith(fleet, SEND, { httpStatus: 404, afterEffect: true, body: '' }),
    ],
    [
      'answered with a bare 408 by the edge',
      () => answerWith(fleet, SEND, { httpStatus: 408, afterEffect: true, body: '' }),
    ],
    [
      'answered with what is not JSON',
      () => answerWith(fleet, SEND, { httpStatus: 202, afterEffect: true, body: 'OK' }),
    ],
  ])('%s is lost, found by its hash, and not sent again', async (_, spoil) => {
    const { submission, posts, attempts } = await story(spoil)
    expect(submission).toMatchObject({ state: 'receipted', attempts: 1 })
    expect(posts).toBe(1)
    expect(attempts).toMatchObject([{ outcome: 'unknown' }])
  })

  test('a list that lags 1.5 s is searched again, and nothing is sent twice', async () => {
    const { submission, posts } = await story(async () => {
      await fleet.control('POST', '/list-lag', { ms: 1_500 })
      await arm(fleet, SEND, { mode: 'drop-answer-after-effect' })
    })
    expect(submission).toMatchObject({ state: 'receipted', attempts: 1 })
    expect(posts).toBe(1)
  })

  test('a search that KSeF fails to answer is repeated, and finds the invoice', async () => {
    const { submission, posts } = await story(async () => {
      await answerWith(fleet, LIST, { httpStatus: 500, times: 3 })
      await arm(fleet, SEND, { mode: 'drop-answer-after-effect' })
    })
    expect(submission.state).toBe('receipted')
    expect(posts).toBe(1)
  })
})

test('a worker whose clock is a moment behind the database’s asks at once for what the sweep found due', async () => {
  company = await fleet.company()
  const behind = fleet.worker({ now: () => new Date(Date.now() - 60) })
  const submission = await fleet.accept(company.id, invoiceOf(company.nip, 'S/1'))
  await driveTo(fleet, worker, { submission, states: ['sent'] })
  const { rows } = await fleet.admin.query<{ sessionId: string }>(
    'update submissions set polls = 0, next_poll_at = clock_timestamp() where id = $1 returning session_id as "sessionId"',
    [submission.id],
  )
  await behind.run('poll-session', { companyId: company.id, sessionId: rows[0]?.sessionId ?? '' })
  const { state, polls } = await fleet.submission(submission)
  expect(state !== 'sent' || polls > 0).toBe(true)
  await drive(fleet, [worker], { companies: [company.id] })
})

describe('a POST that never had an effect', () => {
  test.each([
    ['reset before it arrived', () => arm(fleet, SEND, { mode: 'reset-before-effect' })],
    [
      'answered with a bare 404 before its effect',
      () => answerWith(fleet, SEND, { httpStatus: 404, body: '' }),
    ],
    ['answered with 500 before its effect', () => answerWith(fleet, SEND, { httpStatus: 500 })],
    [
      'answered with a redirect',
      () => answerWith(fleet, SEND, { httpStatus: 302, headers: { location: '/elsewhere' } }),
    ],
  ])('%s is sent again only after its session was closed, settled and searched', async (_, spoil) => {
    const { submission, attempts } = await story(spoil)
    expect(submission.state).toBe('receipted')
    expect(attempts.map(({ outcome }) => outcome)).toEqual(['unknown', 'done'])
    expect(new Set(attempts.map(({ sessionId }) => sessionId)).size).toBe(2)
    expect((await sessionsOf(company))[0]).toMatchObject({ state: 'settled' })
  })

  test('refused five times without a word of why, it is held for a person and not sent a sixth time', async () => {
    const { submission, attempts } = await story(() =>
      answerWith(fleet, SEND, { httpStatus: 404, body: '', times: 1_000 }),
    )
    expect(submission).toMatchObject({ state: 'held', reason: { code: 'DELIVERY_KEEPS_FAILING' } })
    expect(attempts).toHaveLength(5)
  })

  test('a refused connection leaves it pending, however often, and it goes out when KSeF is back', async () => {
    company = await fleet.company()
    const first = await fleet.accept(company.id, invoiceOf(company.nip, 'S/0'))
    await driveTo(fleet, worker, { submission: first, states: ['receipted'] })
    const submission = await fleet.accept(company.id, invoiceOf(company.nip, 'S/1'))
    // Nobody listens where this one calls; its token and its session are the fleet's.
    const deaf = fleet.worker({ ksefUrl: 'http://127.0.0.1:1/v2' })
    await drive(fleet, [deaf], {
      companies: [company.id],
      until: async () => (await fleet.submission(submission)).attempts === 3,
    })
    await driveTo(fleet, worker, { submission, states: ['receipted'] })
    expect((await attemptsOf(submission)).map(({ outcome }) => outcome)).toEqual([
      ...['not-done', 'not-done', 'not-done'],
      'done',
    ])
    expect(await postsOf(fleet, company)).toEqual([1, 1])
  })
})

describe('a definite refusal', () => {
  test.each([21180, 21184, 21155, 21173])('%d lets it go out in another session', async (code) => {
    const { submission, attempts } = await story(() =>
      answerWith(fleet, SEND, { httpStatus: 400, body: exception(code) }),
    )
    expect(submission.state).toBe('receipted')
    expect(attempts.map(({ outcome }) => outcome)).toEqual(['not-done', 'done'])
    expect(await sessionsOf(company)).toHaveLength(2)
  })

  test('21184 for every session opens no session after session: the waits grow', async () => {
    company = await fleet.company()
    await answerWith(fleet, SEND, { httpStatus: 400, body: exception(21184), times: 100 })
    for (let n = 0; n < 5; n++) await fleet.accept(company.id, invoiceOf(company.nip, `S/${n}`))
    const opens = () => fleet.simulator.ledger.snapshot().operations[OPEN] ?? 0
    const before = opens()
    const patient = fleet.worker({ timing: { retrySeconds: [0.1, 3600] } })
    const until = Date.now() + 1_000
    await drive(fleet, [patient], { companies: [company.id], until: async () => Date.now() > until })
    expect(opens() - before).toBeLessThanOrEqual(3)
  })

  test('401 brings one new sign-in, and the same sending is repeated once', async () => {
    const signIns = () => fleet.simulator.ledger.snapshot().operations['POST /auth/xades-signature'] ?? 0
    let before = 0
    const { submission } = await story(async () => {
      before = signIns()
      await answerWith(fleet, SEND, { httpStatus: 401, body: { title: 'Unauthorized', status: 401 } })
    })
    expect(submission).toMatchObject({ state: 'receipted', attempts: 1 })
    expect(signIns() - before).toBe(1)
  })

  test.each([
    ['in seconds', () => ({ 'retry-after': '2' })],
    ['as a date', () => ({ 'retry-after': new Date(Date.now() + 2_500).toUTCString() })],
  ])(
    '429 with Retry-After %s: nothing is sent before, and what was sent already goes on',
    async (_, headers) => {
      company = await fleet.company()
      await answerWith(fleet, SEND, {
        httpStatus: 429,
        skip: 1,
        headers: headers(),
        body: { status: { code: 429 } },
      })
      for (const number of ['S/1', 'S/2']) await fleet.accept(company.id, invoiceOf(company.nip, number))
      await drive(fleet, [worker], { companies: [company.id] })
      expect(await postsOf(fleet, company)).toEqual([1, 1])
      const calls = fleet.simulator.ledger.calls()
      const refused = calls.findLastIndex(({ httpStatus }) => httpStatus === 429)
      const later = calls.slice(refused + 1).filter(({ context }) => context?.value === company.nip)
      const next = later.find(({ operation }) => operation === SEND)!
      const floorMs = headers()['retry-after'] === '2' ? 2_000 : 1_000
      expect(Date.parse(next.at) - Date.parse(calls[refused]!.at)).toBeGreaterThanOrEqual(floorMs)
      expect(later.indexOf(next)).toBeGreaterThan(0)
    },
  )

  test('an unknown 400 is neither success nor failure: a person looks, and the next invoices wait', async () => {
    const { submission } = await story(() =>
      answerWith(fleet, SEND, { httpStatus: 400, body: exception(29999) }),
    )
    expect(submission).toMatchObject({
      state: 'held',
      reason: { code: 'KSEF_UNKNOWN_ANSWER', ksefCode: 29999 },
    })
    const integration = await fleet.db.withCompany(company.id, (tx) => tx.integrations.current('test'))
    expect(integration?.blockedUntil).not.toBeNull()
  })

  test('403 for lack of permission holds it, stops the company, and a verification releases it', async () => {
    const body = { title: 'Forbidden', status: 403, reasonCode: 'missing-permissions' }
    const { submission } = await story(() => answerWith(fleet, SEND, { httpStatus: 403, body }), ['held'])
    expect(submission.reason?.code).toBe('KSEF_PERMISSION_MISSING')
    const { id } = company.integration
    expect(await fleet.db.withCompany(company.id, (tx) => tx.integrations.get(id))).toMatchObject({
      state: 'failed',
    })
    await verifyNow(worker, company)
    await drive(fleet, [worker], { companies: [company.id] })
    expect((await fleet.submission(submission)).state).toBe('receipted')
  })

  test('a firewall that blocks a second company means the address, and a third one does not knock', async () => {
    const others = [await fleet.company(), await fleet.company()]
    company = await fleet.company()
    // One of its own: what it learns of the address is of no concern to the other stories.
    const settings = { KSEF_EGRESS: 'behind-a-firewall' }
    const knocking = fleet.worker({ settings })
    await answerWith(fleet, OPEN, { httpStatus: 403, body: '<html>blocked</html>', times: 1_000 })
    const knocks = (from: Connected) =>
      fleet.simulator.ledger
        .calls()
        .filter(({ operation, context }) => operation === OPEN && context?.value === from.nip).length
    const send = async (from: Connected) => {
      await fleet.accept(from.id, invoiceOf(from.nip, 'S/1'))
      await knocking.run('send-pending', { companyId: from.id })
      return knocks(from)
    }
    expect([await send(others[0]!), await send(others[1]!), await send(company)]).toEqual([1, 1, 0])
    await calm(fleet)
    // Another worker of that address hears of it through Redis.
    await fleet.worker({ settings }).run('send-pending', { companyId: company.id })
    expect(knocks(company)).toBe(0)
  })

  test('a firewall that blocks us is no lack of permission: the context is silent for a quarter of an hour', async () => {
    company = await fleet.company()
    await answerWith(fleet, SEND, { httpStatus: 403, body: '<html>blocked</html>' })
    const submission = await fleet.accept(company.id, invoiceOf(company.nip, 'S/1'))
    await drive(fleet, [worker], {
      companies: [company.id],
      until: async () => (await fleet.submission(submission)).attempts === 1,
    })
    const after = await fleet.db.withCompany(company.id, (tx) => tx.integrations.get(company.integration.id))
    expect(after?.state).toBe('active')
    expect(after!.blockedUntil!.getTime() - Date.now()).toBeGreaterThan(800_000)
  })
})
