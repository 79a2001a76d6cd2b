/**
 * Deadlines of a company's invoices that were issued offline: worked out anew when outages change, and told in stages before
 * they pass. What is due stands in columns; each stage is told once, under the key of its event.
 */
import { alarmStateAt } from '@ksef-fleet/ksef'
import type { DeliveryContext } from '../delivery/delivery-context.ts'
import type { FleetEvent } from '../events/fleet-event.ts'
import type { CompanyId } from '../identifiers.ts'
import { deadlineFor, reckon } from './issue-offline.ts'
import type { KnownOutages, OfflineSubmission } from './offline-store.ts'

/** Of one transaction. */
const ROWS_MAX = 500

export async function watchDeadlines(context: DeliveryContext, companyId: CompanyId): Promise<void> {
  while (!context.signal.aborted && (await reckonSome(context, companyId)) === ROWS_MAX);
  while (!context.signal.aborted && (await tellSome(context, companyId)) === ROWS_MAX);
}

const reckonSome = ({ db, environment, now }: DeliveryContext, companyId: CompanyId): Promise<number> =>
  db.withCompany(companyId, async (tx) => {
    const rows = await tx.offline.toReckon(environment, ROWS_MAX)
    if (rows.length === 0) return 0
    const known = await tx.offline.outages(environment)
    await tx.offline.reckoned(rows.map((row) => reckonAnew(row, known, now())))
    return rows.length
  })

async function tellSome(context: DeliveryContext, companyId: CompanyId): Promise<number> {
  const { db, environment } = context
  const now = context.now()
  const { found, alarms } = await db.withCompany(companyId, async (tx) => {
    const rows = await tx.offline.toAlarm(environment, now, ROWS_MAX)
    if (rows.length === 0) return { found: 0, alarms: [] }
    const known = await tx.offline.outages(environment)
    const alarms = rows.flatMap((row) => alarmOf(row, known, now) ?? [])
    const told = new Set(alarms.map(({ id }) => id))
    const moved = rows.filter(({ id }) => !told.has(id))
    await tx.events.addAll(alarms.flatMap(({ event }) => (event === null ? [] : [event])))
    await tx.offline.alarmed(alarms)
    await tx.offline.reckoned(moved.map((row) => reckonAnew(row, known, now)))
    return { found: rows.length, alarms }
  })
  const near = alarms.filter(({ event }) => event?.type === 'invoice.deadline').length
  const late = alarms.filter(({ event }) => event?.type === 'invoice.late').length
  if (near > 0) context.log.warn({ companyId, count: near }, 'offline.deadline-near')
  if (late > 0) context.log.error({ companyId, count: late }, 'offline.late')
  return found
}

function invoiceOf({ offlineMode, issueDate, issuedAt }: OfflineSubmission) {
  if (offlineMode === null) throw new Error('an invoice issued online has no deadline')
  return { mode: offlineMode, issueDate, issuedAt }
}

const reckonAnew = (row: OfflineSubmission, known: KnownOutages, now: Date) => {
  const { id, alarmStage: told, deadline: before } = row
  return { id, ...reckon({ ...invoiceOf(row), told, before }, known, now) }
}

type Alarm = Pick<OfflineSubmission, 'id' | 'alarmStage'> & { alarmAt: Date | null; event: FleetEvent | null }

/** null: the deadline is another by now, and is worked out anew. */
function alarmOf(row: OfflineSubmission, { outages }: KnownOutages, now: Date): Alarm | null {
  const invoice = invoiceOf(row)
  const deadline = deadlineFor(invoice, outages)
  if (deadline.kind !== 'by' || deadline.day !== row.deadline) return null
  const { stage, next } = alarmStateAt(deadline, now)
  const event = stage === null || stage === row.alarmStage ? null : eventOf(row, stage, deadline)
  return { id: row.id, alarmStage: stage, alarmAt: next?.at ?? null, event }
}

function eventOf(
  row: OfflineSubmission,
  stage: NonNullable<OfflineSubmission['alarmStage']>,
  { day, at }: { day: string; at: Date },
): FleetEvent {
  const { id, batchId, environment, kind, number, issueDate, sellerNip, offlineMode, state } = row
  if (offlineMode === null) throw new Error('an invoice issued online has no deadline')
  const invoice = { invoiceId: id, batchId, environment, kind, number, issueDate, sellerNip }
  const data = { ...invoice, offlineMode, state, deadline: day, endsAt: at.toISOString() }
  const about = { subject: id, key: `invoice-deadline-${stage}-${id}-${day}` }
  return stage === 'late'
    ? { type: 'invoice.late', ...about, data }
    : { type: 'invoice.deadline', ...about, data: { ...data, stage } }
}
