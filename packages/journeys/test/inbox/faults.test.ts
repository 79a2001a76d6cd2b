/** What KSeF, its packages and the line to it may do to a company that receives: nothing is half, lost, twice or believed. */
import type { Fault, Misbehaviour } from '@ksef-fleet/simulator'
import { afterAll, beforeAll, beforeEach, expect, test, vi } from 'vitest'
import { type DeliveryFleet, startDeliveryFleet } from '../delivery/delivery-fleet.ts'
import type { DeliveryWorker } from '../delivery/delivery-worker.ts'
import {
  grant,
  newClient,
  newNip,
  newProviderCredential,
  takeBack,
  verified,
} from '../tenancy/provider-side.ts'
import {
  driveSyncs,
  dueNow,
  eventsOf,
  exportsOf,
  inOrder,
  issueTo,
  received,
  receiver,
  standingOf,
  syncOf,
  turnSyncs,
} from './inbox-fleet.ts'

let fleet: DeliveryFleet
let worker: DeliveryWorker
/** Gives an export up soon. */
let impatient: DeliveryWorker

beforeAll(async () => {
  fleet = await startDeliveryFleet({ retrieval: { exportPartBytes: 3_000 } })
  worker = fleet.worker()
  impatient = fleet.worker({ inboxTiming: { exportGiveUpSeconds: 0.3 } })
})
afterAll(() => fleet.close())
beforeEach(() => fleet.simulator.control.calm())

const COUNT = 12
const STATUS = 'GET /invoices/exports/{referenceNumber}'
const PART = 'GET /storage/export'

/** What goes wrong once, and how the export is booked that it went wrong with. */
const ONCE: readonly [string, Misbehaviour, string | null][] = [
  ['has expired', { kind: 'export-expired' }, 'EXPORT_EXPIRED'],
  ['is truncated', { kind: 'export-truncated', invoices: 5 }, null],
  ['is stuck', { kind: 'export-status', code: 100 }, 'EXPORT_STUCK'],
  ['fails at KSeF', { kind: 'export-status', code: 500 }, 'EXPORT_FAILED'],
  ['is cancelled by KSeF', { kind: 'export-status', code: 550 }, 'EXPORT_FAILED'],
  ['could not use the key', { kind: 'export-status', code: 415 }, 'EXPORT_KEY_REFUSED'],
  ['says that nothing is new yet', { kind: 'export-status', code: 420 }, 'RANGE_BEYOND_HWM'],
  [
    'is encrypted with another key',
    { kind: 'export-package', fault: 'wrong-key' },
    'EXPORT_UNDECRYPTABLE|EXPORT_PART_CORRUPT',
  ],
  ['has a corrupt part', { kind: 'export-package', fault: 'corrupt-part' }, 'EXPORT_PART_DIFFERS'],
  ['has a name twice', { kind: 'export-package', fault: 'name-twice' }, 'ARCHIVE_NAME_TWICE'],
  ['has a name that leads out', { kind: 'export-package', fault: 'name-parent' }, 'ARCHIVE_NAME_UNSAFE'],
  ['has an absolute name', { kind: 'export-package', fault: 'name-absolute' }, 'ARCHIVE_NAME_UNSAFE'],
  ['holds a bomb of 1 GB', { kind: 'export-package', fault: 'bomb' }, 'ARCHIVE_FILE_TOO_LARGE'],
  ['has no metadata', { kind: 'export-package', fault: 'no-metadata' }, 'EXPORT_METADATA_MISSING'],
  ['lists fewer than it counts', { kind: 'export-package', fault: 'row-missing' }, 'EXPORT_COUNT_DIFFERS'],
  ['has null dates', { kind: 'export-package', fault: 'null-dates' }, null],
  ['lacks a document', { kind: 'export-package', fault: 'document-missing' }, null],
  ['holds another document', { kind: 'export-package', fault: 'document-differs' }, null],
]

test.each(ONCE)(
  'an export that %s leaves every invoice here once, as it was issued',
  async (_, misbehaviour, code) => {
    const company = await receiver(fleet, worker)
    const issued = issueTo(fleet, company, { series: `${company.nip}/`, count: COUNT })
    fleet.simulator.control.misbehaviours.add(misbehaviour)
    await driveSyncs(fleet, [code === 'EXPORT_STUCK' ? impatient : worker], {
      companies: [company.id],
      until: async () => {
        if (code === 'RANGE_BEYOND_HWM') await dueNow(fleet, company.id)
        return (await received(fleet, company.id)).length === COUNT
      },
    })
    await driveSyncs(fleet, [worker], { companies: [company.id] })
    expect(inOrder(await received(fleet, company.id))).toEqual(inOrder(issued))
    expect((await received(fleet, company.id)).every(({ flag }) => flag === null)).toBe(true)
    const events = await eventsOf(fleet, company.id, 'inbox.received')
    expect(events.map(({ ksefNumber }) => ksefNumber).sort()).toEqual(
      issued.map(({ ksefNumber }) => ksefNumber).sort(),
    )
    const refused = (await exportsOf(fleet, company.id)).filter(({ state }) => state === 'abandoned')
    if (code === null) expect(refused).toEqual([])
    else {
      expect(refused.length).toBe(1)
      expect(code.split('|')).toContain(refused[0]?.code)
    }
    expect((await standingOf(worker, company)).missing).toBe(0)
  },
  30_000,
)

test('what is no invoice, and an invoice of an unknown form, are kept as they are and flagged', async () => {
  const company = await receiver(fleet, worker)
  const nothing = issueTo(fleet, company, { series: 'N/', count: 1, document: 'to nie jest faktura' })
  const document = '<Faktura xmlns="http://crd.gov.pl/wzor/2031/01/01/99999/"><Naglowek/></Faktura>'
  const unknown = issueTo(fleet, company, { series: 'U/', count: 1, document })
  await driveSyncs(fleet, [worker], { companies: [company.id] })
  const all = await received(fleet, company.id)
  expect(inOrder(all)).toEqual(inOrder([...nothing, ...unknown]))
  const flagOf = (one: typeof nothing) =>
    all.find(({ ksefNumber }) => ksefNumber === one[0]?.ksefNumber)?.flag
  expect([flagOf(nothing), flagOf(unknown)]).toEqual(['unreadable', 'unknown-form'])
  const events = await eventsOf(fleet, company.id, 'inbox.received')
  expect(events.map(({ flag }) => flag).sort()).toEqual(['unknown-form', 'unreadable'])
})

test('a document that KSeF lists and gives in no way is told, and the rest is complete up to it', async () => {
  const company = await receiver(fleet, worker)
  const issued = issueTo(fleet, company, { series: 'L/', count: COUNT })
  fleet.simulator.control.misbehaviours.add({ kind: 'export-package', fault: 'document-missing' })
  const GET = 'GET /invoices/ksef/{ksefNumber}'
  await fleet.control('POST', '/faults', { operation: GET, mode: 'refusal', code: 21164, times: 100 })
  await driveSyncs(fleet, [worker], { companies: [company.id] })
  expect((await received(fleet, company.id)).length).toBe(COUNT - 1)
  const standing = await standingOf(worker, company)
  expect(standing.missing).toBe(1)
  expect(standing.completeUpTo.getTime()).toBeLessThan(standing.state.checkpoint.getTime() - 60_000)
  const [first] = issued
  expect(await eventsOf(fleet, company.id, 'sync.failed')).toEqual([
    { role: 'Subject2', code: 'DOCUMENT_MISSING', ksefNumber: first?.ksefNumber },
  ])
  fleet.simulator.control.calm()
  await fleet.admin.query('update ksef_missing_documents set next_try_at = now() where company_id = $1', [
    company.id,
  ])
  await dueNow(fleet, company.id)
  await driveSyncs(fleet, [worker], {
    companies: [company.id],
    until: async () => (await received(fleet, company.id)).length === COUNT,
  })
  await driveSyncs(fleet, [worker], { companies: [company.id] })
  const mended = await standingOf(worker, company)
  expect(mended).toMatchObject({ missing: 0, completeUpTo: mended.state.checkpoint })
})

test('a sync that fails again and again is told once and waits longer, and coming through ends it', async () => {
  const company = await receiver(fleet, worker)
  issueTo(fleet, company, { series: 'K/', count: COUNT })
  fleet.simulator.control.misbehaviours.add({ kind: 'export-status', code: 500, times: 4 })
  await driveSyncs(fleet, [worker], {
    companies: [company.id],
    until: async () => (await syncOf(fleet, company)).failures === 4,
  })
  expect((await syncOf(fleet, company)).failure).toMatchObject({ code: 'EXPORT_FAILED' })
  expect((await fleet.db.asSystem('measure', (tx) => tx.measure())).inbox.failing).toBeGreaterThanOrEqual(1)
  await driveSyncs(fleet, [worker], { companies: [company.id] })
  expect(await eventsOf(fleet, company.id, 'sync.failed')).toEqual([
    expect.objectContaining({ code: 'EXPORT_FAILED', failures: 3 }),
  ])
  expect(await syncOf(fleet, company)).toMatchObject({ failures: 0, failure: null, failingSince: null })
})

test('answers that never come, cut bodies and dropped calls lose nothing', async () => {
  const company = await receiver(fleet, worker)
  const issued = issueTo(fleet, company, { series: 'D/', count: COUNT })
  const START = 'POST /invoices/exports'
  await fleet.control('POST', '/faults', { operation: START, mode: 'drop-answer-after-effect' })
  await fleet.control('POST', '/faults', { operation: STATUS, mode: 'cut-body-after-effect' })
  await fleet.control('POST', '/faults', { operation: STATUS, mode: 'status', httpStatus: 503 })
  await driveSyncs(fleet, [worker], { companies: [company.id] })
  expect(inOrder(await received(fleet, company.id))).toEqual(inOrder(issued))
  expect((await eventsOf(fleet, company.id, 'inbox.received')).length).toBe(COUNT)
})

test.each<[string, Fault, string]>([
  ['is gone', { operation: STATUS, mode: 'status', httpStatus: 410 }, 'EXPORT_EXPIRED'],
  ['is one that KSeF does not know', { operation: STATUS, mode: 'refusal', code: 21175 }, 'EXPORT_EXPIRED'],
  [
    'has parts that are refused each time',
    { operation: PART, mode: 'status', httpStatus: 403, times: 3 },
    'KSEF_FORBIDDEN',
  ],
])('an export that %s is given up, and its window is asked for again', async (_, fault, code) => {
  const company = await receiver(fleet, worker)
  const issued = issueTo(fleet, company, { series: `${company.nip}/`, count: COUNT })
  fleet.simulator.control.faults.add(fault)
  await driveSyncs(fleet, [worker], { companies: [company.id] })
  expect(fleet.simulator.control.faults.list()).toEqual([])
  expect(inOrder(await received(fleet, company.id))).toEqual(inOrder(issued))
  const purpose = 'sync'
  expect(await exportsOf(fleet, company.id)).toEqual([
    { purpose, state: 'abandoned', code },
    { purpose, state: 'done', code: null },
  ])
  expect((await syncOf(fleet, company)).held).toBeNull()
})

test('a part that is refused once is fetched by a new link, and the export goes on', async () => {
  const company = await receiver(fleet, worker)
  const issued = issueTo(fleet, company, { series: `${company.nip}/`, count: COUNT })
  fleet.simulator.control.faults.add({ operation: PART, mode: 'status', httpStatus: 403 })
  await driveSyncs(fleet, [worker], { companies: [company.id] })
  expect(fleet.simulator.control.faults.list()).toEqual([])
  expect(inOrder(await received(fleet, company.id))).toEqual(inOrder(issued))
  expect(await exportsOf(fleet, company.id)).toMatchObject([{ state: 'done' }])
})

test('two workers that are rung for one sync at once take each step once', async () => {
  const company = await receiver(fleet, worker)
  const issued = issueTo(fleet, company, { series: 'T/', count: COUNT })
  const other = fleet.worker()
  const before = fleet.simulator.ledger.snapshot().operations['POST /invoices/exports'] ?? 0
  await driveSyncs(fleet, [worker, other], { companies: [company.id] })
  expect(inOrder(await received(fleet, company.id))).toEqual(inOrder(issued))
  expect((await eventsOf(fleet, company.id, 'inbox.received')).length).toBe(COUNT)
  expect(fleet.simulator.ledger.snapshot().operations['POST /invoices/exports']).toBe(before + 1)
})

test('a permission taken back holds the sync by name, and given back lets it go on', async () => {
  const provider = newNip()
  await newProviderCredential(worker, provider)
  const client = await newClient(worker, { scopes: ['InvoiceRead'] })
  const permissions = ['InvoiceRead']
  const description = client.integration.grantCode
  await grant(fleet, { nip: client.nip, to: provider, permissions, description })
  expect((await verified(worker, client)).state).toBe('active')
  const company = { ...client, roles: ['Subject2'] as const }
  await fleet.admin.query(
    `update ksef_sync_state set start_at = now() - interval '2 hours', checkpoint = now() - interval '2 hours', next_sync_at = now()
      where company_id = $1`,
    [client.id],
  )
  const issued = issueTo(fleet, client, { series: 'P/', count: COUNT })
  await takeBack(fleet, { nip: client.nip, from: provider })
  const body = { title: 'Forbidden', status: 403, reasonCode: 'missing-permissions' }
  const operation = 'POST /invoices/exports'
  await fleet.control('POST', '/faults', { operation, mode: 'status', httpStatus: 403, body, times: 8 })
  await driveSyncs(fleet, [worker], {
    companies: [client.id],
    until: async () => (await syncOf(fleet, company)).held !== null,
  })
  expect(await syncOf(fleet, company)).toMatchObject({
    held: { code: 'KSEF_PERMISSION_MISSING' },
    nextSyncAt: null,
  })
  expect((await verified(worker, client)).state).toBe('failed')
  expect(await turnSyncs(fleet, [worker], [client.id])).toBe(0)
  fleet.simulator.control.calm()
  await grant(fleet, { nip: client.nip, to: provider, permissions, description })
  expect((await verified(worker, client)).state).toBe('active')
  expect((await syncOf(fleet, company)).held).toBeNull()
  await dueNow(fleet, client.id)
  await driveSyncs(fleet, [worker], { companies: [client.id] })
  expect(inOrder(await received(fleet, client.id))).toEqual(inOrder(issued))
})

test('roles that KSeF refuses in the same second do not wait for each other in a circle', async () => {
  const company = await receiver(fleet, worker, { roles: ['Subject1', 'Subject2'] })
  const body = { title: 'Forbidden', status: 403, reasonCode: 'missing-permissions' }
  const operation = 'POST /invoices/exports'
  await fleet.control('POST', '/faults', { operation, mode: 'status', httpStatus: 403, body, times: 8 })
  const other = await fleet.admin.connect()
  try {
    await other.query('begin')
    await other.query('select 1 from ksef_integrations where id = $1 for update', [company.integration.id])
    const turn = turnSyncs(fleet, [worker], [company.id])
    await vi.waitFor(async () => {
      const waiting = await fleet.admin.query(
        `select 1 from pg_stat_activity where datname = current_database() and wait_event_type = 'Lock'`,
      )
      expect(waiting.rowCount).toBe(2)
    }, 20_000)
    const free = await other.query(
      'select 1 from ksef_sync_state where company_id = $1 for update skip locked',
      [company.id],
    )
    expect(free.rowCount, 'no role keeps its own from the others while it waits').toBe(4)
    await other.query('commit')
    await turn
  } finally {
    other.release()
  }
  for (const role of company.roles)
    expect((await syncOf(fleet, company, role)).held).toMatchObject({ code: 'KSEF_PERMISSION_MISSING' })
})
