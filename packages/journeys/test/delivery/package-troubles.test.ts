/** Packages whose ground is pulled from under them: revoked, forbidden, refused again and again, judged late. */
import { join } from 'node:path'
import { type CompanyId, revokeIntegration } from '@ksef-fleet/core'
import { afterAll, afterEach, beforeAll, describe, expect, test } from 'vitest'
import { type Connected, type DeliveryFleet, invoiceOf, startDeliveryFleet } from './delivery-fleet.ts'
import type { DeliveryWorker } from './delivery-worker.ts'
import { drive, turn } from './drive.ts'
import { answerWith, arm, CLOSE_BATCH, calm, exception, OPEN_BATCH } from './faults.ts'
import { checkLedger, postsOf } from './ledger-check.ts'

let fleet: DeliveryFleet
let worker: DeliveryWorker

beforeAll(async () => {
  fleet = await startDeliveryFleet()
  worker = fleet.worker()
})
afterEach(() => calm(fleet))
afterAll(() => fleet.close())

const CROWD = 16
const PART = 'PUT /storage/batch'

async function crowd(): Promise<Connected> {
  const company = await fleet.company()
  for (let n = 1; n <= CROWD; n++) await fleet.accept(company.id, invoiceOf(company.nip, `T/${n}`), 'batch')
  return company
}

type Package = { id: string; state: string; invoices: number; fence: number; polls: number; leased: boolean }

const packagesOf = async (company: CompanyId) =>
  (
    await fleet.admin.query<Package>(
      `select id, state, invoice_count as invoices, fence, polls, lease_until > now() as leased from sessions
        where company_id = $1 and kind = 'batch' order by created_at`,
      [company],
    )
  ).rows

/** Of each part whether it arrived. */
const partsOf = async ({ id }: Connected) =>
  (
    await fleet.admin.query<{ arrived: boolean }>(
      'select uploaded_at is not null as arrived from session_parts where company_id = $1',
      [id],
    )
  ).rows.map(({ arrived }) => arrived)

const untilOneIs =
  ({ id }: Connected, state: string) =>
  async () =>
    (await packagesOf(id)).some((one) => one.state === state)

const reasonsOf = async ({ id }: Connected) =>
  new Set((await fleet.submissions(id)).map(({ state, reason }) => `${state} ${reason?.code}`))

const revoke = ({ id, integration }: Connected) =>
  revokeIntegration(worker.context, { companyId: id, integrationId: integration.id, actor: 'story' })

async function expectAllReceiptedOnce(company: Connected): Promise<void> {
  const rows = await fleet.submissions(company.id)
  expect(rows.filter(({ state }) => state === 'receipted')).toHaveLength(CROWD)
  await checkLedger(fleet, company)
  expect(new Set(await postsOf(fleet, company))).toEqual(new Set([1]))
}

describe('a package of a company whose integration is revoked', () => {
  const isHeld = (company: Connected) => async () =>
    (await reasonsOf(company)).has('held INTEGRATION_REVOKED')

  test('before it was declared is never declared, and its invoices are held for that', async () => {
    const company = await crowd()
    await drive(fleet, [worker], {
      companies: [company.id],
      only: ['send-pending'],
      until: untilOneIs(company, 'opening'),
    })
    await revoke(company)
    await drive(fleet, [worker], { companies: [company.id], until: isHeld(company) })
    expect(await reasonsOf(company)).toEqual(new Set(['held INTEGRATION_REVOKED']))
    expect(await packagesOf(company.id)).toMatchObject([{ state: 'abandoned' }])
    expect(new Set(await postsOf(fleet, company))).toEqual(new Set([0]))
  })

  test('while it was uploaded is not closed', async () => {
    const company = await crowd()
    await arm(fleet, PART, { mode: 'delay', ms: 1_500 })
    const running = drive(fleet, [worker], { companies: [company.id], until: isHeld(company) })
    while (!(await untilOneIs(company, 'open')())) await new Promise((later) => setTimeout(later, 10))
    await revoke(company)
    await running
    expect(await packagesOf(company.id)).toMatchObject([{ state: 'abandoned' }])
    expect(new Set(await postsOf(fleet, company))).toEqual(new Set([0]))
  })
})

describe('a package', () => {
  test('that the company may not open fails the integration, and its invoices are held for that', async () => {
    const company = await crowd()
    const body = {
      title: 'Forbidden',
      status: 403,
      detail: 'Brak uprawnień',
      reasonCode: 'missing-permissions',
    }
    const headers = { 'content-type': 'application/problem+json' }
    await answerWith(fleet, OPEN_BATCH, { httpStatus: 403, body, headers })
    await drive(fleet, [worker], {
      companies: [company.id],
      until: async () => (await fleet.submissions(company.id)).every(({ state }) => state === 'held'),
      only: ['send-pending', 'send-batch'],
    })
    expect(await reasonsOf(company)).toEqual(new Set(['held KSEF_PERMISSION_MISSING']))
    expect(await packagesOf(company.id)).toHaveLength(1)
  })

  test('refused for a reason nobody knows is halved, as if it were its own', async () => {
    const company = await crowd()
    await answerWith(fleet, OPEN_BATCH, { httpStatus: 400, body: exception(29_999), times: 2 })
    await drive(fleet, [worker], { companies: [company.id] })
    await expectAllReceiptedOnce(company)
    const [first, second, ...halves] = await packagesOf(company.id)
    expect([first?.invoices, second?.invoices]).toEqual([CROWD, CROWD])
    expect(halves.map(({ invoices }) => invoices)).toEqual([CROWD / 2, CROWD / 2])
  })

  test('whose parts are refused again and again is made anew later and later', async () => {
    const company = await crowd()
    const patient = fleet.worker({ timing: { retrySeconds: [0.05, 600] } })
    await answerWith(fleet, PART, { httpStatus: 403, body: 'AuthenticationFailed', times: 1_000 })
    const second = async () => (await packagesOf(company.id)).filter(({ state }) => state === 'abandoned')
    await drive(fleet, [patient], {
      companies: [company.id],
      until: async () => (await second()).length === 2,
    })
    for (let more = 0; more < 20; more++) await turn(fleet, [patient], { companies: [company.id] })
    expect(await packagesOf(company.id)).toHaveLength(2)
  })

  test('that cannot be made rests before it is tried again', async () => {
    const company = await crowd()
    await drive(fleet, [worker], {
      companies: [company.id],
      only: ['send-pending'],
      until: untilOneIs(company, 'opening'),
    })
    const [packed] = await packagesOf(company.id)
    const settings = { SPOOL_DIRECTORY: join('/dev/null', 'spool') }
    const diskless = fleet.worker({ settings, timing: { retrySeconds: [600] } })
    const run = () => diskless.run('send-batch', { companyId: company.id, sessionId: packed!.id })
    await expect(run()).rejects.toThrow()
    await run()
    expect(await packagesOf(company.id)).toMatchObject([
      { state: 'opening', fence: 1, polls: 1, leased: true },
    ])
  })

  test('of several parts of which one does not arrive rests before that one alone is tried again', async () => {
    const company = await crowd()
    // Each document compressed by itself: alike as they are, a TarGz of them is a single part.
    const settings = { BATCH_PART_BYTES: '5000', BATCH_COMPRESSION: 'Zip' }
    const patient = fleet.worker({ settings, timing: { retrySeconds: [600] } })
    const uploads = () => fleet.simulator.ledger.snapshot().operations[PART] ?? 0
    const before = uploads()
    await answerWith(fleet, PART, { httpStatus: 503 })
    await arm(fleet, PART, { mode: 'delay', ms: 300, times: 2 })
    await drive(fleet, [patient], {
      companies: [company.id],
      only: ['send-pending', 'send-batch'],
      until: async () => (await partsOf(company)).filter(Boolean).length === 2,
    })
    for (let more = 0; more < 5; more++) await turn(fleet, [patient], { companies: [company.id] })
    expect((await partsOf(company)).toSorted()).toEqual([false, true, true])
    expect(await packagesOf(company.id)).toMatchObject([{ state: 'open', polls: 1, leased: true }])
    expect(uploads() - before).toBe(3)

    await fleet.admin.query('update sessions set lease_until = now() where company_id = $1', [company.id])
    await drive(fleet, [fleet.worker({ settings })], { companies: [company.id] })
    await expectAllReceiptedOnce(company)
    expect(await packagesOf(company.id)).toHaveLength(1)
    expect(uploads() - before).toBe(4)
  })

  test.each([
    ['whose time at KSeF ran out while it was uploaded', 'BATCH_TIME_OVER', 'valid_until = now()'],
    ['that comes out otherwise than it was declared', 'PACKAGE_NOT_THE_SAME', `package_hash = 'another'`],
  ])('%s is given up and made anew (%s)', async (_, code, change) => {
    const company = await crowd()
    const patient = fleet.worker({ timing: { retrySeconds: [600] } })
    await answerWith(fleet, PART, { httpStatus: 503 })
    await drive(fleet, [patient], {
      companies: [company.id],
      only: ['send-pending', 'send-batch'],
      until: async () => (await packagesOf(company.id))[0]?.polls === 1,
    })
    await fleet.admin.query(`update sessions set lease_until = now(), ${change} where company_id = $1`, [
      company.id,
    ])
    await drive(fleet, [worker], {
      companies: [company.id],
      only: ['send-batch'],
      until: untilOneIs(company, 'abandoned'),
    })
    expect(new Set((await fleet.submissions(company.id)).map(({ state }) => state))).toEqual(
      new Set(['pending']),
    )
    const ended = await fleet.admin.query<{ code: string }>(
      'select distinct code from attempts where company_id = $1',
      [company.id],
    )
    expect(ended.rows).toEqual([{ code }])
    await drive(fleet, [worker], { companies: [company.id] })
    await expectAllReceiptedOnce(company)
    expect((await packagesOf(company.id)).map(({ state }) => state)).toEqual(['abandoned', 'settled'])
  })

  test('that was closed under a lost answer is not given up, whatever a second closing is told', async () => {
    for (const code of [21205, 21208]) {
      const company = await crowd()
      await arm(fleet, CLOSE_BATCH, { mode: 'status', httpStatus: 504, afterEffect: true })
      await answerWith(fleet, CLOSE_BATCH, { httpStatus: 400, body: exception(code) })
      await drive(fleet, [worker], { companies: [company.id] })
      await expectAllReceiptedOnce(company)
      expect((await packagesOf(company.id)).map(({ invoices }) => invoices)).toEqual([CROWD])
    }
  })

  test('that KSeF took long to judge has the same patience with its list as any other', async () => {
    const company = await crowd()
    await fleet.control('POST', '/list-lag', { ms: 400 })
    await drive(fleet, [worker], { companies: [company.id], until: untilOneIs(company, 'closed') })
    await fleet.admin.query(`update sessions set polls = 50 where company_id = $1 and kind = 'batch'`, [
      company.id,
    ])
    await drive(fleet, [worker], { companies: [company.id] })
    await expectAllReceiptedOnce(company)
  })

  test('whose invoices KSeF cancels one and all for the session’s sake is halved', async () => {
    const company = await crowd()
    await fleet.control('POST', '/misbehaviours', { kind: 'invoice-status', code: 405, times: 2 * CROWD })
    await drive(fleet, [worker], { companies: [company.id] })
    const rows = await fleet.submissions(company.id)
    expect(rows.filter(({ state }) => state === 'receipted')).toHaveLength(CROWD)
    await checkLedger(fleet, company)
    expect((await packagesOf(company.id)).map(({ invoices }) => invoices)).toEqual([16, 16, 8, 8])
  })
})
