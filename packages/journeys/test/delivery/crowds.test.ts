/** Many invoices, many workers, many companies: each invoice once, each session one company's. */
import { type Delivery, revokeIntegration } from '@ksef-fleet/core'
import { afterAll, afterEach, beforeAll, describe, expect, test } from 'vitest'
import { type Connected, type DeliveryFleet, invoiceOf, startDeliveryFleet } from './delivery-fleet.ts'
import { drive, driveTo, turn } from './drive.ts'
import { arm, calm, OPEN, SEND } from './faults.ts'
import { checkLedger, postsOf } from './ledger-check.ts'

let fleet: DeliveryFleet

beforeAll(async () => {
  fleet = await startDeliveryFleet()
})
afterEach(() => calm(fleet))
afterAll(() => fleet.close())

const acceptMany = (company: Connected, count: number, delivery: Delivery = 'auto') =>
  Promise.all(
    Array.from({ length: count }, (_, n) =>
      fleet.accept(company.id, invoiceOf(company.nip, `M/${n + 1}`), delivery),
    ),
  )

const countOf = async (table: 'sessions' | 'submissions', { id }: Connected, where: string) => {
  const { rows } = await fleet.admin.query<{ n: number }>(
    `select count(*)::int as n from ${table} where company_id = $1 and ${where}`,
    [id],
  )
  return rows[0]?.n
}

describe('a crowd', () => {
  test('of 100 invoices of one company, driven by two workers at once, is registered once each, in packages', async () => {
    const company = await fleet.company()
    await acceptMany(company, 100)
    await drive(fleet, [fleet.worker(), fleet.worker()], { companies: [company.id], withinMs: 25_000 })
    expect(await countOf('submissions', company, `state = 'receipted'`)).toBe(100)
    expect(await countOf('sessions', company, `kind = 'batch'`)).toBeLessThanOrEqual(2)
    expect(new Set(await postsOf(fleet, company))).toEqual(new Set([1]))
    await checkLedger(fleet, company)
  })

  test('of two companies keeps each in sessions of its own, with lost answers among them', async () => {
    const companies = await Promise.all([fleet.company(), fleet.company()])
    await arm(fleet, SEND, { mode: 'drop-answer-after-effect', times: 3, skip: 4 })
    await arm(fleet, SEND, { mode: 'reset-before-effect', times: 2, skip: 12 })
    await Promise.all(companies.map((company) => acceptMany(company, 15, 'immediate')))
    const workers = [fleet.worker(), fleet.worker(), fleet.worker()]
    await drive(fleet, workers, { companies: companies.map(({ id }) => id), withinMs: 25_000 })
    const contexts = new Map<string, Set<string>>()
    for (const { sessionReferenceNumber, context } of fleet.simulator.ledger.snapshot().decisions) {
      contexts.set(
        sessionReferenceNumber,
        (contexts.get(sessionReferenceNumber) ?? new Set()).add(context.value),
      )
    }
    for (const values of contexts.values()) expect(values.size).toBe(1)
    for (const company of companies) {
      expect(await countOf('submissions', company, `state = 'receipted'`)).toBe(15)
      await checkLedger(fleet, company)
    }
  })

  test('that fills its session goes on in the next', async () => {
    const small = await startDeliveryFleet({ sessionInvoicesMax: 3 })
    try {
      const company = await small.company()
      for (let n = 0; n < 8; n++)
        await small.accept(company.id, invoiceOf(company.nip, `F/${n}`), 'immediate')
      await drive(small, [small.worker()], { companies: [company.id] })
      const { rows } = await small.admin.query(
        'select count(*)::int as n from sessions where company_id = $1',
        [company.id],
      )
      expect(rows[0].n).toBe(3)
      await checkLedger(small, company)
    } finally {
      await small.close()
    }
  })
})

describe('an integration', () => {
  test('revoked midway leaves the rest pending, and a new one brings them out', async () => {
    const company = await fleet.company()
    const worker = fleet.worker()
    const [first] = await acceptMany(company, 3)
    await driveTo(fleet, worker, { submission: first!, states: ['receipted'] })
    const deps = worker.context
    await revokeIntegration(deps, {
      companyId: company.id,
      integrationId: company.integration.id,
      actor: 'story',
    })
    const later = await fleet
      .accept(company.id, invoiceOf(company.nip, 'R/9'))
      .then(() => 'accepted')
      .catch((error: { code: string }) => error.code)
    expect(later).toBe('INTEGRATION_MISSING')
    for (let round = 0; round < 3; round++) await turn(fleet, [worker], { companies: [company.id] })
    await fleet.connect(company.company)
    await fleet.admin.query(
      `update submissions set next_poll_at = now() where company_id = $1 and state in ('sent', 'registered')`,
      [company.id],
    )
    await drive(fleet, [worker], { companies: [company.id] })
    expect(await countOf('submissions', company, `state = 'receipted'`)).toBe(3)
    await checkLedger(fleet, company)
  })

  test('made anew keeps the silence KSeF asked its context for', async () => {
    const company = await fleet.company()
    const until = new Date(Date.now() + 60_000)
    await fleet.db.withCompany(company.id, (tx) => tx.integrations.blockUntil(company.integration.id, until))
    await revokeIntegration(fleet.worker().context, {
      companyId: company.id,
      integrationId: company.integration.id,
      actor: 'story',
    })
    expect(await fleet.connect(company.company)).toMatchObject({ blockedUntil: until })
  })

  test('that KSeF refuses to open a session for tries again with growing waits, and sends in the end', async () => {
    const company = await fleet.company()
    await arm(fleet, OPEN, { mode: 'status', httpStatus: 500, times: 3 })
    const submission = await fleet.accept(company.id, invoiceOf(company.nip, 'O/1'))
    await drive(fleet, [fleet.worker()], { companies: [company.id] })
    expect(await fleet.submission(submission)).toMatchObject({ state: 'receipted', attempts: 1 })
    expect(await countOf('sessions', company, `state = 'abandoned'`)).toBe(3)
  })

  test('under a new master key leaves the old session and opens another', async () => {
    const company = await fleet.company()
    const worker = fleet.worker()
    const [first] = await acceptMany(company, 1)
    await driveTo(fleet, worker, { submission: first!, states: ['receipted'] })
    await fleet.admin.query(`update sessions set sealed_key = 'v1.00000000.AAAA' where company_id = $1`, [
      company.id,
    ])
    const second = await fleet.accept(company.id, invoiceOf(company.nip, 'K/2'))
    await driveTo(fleet, worker, { submission: second, states: ['receipted'] })
    expect(await countOf('sessions', company, 'true')).toBe(2)
  })
})
