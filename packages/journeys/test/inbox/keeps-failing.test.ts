/** A sync that comes to nothing in whatever way is told as failing and as late, once each until it comes through. */
import { diagnose, readCompanyFacts } from '@ksef-fleet/core'
import { afterAll, beforeAll, beforeEach, expect, test } from 'vitest'
import { type DeliveryFleet, startDeliveryFleet } from '../delivery/delivery-fleet.ts'
import type { DeliveryWorker } from '../delivery/delivery-worker.ts'
import { verifyNow } from '../delivery/drive.ts'
import {
  driveSyncs,
  dueNow,
  eventsOf,
  exportsOf,
  inOrder,
  issueTo,
  type Receiver,
  received,
  receiver,
  standingOf,
  syncOf,
  turnSyncs,
} from './inbox-fleet.ts'

let fleet: DeliveryFleet
let worker: DeliveryWorker

beforeAll(async () => {
  fleet = await startDeliveryFleet()
  worker = fleet.worker()
})
afterAll(() => fleet.close())
beforeEach(() => fleet.simulator.control.calm())

const START = 'POST /invoices/exports'
const STATUS = 'GET /invoices/exports/{referenceNumber}'
const GET = 'GET /invoices/ksef/{ksefNumber}'
const FORBIDDEN = {
  httpStatus: 403,
  body: { title: 'Forbidden', status: 403, reasonCode: 'missing-permissions' },
}
const UNKNOWN_REFUSAL = { httpStatus: 400, body: { title: 'Bad Request', status: 400 } }
const TIMES = 40

/** Whatever waits between tries is over, and so is the time within which it should have come through. */
async function hasten({ id }: Receiver): Promise<void> {
  await fleet.admin.query(
    `update ksef_sync_state set late_at = now() - interval '1 second' where company_id = $1 and late_at is not null`,
    [id],
  )
  await dueNow(fleet, id)
}

const codesOf = async ({ id }: Receiver) => {
  const facts = await readCompanyFacts(worker.context, id)
  return diagnose(facts).map(({ code }) => code)
}

const figures = async () => (await fleet.db.asSystem('measure', (tx) => tx.measure())).inbox

/** Told once each, in the figures and by the doctor; and once it comes through, of none of it is anything left. */
async function expectTold(company: Receiver, code: string): Promise<void> {
  expect(await eventsOf(fleet, company.id, 'sync.failed')).toEqual([
    expect.objectContaining({ role: 'Subject2', code, failures: 3 }),
  ])
  expect(await eventsOf(fleet, company.id, 'sync.late')).toEqual([
    expect.objectContaining({ role: 'Subject2' }),
  ])
  expect((await standingOf(worker, company)).isLate).toBe(true)
  expect(await codesOf(company)).toEqual(expect.arrayContaining(['SYNC_FAILING', 'SYNC_LATE']))
  const { late, failing } = await figures()
  expect([late > 0, failing > 0]).toEqual([true, true])
}

async function expectMended(company: Receiver, issued: ReturnType<typeof issueTo>): Promise<void> {
  fleet.simulator.control.calm()
  await verifyNow(worker, company)
  await dueNow(fleet, company.id)
  await driveSyncs(fleet, [worker], { companies: [company.id] })
  expect(inOrder(await received(fleet, company.id))).toEqual(inOrder(issued))
  expect((await standingOf(worker, company)).isLate).toBe(false)
  expect((await codesOf(company)).filter((code) => code.startsWith('SYNC_'))).toEqual([])
}

test('one that is held and let go again and again', async () => {
  const company = await receiver(fleet, worker)
  const issued = issueTo(fleet, company, { series: 'H/', count: 3 })
  await fleet.control('POST', '/faults', { operation: START, mode: 'status', ...FORBIDDEN, times: TIMES })
  for (let round = 0; round < 5; round++) {
    await hasten(company)
    await turnSyncs(fleet, [worker], [company.id])
    expect((await syncOf(fleet, company)).held).toMatchObject({ code: 'KSEF_PERMISSION_MISSING' })
    await turnSyncs(fleet, [worker], [company.id])
    // KSeF lists the permission all the same, so the verification lets the sync go on.
    await verifyNow(worker, company)
    expect((await syncOf(fleet, company)).held).toBeNull()
  }
  await expectTold(company, 'KSEF_PERMISSION_MISSING')
  await expectMended(company, issued)
})

test('one whose every question fails, and which fails again after it came through', async () => {
  const company = await receiver(fleet, worker)
  const issued = issueTo(fleet, company, { series: 'Q/', count: 3 })
  const fails = async () => {
    await fleet.control('POST', '/faults', {
      operation: START,
      mode: 'status',
      httpStatus: 503,
      times: TIMES,
    })
    for (let round = 0; round < 5; round++) {
      await fleet.admin.query('update ksef_integrations set blocked_until = null where company_id = $1', [
        company.id,
      ])
      await hasten(company)
      await turnSyncs(fleet, [worker], [company.id])
    }
  }
  await fails()
  await expectTold(company, 'KSEF_SERVER_ERROR')
  await expectMended(company, issued)
  // Nothing came meanwhile, so that the checkpoint stands where it stood.
  await fleet.admin.query('update ksef_sync_state set pace = null where company_id = $1', [company.id])
  await fails()
  expect((await eventsOf(fleet, company.id, 'sync.failed')).length).toBe(2)
  expect((await eventsOf(fleet, company.id, 'sync.late')).length).toBe(2)
})

test('an audit that fails each time is told, and keeps no invoice away', async () => {
  const company = await receiver(fleet, worker)
  await driveSyncs(fleet, [worker], { companies: [company.id] })
  const issued = issueTo(fleet, company, { series: 'A/', count: 3, storedFrom: new Date().toISOString() })
  const auditDue = () =>
    fleet.admin.query(
      `update ksef_sync_state set next_audit_at = completed_at, next_sync_at = now() where company_id = $1 and held is null`,
      [company.id],
    )
  const failed = async () =>
    (await exportsOf(fleet, company.id)).filter(
      ({ purpose, state }) => purpose === 'audit' && state === 'abandoned',
    ).length
  const misbehaves = (code: 420 | 550) => async () =>
    fleet.simulator.control.misbehaviours.add({ kind: 'export-status', code })
  const isRefused = () =>
    fleet.control('POST', '/faults', { operation: STATUS, mode: 'status', ...UNKNOWN_REFUSAL })
  const isForbidden = () =>
    fleet.control('POST', '/faults', { operation: START, mode: 'status', ...FORBIDDEN })
  const faults = [misbehaves(420), isRefused, misbehaves(550), isForbidden]
  for (const [before, fails] of faults.entries()) {
    await fails()
    await auditDue()
    await driveSyncs(fleet, [worker], {
      companies: [company.id],
      until: async () => (await failed()) > before,
    })
    fleet.simulator.control.calm()
    await driveSyncs(fleet, [worker], { companies: [company.id] })
  }
  await driveSyncs(fleet, [worker], {
    companies: [company.id],
    until: async () => {
      await dueNow(fleet, company.id)
      return (await received(fleet, company.id)).length === 3
    },
  })
  expect(inOrder(await received(fleet, company.id))).toEqual(inOrder(issued))
  expect(await eventsOf(fleet, company.id, 'sync.failed')).toEqual([
    expect.objectContaining({ code: 'EXPORT_FAILED', failures: 3 }),
  ])
  expect(await codesOf(company)).toContain('SYNC_AUDIT_FAILING')
  await auditDue()
  await driveSyncs(fleet, [worker], {
    companies: [company.id],
    until: async () => (await standingOf(worker, company)).audit !== null,
  })
  expect(await codesOf(company)).not.toContain('SYNC_AUDIT_FAILING')
})

test.each([[{ httpStatus: 500 }], [UNKNOWN_REFUSAL]])(
  'an export that nobody can ask about any more is given up in its time: %j',
  async (fault) => {
    const impatient = fleet.worker({ inboxTiming: { exportGiveUpSeconds: 0.3 } })
    const company = await receiver(fleet, impatient)
    const issued = issueTo(fleet, company, { series: `G${fault.httpStatus}/`, count: 9 })
    await fleet.control('POST', '/faults', { operation: STATUS, mode: 'status', ...fault, times: 500 })
    await driveSyncs(fleet, [impatient], {
      companies: [company.id],
      until: async () => {
        await dueNow(fleet, company.id)
        return (await exportsOf(fleet, company.id)).some(({ code }) => code === 'EXPORT_STUCK')
      },
    })
    await expectMended(company, issued)
  },
)

test('many documents that a package lacks come one after the other, and each is asked for in its time', async () => {
  const company = await receiver(fleet, worker)
  const COUNT = 12
  const issued = issueTo(fleet, company, { series: 'M/', count: COUNT })
  fleet.simulator.control.misbehaviours.add({ kind: 'export-package', fault: 'documents-missing' })
  await fleet.control('POST', '/faults', {
    ...{ operation: GET, mode: 'refusal', code: 21164, times: COUNT },
  })
  const patient = fleet.worker({ inboxTiming: { missingSeconds: [1] } })
  // Nobody asks for it; an hour would pass before the next sync.
  await fleet.admin.query('update ksef_sync_state set interval_seconds = 3600 where company_id = $1', [
    company.id,
  ])
  await driveSyncs(fleet, [patient], {
    companies: [company.id],
    until: async () => (await received(fleet, company.id)).length === COUNT,
  })
  expect(inOrder(await received(fleet, company.id))).toEqual(inOrder(issued))
})

/** What a document may end in each time, for a reason of its own. */
const NEVER = [
  ['a refusal that nobody knows', { mode: 'status', ...UNKNOWN_REFUSAL }],
  ['a 403 without a reason', { mode: 'status', httpStatus: 403, body: { title: 'Forbidden', status: 403 } }],
  ['no answer', { mode: 'drop-answer-after-effect' }],
] as const

test.each(NEVER)('a document that always ends in %s keeps no other away', async (_, fault) => {
  const company = await receiver(fleet, worker)
  const patient = fleet.worker({ inboxTiming: { missingSeconds: [3] } })
  const early = issueTo(fleet, company, { series: `E${company.nip}/`, count: 9 })
  fleet.simulator.control.misbehaviours.add({ kind: 'export-package', fault: 'document-missing' })
  await fleet.control('POST', '/faults', { operation: GET, ...fault, times: 500 })
  const come = (count: number) => async () => {
    await dueNow(fleet, company.id)
    return (await received(fleet, company.id)).length >= count
  }
  await driveSyncs(fleet, [patient], { companies: [company.id], until: come(8) })
  const { checkpoint } = await syncOf(fleet, company)
  const storedFrom = new Date(checkpoint.getTime() + 1).toISOString()
  const late = issueTo(fleet, company, { series: `L${company.nip}/`, count: 9, storedFrom })
  await fleet.admin.query('update ksef_sync_state set pace = null where company_id = $1', [company.id])
  await driveSyncs(fleet, [patient], { companies: [company.id], until: come(17) })
  expect(await syncOf(fleet, company)).toMatchObject({ held: null })
  expect((await standingOf(worker, company)).missing).toBe(1)
  await expectMended(company, [...early, ...late])
})

test('a few of which none can be had are noted, and the sync goes on without them', async () => {
  const company = await receiver(fleet, worker)
  await driveSyncs(fleet, [worker], { companies: [company.id] })
  const { checkpoint: before } = await syncOf(fleet, company)
  const storedFrom = new Date(before.getTime() + 1).toISOString()
  const issued = issueTo(fleet, company, { series: 'W/', count: 3, storedFrom })
  await fleet.control('POST', '/faults', { operation: GET, mode: 'status', httpStatus: 503, times: 500 })
  await driveSyncs(fleet, [worker], {
    companies: [company.id],
    until: async () => {
      await dueNow(fleet, company.id)
      return (await standingOf(worker, company)).missing === 3
    },
  })
  const { checkpoint, failures } = await syncOf(fleet, company)
  expect([checkpoint > before, failures]).toEqual([true, 0])
  fleet.simulator.control.calm()
  await driveSyncs(fleet, [worker], {
    companies: [company.id],
    until: async () => {
      await dueNow(fleet, company.id)
      return (await received(fleet, company.id)).length === 3
    },
  })
  expect(inOrder(await received(fleet, company.id))).toEqual(inOrder(issued))
})

test('an audit takes the place of no window, and one that KSeF has no room for waits alone', async () => {
  const company = await receiver(fleet, worker)
  await driveSyncs(fleet, [worker], { companies: [company.id] })
  const { checkpoint } = await syncOf(fleet, company)
  const storedFrom = new Date(checkpoint.getTime() + 1).toISOString()
  issueTo(fleet, company, { series: 'N/', count: 3, storedFrom })
  await fleet.control('POST', '/faults', {
    ...{
      operation: START,
      mode: 'status',
      httpStatus: 429,
      headers: { 'retry-after': '3600' },
      times: TIMES,
    },
  })
  const asked = new Date()
  await fleet.admin.query(
    `update ksef_sync_state set interval_seconds = null, completed_at = now() - interval '25 hours', pace = 0,
            next_audit_at = now() - interval '1 hour', next_sync_at = now()
      where company_id = $1 and held is null`,
    [company.id],
  )
  await driveSyncs(fleet, [worker], {
    companies: [company.id],
    until: async () => {
      const { nextAuditAt, nextSyncAt } = await syncOf(fleet, company)
      if (nextAuditAt !== null && nextAuditAt > asked && nextSyncAt !== null && nextSyncAt > new Date())
        return true
      return false
    },
  })
  expect((await received(fleet, company.id)).length).toBe(3)
  const { completedAt, failures, auditFailure } = await syncOf(fleet, company)
  expect([completedAt !== null && completedAt >= asked, failures, auditFailure]).toEqual([true, 0, null])
  expect((await exportsOf(fleet, company.id)).at(-1)).toMatchObject({
    ...{ purpose: 'audit', state: 'abandoned', code: 'KSEF_RATE_LIMITED' },
  })
})
