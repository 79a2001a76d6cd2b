/** What others issued arrives once, whole and in order, whichever way and role it comes. */

import { configureSync, requestSync, revokeIntegration, SUBJECT_TYPES } from '@ksef-fleet/core'
import { afterAll, beforeAll, expect, test } from 'vitest'
import { type DeliveryFleet, startDeliveryFleet } from '../delivery/delivery-fleet.ts'
import type { DeliveryWorker } from '../delivery/delivery-worker.ts'
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

beforeAll(async () => {
  fleet = await startDeliveryFleet({ retrieval: { exportInvoices: 40 } })
  worker = fleet.worker()
})
afterAll(() => fleet.close())

test('what was issued over several truncated windows is here once, byte for byte, with one event each in order', async () => {
  const company = await receiver(fleet, worker)
  const issued = issueTo(fleet, company, { series: 'R/', count: 150 })
  await driveSyncs(fleet, [worker], { companies: [company.id] })
  expect(inOrder(await received(fleet, company.id))).toEqual(inOrder(issued))
  const events = await eventsOf(fleet, company.id, 'inbox.received')
  expect(events.map(({ ksefNumber }) => ksefNumber)).toEqual(issued.map(({ ksefNumber }) => ksefNumber))
  expect(events[0]).toMatchObject({ role: 'Subject2', number: 'R/1', sellerNip: '1111111111', flag: null })
  const exports = await exportsOf(fleet, company.id)
  expect(exports.length).toBeGreaterThan(3)
  expect(exports.every(({ state }) => state === 'done')).toBe(true)
  const standing = await standingOf(worker, company)
  expect(standing.completeUpTo).toEqual(standing.state.checkpoint)
  expect(standing).toMatchObject({ missing: 0, isLate: false })
  expect(standing.windows.added).toBe(150)
  expect(await eventsOf(fleet, company.id, 'sync.completed')).toEqual([
    { role: 'Subject2', upTo: standing.state.checkpoint.toISOString(), received: 150 },
  ])
})

test('a few that come later are fetched one by one, without an export, and re-running finds nothing new', async () => {
  const company = await receiver(fleet, worker)
  issueTo(fleet, company, { series: 'F/', count: 3 })
  await driveSyncs(fleet, [worker], { companies: [company.id] })
  const before = await exportsOf(fleet, company.id)
  const { checkpoint } = await syncOf(fleet, company)
  const storedFrom = new Date(checkpoint.getTime() + 1).toISOString()
  const later = issueTo(fleet, company, { series: 'G/', count: 4, storedFrom })
  await dueNow(fleet, company.id)
  await driveSyncs(fleet, [worker], {
    companies: [company.id],
    until: async () => (await received(fleet, company.id)).length === 7,
  })
  expect(await exportsOf(fleet, company.id)).toEqual(before)
  const numbers = (await eventsOf(fleet, company.id, 'inbox.received'))
    .slice(-4)
    .map(({ ksefNumber }) => ksefNumber)
  expect(numbers).toEqual(later.map(({ ksefNumber }) => ksefNumber))
  // The whole import once more.
  await fleet.admin.query(
    'update ksef_sync_state set checkpoint = start_at, pace = null, completed_at = null, next_sync_at = now() where company_id = $1 and held is null',
    [company.id],
  )
  await driveSyncs(fleet, [worker], { companies: [company.id] })
  expect((await received(fleet, company.id)).length).toBe(7)
  expect((await eventsOf(fleet, company.id, 'inbox.received')).length).toBe(7)
})

test('an import of many months goes through windows of a hundred days and tells how far it is', async () => {
  const DAY_HOURS = 24
  const company = await receiver(fleet, worker, { startHoursAgo: 320 * DAY_HOURS })
  const storedFrom = new Date(Date.now() - 300 * DAY_HOURS * 3_600_000).toISOString()
  const issued = issueTo(fleet, company, {
    series: 'M/',
    count: 25,
    storedFrom,
    spacingMs: 11 * DAY_HOURS * 3_600_000,
  })
  let farthest = new Date(0)
  await driveSyncs(fleet, [worker], {
    companies: [company.id],
    until: async () => {
      const { progress, completeUpTo, state } = await standingOf(worker, company)
      expect(completeUpTo.getTime()).toBeGreaterThanOrEqual(farthest.getTime())
      farthest = completeUpTo
      expect(progress).toBeGreaterThanOrEqual(0)
      return state.completedAt !== null
    },
  })
  expect(inOrder(await received(fleet, company.id))).toEqual(inOrder(issued))
  const standing = await standingOf(worker, company)
  expect(standing.windows.count).toBe(4)
  expect(standing.completeUpTo).toEqual(standing.state.checkpoint)
  expect(Math.round(standing.progress * 1000)).toBe(1000)
})

test('what a company is in several roles is one document with one event, and its own invoices are outgoing', async () => {
  const company = await receiver(fleet, worker, { roles: SUBJECT_TYPES })
  const { nip } = company
  const both = issueTo(fleet, company, { series: 'X/', count: 5, buyer: nip, third: nip })
  const own = issueTo(fleet, company, { series: 'Y/', count: 5, seller: nip, buyer: '5252248481' })
  const authorized = issueTo(fleet, company, { series: 'Z/', count: 5, authorized: nip, buyer: '5252248481' })
  await driveSyncs(fleet, [worker], { companies: [company.id] })
  const all = await received(fleet, company.id)
  expect(inOrder(all)).toEqual(inOrder([...both, ...own, ...authorized]))
  const rolesOf = (numbers: typeof both) =>
    all
      .filter(({ ksefNumber }) => numbers.some((one) => one.ksefNumber === ksefNumber))
      .map(({ roles }) => roles)
  expect(new Set(rolesOf(both).map(String))).toEqual(new Set(['Subject2,Subject3']))
  expect(new Set(rolesOf(own).map(String))).toEqual(new Set(['Subject1']))
  expect(new Set(rolesOf(authorized).map(String))).toEqual(new Set(['SubjectAuthorized']))
  expect((await eventsOf(fleet, company.id, 'inbox.received')).length).toBe(15)
})

test('a document that came one by one in one role gains the next one as well', async () => {
  const company = await receiver(fleet, worker, { roles: ['Subject2', 'Subject3'] })
  await driveSyncs(fleet, [worker], { companies: [company.id] })
  const both = [await syncOf(fleet, company, 'Subject2'), await syncOf(fleet, company, 'Subject3')]
  // Later than what either role has proved complete: which of them was last, the machine's load decides.
  const proved = Math.max(...both.map(({ checkpoint }) => checkpoint.getTime()))
  const storedFrom = new Date(proved + 1).toISOString()
  const { nip } = company
  const issued = issueTo(fleet, company, { series: 'V/', count: 2, buyer: nip, third: nip, storedFrom })
  for (const role of ['Subject2', 'Subject3'])
    await driveSyncs(fleet, [worker], {
      companies: [company.id],
      until: async () => {
        await fleet.admin.query(
          'update ksef_sync_state set next_sync_at = now() where company_id = $1 and subject_type = $2',
          [company.id, role],
        )
        const all = await received(fleet, company.id)
        return all.length === 2 && all.every(({ roles }) => roles.includes(role))
      },
    })
  expect(inOrder(await received(fleet, company.id))).toEqual(inOrder(issued))
  expect((await eventsOf(fleet, company.id, 'inbox.received')).length).toBe(2)
})

test('an audit finds what KSeF listed too late for a sync, tells it, and fetches it', async () => {
  const company = await receiver(fleet, worker)
  issueTo(fleet, company, { series: 'A/', count: 5 })
  await driveSyncs(fleet, [worker], { companies: [company.id] })
  expect((await syncOf(fleet, company)).nextAuditAt).not.toBeNull()
  // Below the mark that KSeF called final.
  issueTo(fleet, company, {
    series: 'B/',
    count: 2,
    storedFrom: new Date(Date.now() - 1_800_000).toISOString(),
  })
  await fleet.admin.query('update ksef_sync_state set next_audit_at = now() where company_id = $1', [
    company.id,
  ])
  await dueNow(fleet, company.id)
  await driveSyncs(fleet, [worker], {
    companies: [company.id],
    until: async () => (await received(fleet, company.id)).length === 7,
  })
  expect((await eventsOf(fleet, company.id, 'inbox.received')).length).toBe(7)
  const [told] = await eventsOf(fleet, company.id, 'sync.failed')
  expect(told).toMatchObject({ code: 'SYNC_AUDIT_DIFFERS', missing: 2, listed: 7 })
  expect((await standingOf(worker, company)).audit).toMatchObject({ listed: 7, missing: 2 })
  expect((await standingOf(worker, company)).missing).toBe(0)
})

test('a sync that is late is told once, and that it came through again', async () => {
  const company = await receiver(fleet, worker)
  await fleet.admin.query(
    `update ksef_sync_state set late_at = now() - interval '1 second', next_sync_at = now() + interval '1 hour'
      where company_id = $1 and held is null`,
    [company.id],
  )
  expect((await standingOf(worker, company)).isLate).toBe(true)
  for (let turns = 0; turns < 3; turns++) await turnSyncs(fleet, [worker], [company.id])
  const late = await eventsOf(fleet, company.id, 'sync.late')
  expect(late).toEqual([expect.objectContaining({ role: 'Subject2' })])
  const { inbox } = await fleet.db.asSystem('measure', (tx) => tx.measure())
  expect(inbox.late).toBeGreaterThanOrEqual(1)
  expect(await requestSync(worker.context, { companyId: company.id })).toEqual(['Subject2'])
  await driveSyncs(fleet, [worker], { companies: [company.id] })
  expect((await standingOf(worker, company)).isLate).toBe(false)
  expect((await eventsOf(fleet, company.id, 'sync.completed')).length).toBe(1)
})

test('a role is switched on, and an earlier start brings what was before it', async () => {
  const company = await receiver(fleet, worker, { startHoursAgo: 0.5 })
  const issued = issueTo(fleet, company, { series: 'S/', count: 4, spacingMs: 900_000 })
  await driveSyncs(fleet, [worker], { companies: [company.id] })
  expect((await received(fleet, company.id)).length).toBe(2)
  const of = { companyId: company.id, actor: 'story' }
  const startAt = new Date(Date.now() - 2 * 3_600_000)
  await configureSync(worker.context, {
    ...of,
    subjectType: 'Subject2',
    settings: { startAt, intervalSeconds: 3_600 },
  })
  await fleet.admin.query('update ksef_sync_state set completed_at = null where company_id = $1', [
    company.id,
  ])
  await dueNow(fleet, company.id)
  await driveSyncs(fleet, [worker], { companies: [company.id] })
  expect(inOrder(await received(fleet, company.id))).toEqual(inOrder(issued))
  const standing = await standingOf(worker, company)
  expect(standing.completeUpTo).toEqual(standing.state.checkpoint)
  const off = await configureSync(worker.context, {
    ...of,
    subjectType: 'Subject2',
    settings: { isEnabled: false },
  })
  expect(off).toMatchObject({ held: { code: 'SYNC_DISABLED' }, nextSyncAt: null })
  expect(await requestSync(worker.context, { companyId: company.id })).toEqual([])
})

test('an earlier start that is set while a package is made leaves nothing out', async () => {
  const company = await receiver(fleet, worker, { startHoursAgo: 0.5 })
  const issued = issueTo(fleet, company, { series: 'E/', count: 4, spacingMs: 900_000 })
  await driveSyncs(fleet, [worker], {
    companies: [company.id],
    until: async () => (await exportsOf(fleet, company.id)).length > 0,
  })
  expect(await exportsOf(fleet, company.id)).toMatchObject([{ state: 'waiting' }])
  await configureSync(worker.context, {
    companyId: company.id,
    actor: 'story',
    subjectType: 'Subject2',
    settings: { startAt: new Date(Date.now() - 2 * 3_600_000) },
  })
  await dueNow(fleet, company.id)
  await driveSyncs(fleet, [worker], { companies: [company.id] })
  expect(inOrder(await received(fleet, company.id))).toEqual(inOrder(issued))
  expect((await exportsOf(fleet, company.id))[0]).toMatchObject({
    state: 'abandoned',
    code: 'EXPORT_OUTDATED',
  })
})

test('a revoked integration receives nothing more', async () => {
  const company = await receiver(fleet, worker)
  await driveSyncs(fleet, [worker], { companies: [company.id] })
  await revokeIntegration(worker.context, {
    companyId: company.id,
    integrationId: company.integration.id,
    actor: 'story',
  })
  expect(await syncOf(fleet, company)).toMatchObject({
    held: { code: 'INTEGRATION_REVOKED' },
    nextSyncAt: null,
  })
  expect(await turnSyncs(fleet, [worker], [company.id])).toBe(0)
})

test('a sync that is asked for while one of its steps runs goes on at once', async () => {
  const company = await receiver(fleet, worker)
  await driveSyncs(fleet, [worker], { companies: [company.id] })
  const key = { integrationId: company.integration.id, subjectType: 'Subject2' } as const
  const later = new Date(Date.now() + 3_600_000)
  const aStep = async (meanwhile: () => Promise<unknown>) => {
    await dueNow(fleet, company.id)
    const state = await fleet.db.withCompany(company.id, (tx) => tx.inbox.lease(key, 60))
    if (state === null) throw new Error('the sync is not due')
    await meanwhile()
    const rest = { nextSyncAt: later, wasDueAt: state.nextSyncAt }
    await fleet.db.withCompany(company.id, (tx) => tx.inbox.rest({ ...key, fence: state.fence }, rest))
    return (await syncOf(fleet, company)).nextSyncAt
  }
  expect(await aStep(async () => {})).toEqual(later)
  const asked = await aStep(() => requestSync(worker.context, { companyId: company.id }))
  expect(asked?.getTime()).toBeLessThanOrEqual(Date.now())
})

test('a missing document without a date leaves nothing proved, and one that came in another role is missing no more', async () => {
  const company = await receiver(fleet, worker)
  const [issued] = issueTo(fleet, company, { series: 'A/', count: 1 })
  await driveSyncs(fleet, [worker], { companies: [company.id] })
  if (issued === undefined) throw new Error('nothing was issued')
  const { ksefNumber } = issued
  const absent = { ksefNumber: `${ksefNumber.slice(0, -2)}00`, invoiceHash: 'x', permanentStorageDate: null }
  const { fence } = await syncOf(fleet, company)
  const lease = { integrationId: company.integration.id, subjectType: 'Subject2', fence } as const
  const found = { code: 'DOCUMENT_MISSING', foundAt: new Date() }
  const before = await standingOf(worker, company)
  await fleet.db.withCompany(company.id, (tx) => tx.inbox.addMissing(lease, [{ ...absent, ...found }]))
  const standing = await standingOf(worker, company)
  expect([standing.missing, standing.completeUpTo]).toEqual([1, standing.state.startAt])
  await fleet.db.withCompany(company.id, (tx) => tx.inbox.found(lease, absent.ksefNumber))
  const here = { ...absent, ksefNumber, ...found }
  await fleet.db.withCompany(company.id, (tx) => tx.inbox.addMissing(lease, [here]))
  const downloads = () =>
    fleet.simulator.ledger.calls().filter(({ path }) => path.endsWith(`/invoices/ksef/${ksefNumber}`)).length
  const asked = downloads()
  await dueNow(fleet, company.id)
  await driveSyncs(fleet, [worker], {
    companies: [company.id],
    until: async () => (await standingOf(worker, company)).missing === 0,
  })
  expect(downloads()).toBe(asked)
  expect((await standingOf(worker, company)).completeUpTo >= before.completeUpTo).toBe(true)
})
