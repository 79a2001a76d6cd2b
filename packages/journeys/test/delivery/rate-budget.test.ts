/** KSeF counts as in production, and never has to refuse: rows D1 to D4 of the fault table. */
import { randomBytes } from 'node:crypto'
import { setTimeout as sleep } from 'node:timers/promises'
import type { CompanyKsef } from '@ksef-fleet/core'
import { encryptInvoice, FORMS, newSessionKey, type Result } from '@ksef-fleet/ksef'
import { Redis } from 'ioredis'
import { afterAll, afterEach, beforeAll, describe, expect, test } from 'vitest'
import { type Connected, type DeliveryFleet, invoiceOf, startDeliveryFleet } from './delivery-fleet.ts'
import type { DeliveryWorker } from './delivery-worker.ts'
import { drive } from './drive.ts'
import { answerWith, calm, ONE, OPEN, SEND } from './faults.ts'
import { checkLedger } from './ledger-check.ts'

const redis = new Redis(process.env.FLEET_TEST_REDIS_URL ?? '')
afterAll(() => redis.disconnect())

const callsOf = (fleet: DeliveryFleet, { nip }: Connected) =>
  fleet.simulator.ledger.calls().filter(({ context }) => context?.value === nip)

describe('a fleet under the limits of production', () => {
  const CALLS = 1_000
  let fleet: DeliveryFleet
  beforeAll(async () => {
    fleet = await startDeliveryFleet({ limits: 'production', processingDelayMs: 10 })
  })
  afterAll(() => fleet?.close())

  test('makes a thousand calls of one company from four workers, loses its Redis amid them, and is refused none', async () => {
    const company = await fleet.company()
    const workers = Array.from({ length: 4 }, () => fleet.worker())
    const doors = await Promise.all(workers.map(({ context }) => context.contexts.forCompany(company.id)))
    const [first] = doors as [CompanyKsef]
    const key = newSessionKey(randomBytes)
    const opened = await first.openSession({ formCode: FORMS['FA (3)'].code, key })
    if (!opened.ok) throw new Error(JSON.stringify(opened.failure))
    const session = opened.value.referenceNumber
    let numbers = 0
    const invoice = () => encryptInvoice(invoiceOf(company.nip, `B/${++numbers}`), key)
    const taken = await first.sendEncrypted(session, invoice())
    if (!taken.ok) throw new Error(JSON.stringify(taken.failure))
    const { referenceNumber } = taken.value

    const wishes: ((ksef: CompanyKsef) => Promise<Result<unknown>>)[] = [
      (ksef) => ksef.sendEncrypted(session, invoice()),
      (ksef) => ksef.sessionStatus(session),
      (ksef) => ksef.invoiceStatus(session, referenceNumber),
      (ksef) => ksef.sessionInvoices(session),
      (ksef) => ksef.upoOfInvoice(session, referenceNumber),
      (ksef) =>
        ksef.listInvoices({ subjectType: 'Subject1', dateRange: { dateType: 'Issue', from: new Date() } }),
      (ksef) => ksef.call((client, access) => client.limits.rate(access)),
      (ksef) => ksef.call((client, access) => client.limits.context(access)),
      (ksef) => ksef.call((client, access) => client.tokens.list(access)),
      (ksef) => ksef.call((client, access) => client.authSessions.list(access)),
      (ksef) => ksef.call((client, access) => client.permissions.personalGrants(access)),
    ]
    const deadline = Date.now() + 200_000
    const isDone = () => callsOf(fleet, company).length >= CALLS || Date.now() > deadline
    const failures = new Set<string>()
    const live = async (ksef: CompanyKsef, wish: (typeof wishes)[number]) => {
      while (!isDone()) {
        const result = await wish(ksef)
        if (result.ok) continue
        failures.add(result.failure.code)
        await sleep(Math.min(2_000, (result.failure.retryAfterSeconds ?? 0) * 1_000 + Math.random() * 50))
      }
    }
    const lives = doors.flatMap((ksef) => wishes.map((wish) => live(ksef, wish)))
    const loss = sleep(6_000).then(() => redis.flushdb())
    await Promise.all([...lives, loss])

    const calls = callsOf(fleet, company)
    const refused = fleet.simulator.ledger.calls().filter(({ httpStatus }) => httpStatus === 429)
    console.info(
      `${calls.length} calls of ${new Set(calls.map((call) => call.operation)).size} operations, ${refused.length} x 429`,
    )
    expect(refused.map(({ operation, at }) => [operation, at])).toEqual([])
    expect(calls.length).toBeGreaterThanOrEqual(CALLS)
    expect(failures).toContain('KSEF_BUDGET_SPENT')
  }, 240_000)

  test('sends what fits, and the rest once there is room, without an attempt that came to nothing', async () => {
    const company = await fleet.company()
    const workers = [fleet.worker(), fleet.worker()]
    for (let number = 1; number <= 24; number++)
      await fleet.accept(company.id, invoiceOf(company.nip, `R/${number}`))
    await drive(fleet, workers, { companies: [company.id], withinMs: 200_000 })
    const submissions = await fleet.submissions(company.id)
    expect(submissions.map(({ state, attempts }) => [state, attempts])).toEqual(
      submissions.map(() => ['receipted', 1]),
    )
    await checkLedger(fleet, company)
    expect(callsOf(fleet, company).filter(({ httpStatus }) => httpStatus === 429)).toEqual([])
  }, 240_000)
})

describe('a 429', () => {
  let fleet: DeliveryFleet
  let worker: DeliveryWorker
  let company: Connected
  beforeAll(async () => {
    fleet = await startDeliveryFleet()
    worker = fleet.worker()
  })
  afterEach(() => calm(fleet))
  afterAll(() => fleet?.close())

  const blocks = async (): Promise<Record<string, number>> => {
    const { rows } = await fleet.admin.query<{ counter: string; until: Date }>(
      'select limit_group as counter, blocked_until as until from ksef_rate_blocks where company_id = $1',
      [company.id],
    )
    return Object.fromEntries(rows.map(({ counter, until }) => [counter, until.getTime()]))
  }
  const contextBlock = async () =>
    (await fleet.db.withCompany(company.id, (tx) => tx.integrations.current('test')))?.blockedUntil ?? null
  const sends = () => callsOf(fleet, company).filter(({ operation }) => operation === SEND)
  const turnFor = async (ms: number, another = worker) => {
    const end = Date.now() + ms
    await drive(fleet, [another], { companies: [company.id], until: async () => Date.now() > end })
  }

  test.each([
    ['1', 1],
    ['30', 30],
    ['2680', 2680],
    ['a date', 40],
  ])(
    'with Retry-After %s closes sending until then, here and in PostgreSQL, and nothing else',
    async (said, seconds) => {
      company = await fleet.company()
      await fleet.accept(company.id, invoiceOf(company.nip, 'S/1'))
      await drive(fleet, [worker], { companies: [company.id] })
      const before = sends().length
      const header = said === 'a date' ? new Date(Date.now() + seconds * 1_000).toUTCString() : said
      await answerWith(fleet, SEND, { httpStatus: 429, headers: { 'retry-after': header }, body: {} })
      await fleet.accept(company.id, invoiceOf(company.nip, 'S/2'))
      const start = Date.now()
      await drive(fleet, [worker], { companies: [company.id], until: async () => sends().length > before })
      await turnFor(200)
      const { invoiceSend = 0, ...others } = await blocks()
      // A date is told to the second, and this one was written a moment before.
      const earliest = start + seconds * 1_000 - (said === 'a date' ? 2_000 : 0)
      expect(invoiceSend).toBeGreaterThanOrEqual(earliest)
      expect(invoiceSend).toBeLessThan(Date.now() + seconds * 1_000)
      expect([others, await contextBlock()]).toEqual([{}, null])

      if (seconds > 1) await turnFor(1_000)
      else await drive(fleet, [worker], { companies: [company.id] })
      const [refused, next] = sends().slice(before)
      if (seconds > 1) expect(next).toBeUndefined()
      else expect(Date.parse(next?.at ?? '') - Date.parse(refused?.at ?? '')).toBeGreaterThanOrEqual(1_000)
    },
  )

  test('outlives Redis and the worker that got it; polls go on meanwhile', async () => {
    company = await fleet.company()
    await answerWith(fleet, SEND, { httpStatus: 429, skip: 1, headers: { 'retry-after': '60' }, body: {} })
    for (const number of ['S/1', 'S/2']) await fleet.accept(company.id, invoiceOf(company.nip, number))
    await drive(fleet, [worker], { companies: [company.id], until: async () => sends().length === 2 })
    await redis.flushdb()
    const another = fleet.worker()
    await turnFor(1_500, another)
    expect(sends()).toHaveLength(2)
    const states = (await fleet.submissions(company.id)).map(({ state, attempts }) => `${state} ${attempts}`)
    expect(states.sort()).toEqual(['pending 1', 'receipted 1'])
    expect(callsOf(fleet, company).some(({ operation }) => operation === ONE)).toBe(true)
    const ksef = await another.context.contexts.forCompany(company.id)
    const { invoiceSend, onlineSession } = await ksef.budget(['invoiceSend', 'onlineSession'])
    expect([invoiceSend.left, invoiceSend.blockedForMs > 50_000, onlineSession.blockedForMs]).toEqual([
      0,
      true,
      0,
    ])
  })

  test.each([
    ['onlineSessionClose', 'immediate'],
    ['batchSessionClose', 'batch'],
  ] as const)('of %s keeps from opening what could not be closed', async (counter, delivery) => {
    company = await fleet.company()
    const { id } = company.integration
    const until = new Date(Date.now() + 240_000)
    await fleet.db.withCompany(company.id, (tx) => tx.limits.block(id, counter, until))
    await fleet.accept(company.id, invoiceOf(company.nip, 'S/1'), delivery)
    await turnFor(300)
    const { rows } = await fleet.admin.query('select id from sessions where company_id = $1', [company.id])
    expect(rows).toEqual([])
    const opened = await fleet.admin.query<{ at: Date }>(
      'select dispatch_at as at from ksef_integrations where id = $1',
      [id],
    )
    expect(Math.abs((opened.rows[0]?.at?.getTime() ?? 0) - until.getTime())).toBeLessThan(5_000)
  })

  test('of a second group while the first is refused silences the whole context', async () => {
    company = await fleet.company()
    await answerWith(fleet, SEND, { httpStatus: 429, skip: 1, headers: { 'retry-after': '60' }, body: {} })
    await answerWith(fleet, ONE, { httpStatus: 429, headers: { 'retry-after': '50' }, body: {} })
    for (const number of ['S/1', 'S/2']) await fleet.accept(company.id, invoiceOf(company.nip, number))
    await drive(fleet, [worker], {
      companies: [company.id],
      until: async () => (await contextBlock()) !== null,
    })
    expect(Object.keys(await blocks()).sort()).toEqual(['invoiceSend', 'invoiceStatus'])
    const silentFrom = callsOf(fleet, company).length
    await turnFor(800)
    expect(callsOf(fleet, company)).toHaveLength(silentFrom)
  })

  test.each([
    ['', undefined],
    ['rubbish', 'soon'],
    ['negative', '-5'],
    ['a fraction', '1.5'],
  ])('without a Retry-After that can be read (%s) waits a minute', async (_, header) => {
    company = await fleet.company()
    const headers = header === undefined ? {} : { 'retry-after': header }
    await answerWith(fleet, OPEN, { httpStatus: 429, headers, body: {} })
    await fleet.accept(company.id, invoiceOf(company.nip, 'S/1'))
    const start = Date.now()
    const isBlocked = async () => (await blocks()).onlineSession !== undefined
    await drive(fleet, [worker], { companies: [company.id], until: isBlocked })
    const { onlineSession = 0 } = await blocks()
    expect(onlineSession).toBeGreaterThanOrEqual(start + 60_000)
    expect(onlineSession).toBeLessThanOrEqual(Date.now() + 60_000)
  })

  test('while KSeF is asked for its limits fails no verification', async () => {
    await answerWith(fleet, 'GET /rate-limits', {
      httpStatus: 429,
      headers: { 'retry-after': '9' },
      body: {},
    })
    await answerWith(fleet, 'GET /limits/context', { httpStatus: 500, body: {} })
    company = await fleet.company()
    expect(company.integration.state).toBe('active')
    const limits = () => fleet.db.withCompany(company.id, (tx) => tx.limits.get(company.integration.id))
    expect(await limits()).toMatchObject({ rate: null, sizes: null })
    await calm(fleet)
    const another = await fleet.company()
    company = another
    expect(await limits()).toMatchObject({
      rate: { invoiceSend: expect.any(Object) },
      sizes: { onlineSession: {} },
    })
  })
})
