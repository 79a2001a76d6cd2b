import { addSeconds, type DeliveryContext, waitAt } from '../delivery/delivery-context.ts'
import { orderExport } from './order-export.ts'
import { auditAfter, type ListedInvoice } from './store-received.ts'
import { auditWindow, chanceOf, FAILURES_TOLD_FROM, nextSyncAt } from './sync-schedule.ts'
import type { SyncState } from './sync-state.ts'
import { LostSync, leaseOf, restIn, type Stepped, type Syncing } from './syncing.ts'

/** Numbers looked up in one statement. */
const NUMBERS_AT_ONCE = 5_000

/** Orders the list of a past window: one call of KSeF's tells of up to 10,000 invoices. */
export function orderAudit(context: DeliveryContext, at: Syncing): Promise<Stepped> {
  const window = auditWindow(at.state, chanceOf(context.randomBytes))
  return orderExport(context, at, { purpose: 'audit', window })
}

/** When receiving goes on: as if there had been no audit. */
const receivingGoesOnAt = ({ randomBytes }: DeliveryContext, state: SyncState, now: Date): Date =>
  nextSyncAt(state, state.completedAt ?? now, chanceOf(randomBytes))

/** What KSeF lists of a past window against what is here. What is not here is told, and asked for by the next step. */
export async function compareAudit(
  context: DeliveryContext,
  { state }: Syncing,
  audit: { id: string; listed: readonly ListedInvoice[]; windowFrom: Date; to: Date },
): Promise<Stepped> {
  const { companyId, environment, integrationId, subjectType } = state
  const now = context.now()
  const missing: ListedInvoice[] = []
  await context.db.withCompany(companyId, async (tx) => {
    for (let from = 0; from < audit.listed.length; from += NUMBERS_AT_ONCE) {
      const some = audit.listed.slice(from, from + NUMBERS_AT_ONCE)
      const known = await tx.inbox.known(
        environment,
        some.map(({ ksefNumber }) => ksefNumber),
      )
      missing.push(...some.filter(({ ksefNumber }) => !known.has(ksefNumber)))
    }
    const result = { invoiceCount: audit.listed.length, missingCount: missing.length, windowTo: audit.to }
    if (!(await tx.inbox.done(leaseOf(state), audit.id, result))) throw new LostSync()
    await tx.inbox.addMissing(
      leaseOf(state),
      missing.map(({ ksefNumber, invoiceHash, permanentStorageDate = null }) => ({
        ksefNumber,
        invoiceHash,
        permanentStorageDate,
        code: 'SYNC_AUDIT_DIFFERS',
        foundAt: now,
      })),
    )
    await restIn(tx, state, {
      nextSyncAt: missing.length > 0 ? now : receivingGoesOnAt(context, state, now),
      orForMissing: true,
      nextAuditAt: auditAfter(context, now),
      auditFailure: null,
    })
    if (missing.length === 0) return
    await tx.events.add({
      type: 'sync.failed',
      subject: integrationId,
      key: `sync-audit-${audit.id}`,
      data: {
        role: subjectType,
        code: 'SYNC_AUDIT_DIFFERS',
        missing: missing.length,
        listed: audit.listed.length,
        from: audit.windowFrom.toISOString(),
        to: audit.to.toISOString(),
      },
    })
  })
  const told = { integrationId, subjectType, count: audit.listed.length, missing: missing.length }
  if (missing.length === 0) context.log.info(told, 'sync.audited')
  else context.log.error(told, 'sync.audit-differs')
  return { to: 'stored' }
}

/**
 * An audit whose export came to nothing is made again later, and receiving goes on without it: when there is room for it, and
 * after failures each time later. Told of when they have become a habit.
 */
export async function afterAudit(
  context: DeliveryContext,
  { state }: Syncing,
  stepped: Stepped,
): Promise<Stepped> {
  if (stepped.to === 'rest') return postpone(context, state, stepped)
  // Whether the permission is gone, the next window finds out by itself.
  if (stepped.to !== 'failed' && stepped.to !== 'held') return stepped
  const { companyId, integrationId, subjectType, auditFailure: before } = state
  const now = context.now()
  const failures = (before?.failures ?? 0) + 1
  const since = before?.since ?? now.toISOString()
  const { code, description } = stepped
  const said = description === undefined ? {} : { description }
  const isOver = await context.db.withCompany(companyId, async (tx) => {
    // KSeF may still have made it.
    if ((await tx.inbox.underWay(state)) !== null) return false
    await restIn(tx, state, {
      nextSyncAt: receivingGoesOnAt(context, state, now),
      orForMissing: true,
      nextAuditAt: addSeconds(now, waitAt(context.inboxTiming.auditRetrySeconds, failures - 1)),
      auditFailure: { code, ...said, at: now.toISOString(), failures, since },
    })
    if (failures < FAILURES_TOLD_FROM) return true
    await tx.events.add({
      type: 'sync.failed',
      subject: integrationId,
      key: `sync-audit-failed-${integrationId}-${subjectType}-${since}`,
      data: { role: subjectType, code, failures, since },
    })
    return true
  })
  if (!isOver) return stepped
  context.log.warn({ integrationId, subjectType, code, failures }, 'sync.audit-failed')
  return { to: 'stored' }
}

/** Unless KSeF is at it, the audit waits until then, and receiving does not wait with it. */
async function postpone(
  context: DeliveryContext,
  state: SyncState,
  rest: Extract<Stepped, { to: 'rest' }>,
): Promise<Stepped> {
  return context.db.withCompany(state.companyId, async (tx) => {
    if ((await tx.inbox.underWay(state)) !== null) return rest
    const nextSyncAt = receivingGoesOnAt(context, state, context.now())
    await restIn(tx, state, { nextSyncAt, orForMissing: true, nextAuditAt: rest.at })
    return { to: 'stored' }
  })
}
