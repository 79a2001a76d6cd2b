/** Companies that receive, and the wheel of their syncs turned by hand. */
import { setTimeout as sleep } from 'node:timers/promises'
import {
  type CompanyId,
  changeScopes,
  type FleetEvent,
  placeEvents,
  type Ring,
  readSyncs,
  SUBJECT_TYPES,
  type SubjectType,
  type SyncState,
  sweepSyncs,
} from '@ksef-fleet/core'
import { sha256Base64 } from '@ksef-fleet/ksef'
import { sampleInvoice } from '@ksef-fleet/ksef/sample-invoice'
import type { Issue, Issued } from '@ksef-fleet/simulator'
import { expect } from 'vitest'
import type { Connected, DeliveryFleet } from '../delivery/delivery-fleet.ts'
import type { DeliveryWorker } from '../delivery/delivery-worker.ts'

const SELLER = '1111111111'
const WITHIN_MS = 60_000
const HOUR_MS = 3_600_000

export type Receiver = Connected & { roles: readonly SubjectType[] }

/** A company whose integration may read, with the start of its import so long ago; the roles not named are switched off. */
export async function receiver(
  fleet: DeliveryFleet,
  worker: DeliveryWorker,
  wanted: { roles?: readonly SubjectType[]; startHoursAgo?: number } = {},
): Promise<Receiver> {
  const { roles = ['Subject2'], startHoursAgo = 2 } = wanted
  const connected = await fleet.company()
  const { id: companyId, integration } = connected
  const scopes = ['InvoiceWrite', 'InvoiceRead'] as const
  await changeScopes(worker.context, { companyId, integrationId: integration.id, scopes, actor: 'story' })
  await worker.run('verify-integration', { companyId, integrationId: integration.id })
  const startAt = new Date(Date.now() - startHoursAgo * HOUR_MS)
  await fleet.admin.query(
    `update ksef_sync_state set start_at = $2, checkpoint = $2, next_sync_at = now() where company_id = $1 and subject_type = any($3)`,
    [companyId, startAt, roles],
  )
  await fleet.admin.query(
    `update ksef_sync_state set held = '{"code":"SYNC_DISABLED"}', is_enabled = false, next_sync_at = null, late_at = null
      where company_id = $1 and not subject_type = any($2)`,
    [companyId, roles],
  )
  return { ...connected, roles }
}

/** Invoices that others issued to or with the company, stored by KSeF within the last hour but for its last minute. */
export function issueTo(
  fleet: DeliveryFleet,
  { nip }: { nip: string },
  issue: Partial<Issue> & { count: number; series: string },
): Issued[] {
  const seller = issue.seller ?? SELLER
  const document = Buffer.from(
    sampleInvoice({
      form: 'FA (3)',
      sellerNip: seller,
      buyerNip: issue.buyer ?? nip,
      number: '#number#',
      issueDate: '2026-11-20',
    }),
  ).toString('utf8')
  const parties = [issue.seller, issue.buyer, issue.third, issue.authorized].includes(nip)
    ? {}
    : { buyer: nip }
  const storedFrom = new Date(Date.now() - HOUR_MS).toISOString()
  return fleet.simulator.control.issue({ document, seller, storedFrom, spacingMs: 10, ...parties, ...issue })
}

/** One sweep of the syncs, and the rings of these companies answered by every worker at once. */
export async function turnSyncs(
  fleet: DeliveryFleet,
  workers: readonly DeliveryWorker[],
  companies: readonly CompanyId[],
): Promise<number> {
  await fleet.admin.query(
    'update ksef_sync_state set sync_rung_at = null, late_rung_at = null where company_id = any($1)',
    [companies],
  )
  const { rings } = await sweepSyncs(fleet.db)
  const mine = rings.filter((ring: Ring) => companies.includes(ring.payload.companyId as CompanyId))
  await Promise.all(mine.flatMap((ring) => workers.map((worker) => worker.run(ring.job, ring.payload))))
  return mine.length
}

/** Until `done`, or until every sync of the companies is whole. */
export async function driveSyncs(
  fleet: DeliveryFleet,
  workers: readonly DeliveryWorker[],
  story: { companies: readonly CompanyId[]; until?: () => Promise<boolean>; withinMs?: number },
): Promise<void> {
  const { companies } = story
  const done = story.until ?? (() => areWhole(fleet, companies))
  const deadline = Date.now() + (story.withinMs ?? WITHIN_MS)
  while (!(await done())) {
    if (Date.now() > deadline) throw new Error(`not received in time: ${await standings(fleet, companies)}`)
    if ((await turnSyncs(fleet, workers, companies)) === 0) await sleep(10)
  }
}

/** Whether every sync of the companies that is not held is complete, with nothing due soon. */
export async function areWhole({ admin }: DeliveryFleet, companies: readonly CompanyId[]): Promise<boolean> {
  const { rows } = await admin.query<{ open: number }>(
    `select count(*)::int as open from ksef_sync_state
      where company_id = any($1) and held is null
        and (completed_at is null or next_sync_at < now() + interval '5 seconds' or failures > 0)`,
    [companies],
  )
  return rows[0]?.open === 0
}

async function standings({ admin }: DeliveryFleet, companies: readonly CompanyId[]): Promise<string> {
  const states = await admin.query(
    `select subject_type, checkpoint, next_sync_at, lease_until, failures, failure, held, completed_at
       from ksef_sync_state where company_id = any($1) and is_enabled`,
    [companies],
  )
  const exports = await admin.query(
    'select state, code, polls, fetches, reference_number from ksef_exports where company_id = any($1) order by created_at desc limit 5',
    [companies],
  )
  return JSON.stringify({ states: states.rows, exports: exports.rows })
}

/** The sync's timer is set to now, as somebody asking for it would. */
export const dueNow = async ({ admin }: DeliveryFleet, companyId: CompanyId): Promise<void> => {
  await admin.query(
    'update ksef_sync_state set next_sync_at = now() where company_id = $1 and held is null',
    [companyId],
  )
}

export const syncOf = async (
  { db }: DeliveryFleet,
  { id, integration }: Connected,
  subjectType: SubjectType = 'Subject2',
): Promise<SyncState> => {
  const state = await db.withCompany(id, (tx) => tx.inbox.get({ integrationId: integration.id, subjectType }))
  if (state === null) throw new Error('the sync is gone')
  return state
}

export const standingOf = async (
  worker: DeliveryWorker,
  { id }: Connected,
  role: SubjectType = 'Subject2',
) => {
  const standing = (await readSyncs(worker.context, id)).find(({ state }) => state.subjectType === role)
  if (standing === undefined) throw new Error('nothing is received in that role')
  return standing
}

export type Received = { ksefNumber: string; hash: string; flag: string | null; roles: string[] }

/** What the company has, each document hashed from the bytes that are stored. */
export async function received({ admin }: DeliveryFleet, companyId: CompanyId): Promise<Received[]> {
  const { rows } = await admin.query<Omit<Received, 'hash'> & { content: Buffer }>(
    `select r.ksef_number as "ksefNumber", r.content, d.flag, d.roles
       from ksef_documents_raw r join ksef_documents d on d.company_id = r.company_id and d.document_id = r.id
      where r.company_id = $1 and r.kind = 'invoice' and r.ksef_number is not null`,
    [companyId],
  )
  return rows.map(({ content, ...one }) => ({ ...one, hash: sha256Base64(content) }))
}

/** Numbers and hashes, in one order: to compare what was issued with what is stored. */
export const inOrder = (
  invoices: readonly { ksefNumber: string; hash?: string; invoiceHash?: string }[],
): string[] =>
  invoices.map(({ ksefNumber, hash, invoiceHash }) => `${ksefNumber} ${hash ?? invoiceHash}`).sort()

type DataOf<Type extends FleetEvent['type']> = Extract<FleetEvent, { type: Type }>['data']

/** What the company's readers are given: its log once every event has its place, from the first on and without a gap. */
export async function logOf(fleet: DeliveryFleet, companyId: CompanyId): Promise<FleetEvent[]> {
  const deadline = Date.now() + WITHIN_MS
  for (;;) {
    const { rows } = await fleet.admin.query<FleetEvent & { sequence: number | null }>(
      'select type, data, sequence::int as sequence from events where company_id = $1 order by sequence',
      [companyId],
    )
    if (rows.every(({ sequence }) => sequence !== null)) {
      expect(rows.map(({ sequence }) => sequence)).toEqual(rows.map((_, index) => index + 1))
      return rows
    }
    if (Date.now() > deadline) throw new Error('events are left without a place in the log')
    // A worker that lives may be at it.
    if ((await placeEvents(fleet.db)) === null) await sleep(10)
  }
}

export async function eventsOf<Type extends FleetEvent['type']>(
  fleet: DeliveryFleet,
  companyId: CompanyId,
  type: Type,
): Promise<DataOf<Type>[]> {
  const log = await logOf(fleet, companyId)
  return log.flatMap((event) => (event.type === type ? [event.data as DataOf<Type>] : []))
}

export async function exportsOf({ admin }: DeliveryFleet, companyId: CompanyId) {
  const { rows } = await admin.query<{ state: string; code: string | null; purpose: string }>(
    'select state, code, purpose from ksef_exports where company_id = $1 order by created_at',
    [companyId],
  )
  return rows
}

export { SUBJECT_TYPES }
