/** A crowd goes in packages: made, uploaded, closed, and every invoice of it has its number and its receipt. */
import type { CompanyId, Delivery, Submission } from '@ksef-fleet/core'
import { afterAll, afterEach, beforeAll, describe, expect, test } from 'vitest'
import { type Connected, type DeliveryFleet, invoiceOf, startDeliveryFleet } from './delivery-fleet.ts'
import type { DeliveryWorker } from './delivery-worker.ts'
import { drive, endLeases } from './drive.ts'
import { answerWith, arm, CLOSE_BATCH, calm, exception, LIST, OPEN_BATCH, SESSION } from './faults.ts'
import { checkLedger, postsOf } from './ledger-check.ts'

let fleet: DeliveryFleet
let worker: DeliveryWorker

beforeAll(async () => {
  fleet = await startDeliveryFleet()
  worker = fleet.worker()
})
afterEach(() => calm(fleet))
afterAll(() => fleet.close())

const CROWD = 24
const PART = 'PUT /storage/batch'

type Crowd = Connected & { accepted: Submission[] }

async function crowd(count = CROWD, delivery: Delivery = 'auto'): Promise<Crowd> {
  const company = await fleet.company()
  const accepted: Submission[] = []
  for (let n = 1; n <= count; n++)
    accepted.push(await fleet.accept(company.id, invoiceOf(company.nip, `B/${n}`), delivery))
  return { ...company, accepted }
}

const sessionsOf = async (company: CompanyId) =>
  (
    await fleet.admin.query<{ kind: string; state: string; invoices: number; code: number | null }>(
      `select kind, state, invoice_count as invoices, ksef_status_code as code from sessions
        where company_id = $1 order by created_at`,
      [company],
    )
  ).rows

const packagesOf = async (company: CompanyId) =>
  (await sessionsOf(company)).filter(({ kind }) => kind === 'batch')

/** Every session is at its end as well. */
const isOver = (companies: readonly CompanyId[]) => async () => {
  const { rows } = await fleet.admin.query<{ open: number }>(
    `select (select count(*) from submissions where company_id = any($1) and state <> 'receipted')
          + (select count(*) from sessions where company_id = any($1) and kind = 'batch'
              and not state in ('settled', 'abandoned')) as open`,
    [companies],
  )
  return Number(rows[0]?.open) === 0
}

async function expectAllReceiptedOnce(company: Crowd): Promise<void> {
  const rows = await fleet.submissions(company.id)
  expect(rows.filter(({ state }) => state === 'receipted')).toHaveLength(company.accepted.length)
  await checkLedger(fleet, company)
  expect(new Set(await postsOf(fleet, company))).toEqual(new Set([1]))
}

describe('a crowd', () => {
  test.each(['TarGz', 'Zip'])(
    'is registered in one package (%s), and each invoice has its receipt out of the session’s',
    async (BATCH_COMPRESSION) => {
      const company = await crowd()
      const packer = fleet.worker({ settings: { BATCH_COMPRESSION } })
      await drive(fleet, [packer], { companies: [company.id], until: isOver([company.id]) })
      await expectAllReceiptedOnce(company)
      expect(await sessionsOf(company.id)).toEqual([
        { kind: 'batch', state: 'settled', invoices: CROWD, code: 200 },
      ])
    },
  )

  test('with two workers at everything is in one package, and nothing is sent twice', async () => {
    const company = await crowd()
    await drive(fleet, [worker, fleet.worker()], { companies: [company.id], until: isOver([company.id]) })
    await expectAllReceiptedOnce(company)
  })

  test('with a refused invoice in it: that one is rejected with KSeF’s words, the others are registered', async () => {
    const company = await crowd()
    await fleet.control('POST', '/misbehaviours', {
      kind: 'invoice-status',
      code: 450,
      description: 'Błąd weryfikacji semantyki dokumentu faktury',
    })
    await drive(fleet, [worker], { companies: [company.id] })
    const rows = await fleet.submissions(company.id)
    expect(rows.filter(({ state }) => state === 'rejected')).toMatchObject([
      { reason: { code: 'KSEF_REJECTED', ksefCode: 450 } },
    ])
    expect(rows.filter(({ state }) => state === 'receipted')).toHaveLength(CROWD - 1)
    await checkLedger(fleet, company)
  })
})

describe('a worker killed while it drives a package', () => {
  const CALLS_MAX = 26

  test.each(['before', 'after'] as const)(
    '%s any call of the database loses nothing and sends nothing twice',
    async (when) => {
      const lives = await Promise.all(
        Array.from({ length: CALLS_MAX }, async (_, index) => ({
          ...(await crowd(12)),
          mortal: fleet.worker({ death: { atCall: index + 1, when } }),
        })),
      )
      const companies = lives.map(({ id }) => id)
      const mortals = new Map(lives.map(({ id, mortal }) => [id, mortal]))
      await drive(fleet, mortals, {
        companies,
        until: async () => {
          const over = await Promise.all(
            lives.map(async ({ id, mortal }) => mortal.db.dead || isOver([id])()),
          )
          return over.every(Boolean)
        },
      })
      expect(lives.filter(({ mortal }) => mortal.db.dead).length).toBeGreaterThan(12)
      await endLeases(fleet, companies)
      await drive(fleet, [worker], { companies, until: isOver(companies) })
      for (const life of lives) await expectAllReceiptedOnce(life)
    },
    120_000,
  )
})

describe('a package', () => {
  const settled = async (company: Crowd) => {
    await drive(fleet, [worker], { companies: [company.id], until: isOver([company.id]) })
    await expectAllReceiptedOnce(company)
  }

  test('whose opening was not answered is declared again', async () => {
    const company = await crowd()
    await arm(fleet, OPEN_BATCH, { mode: 'drop-answer-after-effect' })
    await settled(company)
    expect(await packagesOf(company.id)).toMatchObject([{ state: 'settled', invoices: CROWD }])
  })

  test('whose part was cut off on the way is uploaded again', async () => {
    const company = await crowd()
    await arm(fleet, PART, { mode: 'reset-before-effect', times: 2 })
    await settled(company)
    expect(await packagesOf(company.id)).toMatchObject([{ state: 'settled', invoices: CROWD }])
  })

  test('whose address KSeF takes no more is given up, and its invoices go in another', async () => {
    const company = await crowd()
    await answerWith(fleet, PART, { httpStatus: 403, body: 'AuthenticationFailed' })
    await settled(company)
    expect(await packagesOf(company.id)).toMatchObject([{ state: 'abandoned' }, { state: 'settled' }])
  })

  test.each([
    ['drop-answer-after-effect', {}],
    ['status', { httpStatus: 504, afterEffect: true }],
    ['status', { httpStatus: 502 }],
    ['reset-before-effect', {}],
  ] as const)(
    'whose closing is not answered (%s %o) is closed again, and never sent again',
    async (mode, more) => {
      const company = await crowd()
      await arm(fleet, CLOSE_BATCH, { mode, ...more })
      await settled(company)
      expect(await packagesOf(company.id)).toMatchObject([{ state: 'settled', invoices: CROWD }])
    },
  )

  test.each([21205, 21157, 21208])(
    'that KSeF refuses to close (%d) was not read, and is made anew',
    async (code) => {
      const company = await crowd()
      await answerWith(fleet, CLOSE_BATCH, { httpStatus: 400, body: exception(code) })
      await settled(company)
      expect(await packagesOf(company.id)).toMatchObject([{ state: 'abandoned' }, { state: 'settled' }])
    },
  )

  test('that KSeF lost sight of for a moment is closed all the same', async () => {
    const company = await crowd()
    await answerWith(fleet, CLOSE_BATCH, { httpStatus: 400, body: exception(21173), times: 3 })
    await settled(company)
  })

  test.each([405, 415, 430, 435, 440, 500])(
    'refused as a whole with %d is made once more under a fresh key, and nobody is sent twice',
    async (code) => {
      const company = await crowd()
      await fleet.control('POST', '/misbehaviours', { kind: 'package-refused', code })
      await settled(company)
      expect(await packagesOf(company.id)).toMatchObject([
        { state: 'settled', code, invoices: CROWD },
        { state: 'settled', code: 200, invoices: CROWD },
      ])
    },
  )

  test('of more invoices than the context may send at once (420) is halved at once', async () => {
    const company = await crowd()
    await fleet.control('POST', '/misbehaviours', { kind: 'package-refused', code: 420 })
    await settled(company)
    expect(await packagesOf(company.id)).toMatchObject([
      { code: 420, invoices: CROWD },
      { code: 200, invoices: CROWD / 2 },
      { code: 200, invoices: CROWD / 2 },
    ])
  })

  test('in which no invoice is valid (445) is not made again: each has the verdict that was its own', async () => {
    const company = await crowd()
    await fleet.control('POST', '/misbehaviours', { kind: 'invoice-status', code: 450, times: CROWD })
    await drive(fleet, [worker], { companies: [company.id] })
    const rows = await fleet.submissions(company.id)
    expect(new Set(rows.map(({ state, reason }) => `${state} ${reason?.code} ${reason?.ksefCode}`))).toEqual(
      new Set(['rejected KSEF_REJECTED 450']),
    )
    expect(await packagesOf(company.id)).toMatchObject([{ code: 445, invoices: CROWD }])
    expect(new Set(await postsOf(fleet, company))).toEqual(new Set([1]))
  })

  test('with a document that spoils it is halved until that one is alone, and then it goes singly', async () => {
    const company = await crowd(16, 'batch')
    const poison = company.accepted[5]!
    await fleet.control('POST', '/misbehaviours', {
      kind: 'package-refused',
      code: 430,
      invoiceHash: poison.invoiceHash,
      times: 100,
    })
    await settled(company)
    const sizes = (await packagesOf(company.id))
      .filter(({ code }) => code === 430)
      .map(({ invoices }) => invoices)
    expect(sizes).toEqual([16, 16, 8, 4, 2])
  })

  test('whose session shows a failure although its invoices were registered: the list is believed', async () => {
    const company = await crowd()
    const closed = async () => {
      const { rows } = await fleet.admin.query<{ reference: string }>(
        `select reference_number as reference from sessions where company_id = $1 and state = 'closed'`,
        [company.id],
      )
      return rows[0]?.reference
    }
    await drive(fleet, [worker], {
      companies: [company.id],
      until: async () => (await closed()) !== undefined,
    })
    await fleet.control('PUT', `/sessions/${await closed()}/status`, { code: 440 })
    await settled(company)
    expect(await packagesOf(company.id)).toMatchObject([{ state: 'settled', code: 440, invoices: CROWD }])
  })

  test('whose results come late or cut off waits for them', async () => {
    const company = await crowd()
    await fleet.control('POST', '/list-lag', { ms: 600 })
    await arm(fleet, LIST, { mode: 'cut-body-after-effect', times: 2 })
    await arm(fleet, SESSION, { mode: 'status', httpStatus: 500, times: 2 })
    await settled(company)
  })

  test('with invoices that were registered before, under a lost answer, adopts their numbers', async () => {
    const company = await fleet.company()
    const xml = invoiceOf(company.nip, 'B/1')
    const first = await fleet.accept(company.id, xml)
    await drive(fleet, [worker], { companies: [company.id] })
    const registered = await fleet.submission(first)
    // As after a restore of the database: KSeF has it, the fleet does not know.
    await fleet.admin.query(
      `update submissions set state = 'pending', ksef_number = null, reference_number = null, session_id = null,
              next_attempt_at = now(), delivery = 'batch', upo_document_id = null where id = $1`,
      [first.id],
    )
    await fleet.admin.query('delete from attempts where submission_id = $1', [first.id])
    await drive(fleet, [worker], {
      companies: [company.id],
      until: async () => ['registered', 'receipted', 'held'].includes((await fleet.submission(first)).state),
    })
    expect(await fleet.submission(first)).toMatchObject({ ksefNumber: registered.ksefNumber })
  })
})
