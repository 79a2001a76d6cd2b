import { openAccess } from '../delivery/company-access.ts'
import { addSeconds, type DeliveryContext, waitAt } from '../delivery/delivery-context.ts'
import { whileLeased } from '../delivery/while-leased.ts'
import type { CompanyId } from '../identifiers.ts'
import type { CompanyTransaction } from '../stores.ts'
import { afterAudit, orderAudit } from './audit-window.ts'
import { continueExport } from './continue-export.ts'
import { fetchMissing } from './fetch-missing.ts'
import { receive } from './receive.ts'
import { FAILURES_TOLD_FROM, isAuditDue, isOverdue } from './sync-schedule.ts'
import type { SyncKey, SyncState } from './sync-state.ts'
import { giveBack, LostSync, leaseOf, type Stepped } from './syncing.ts'

/** What KSeF lists and did not give is asked for by so many at a time. */
const MISSING_AT_ONCE = 5

/**
 * Takes the next step of a sync that is due: an export that is under way goes on, what is missing is asked for, unless that
 * keeps the next window waiting, a past window is looked at again after a whole one, and else the next window is asked for. Whoever dies at any line of it leaves a lease that runs out and a step that is taken again.
 */
export async function runSync(context: DeliveryContext, companyId: CompanyId, key: SyncKey): Promise<void> {
  const seconds = context.inboxTiming.leaseSeconds
  const state = await context.db.withCompany(companyId, (tx) => tx.inbox.lease(key, seconds))
  if (state === null) return
  const renew = () => context.db.withCompany(companyId, (tx) => tx.inbox.renew(leaseOf(state), seconds))
  await whileLeased(context, { seconds, renew }, async (signal) => {
    try {
      await settle(context, state, await step(context, state, signal))
    } catch (error) {
      if (!(error instanceof LostSync)) {
        // What goes wrong each time must not be tried all the time; without the database the lease runs out by itself.
        const failed = { to: 'failed', code: 'SYNC_BROKEN' } as const
        await settle(context, state, failed).catch(() => {})
        throw error
      }
      context.log.info(
        { integrationId: key.integrationId, subjectType: key.subjectType },
        'sync.left-to-another',
      )
    }
  })
}

async function step(context: DeliveryContext, state: SyncState, signal: AbortSignal): Promise<Stepped> {
  const opened = await openAccess(context, state.companyId, { purpose: 'sync' })
  if (!opened.ok) return { to: 'rest', at: opened.until }
  const { ksef } = opened
  const at = { state, ksef, signal }
  const { underWay, missing } = await context.db.withCompany(state.companyId, async (tx) => ({
    underWay: await tx.inbox.underWay(state),
    missing: await tx.inbox.missingDue(state, MISSING_AT_ONCE),
  }))
  if (underWay !== null) {
    const went = await continueExport(context, at, underWay)
    return underWay.purpose === 'audit' ? afterAudit(context, at, went) : went
  }
  if (missing.length > 0 && !isOverdue(state, context.now()))
    return (await fetchMissing(context, at, missing)) ?? { to: 'rest', at: context.now() }
  if (isAuditDue(state, context.now())) return afterAudit(context, at, await orderAudit(context, at))
  return receive(context, at)
}

async function settle(context: DeliveryContext, state: SyncState, stepped: Stepped): Promise<void> {
  switch (stepped.to) {
    case 'stored':
      return
    case 'lost':
      throw new LostSync()
    case 'rest':
      await context.db.withCompany(state.companyId, (tx) => giveBack(tx, state, { nextSyncAt: stepped.at }))
      return
    case 'held':
      return hold(context, state, stepped)
    case 'failed':
      return fail(context, state, stepped)
  }
}

type Failed = Extract<Stepped, { to: 'failed' | 'held' }>

/** What a step that came to nothing leaves: one failure more in a row. */
function failureOf(state: SyncState, { code, description }: Failed, now: Date) {
  const said = description === undefined ? {} : { description }
  return {
    failures: state.failures + 1,
    failingSince: state.failingSince ?? now,
    failure: { code, ...said, at: now.toISOString() },
  }
}

/** Told once it has become a habit, and once until it comes through. */
async function tellFailing(
  tx: CompanyTransaction,
  { integrationId, subjectType: role }: SyncState,
  { failures, failingSince, failure }: ReturnType<typeof failureOf>,
): Promise<void> {
  if (failures < FAILURES_TOLD_FROM) return
  await tx.events.add({
    type: 'sync.failed',
    subject: integrationId,
    key: `sync-failed-${integrationId}-${role}-${failingSince.getTime()}`,
    data: { role, code: failure.code, failures, since: failingSince.toISOString() },
  })
}

/** Tried again after a wait that grows. */
async function fail(
  context: DeliveryContext,
  state: SyncState,
  failed: Extract<Stepped, { to: 'failed' }>,
): Promise<void> {
  const now = context.now()
  const wait = addSeconds(now, waitAt(context.inboxTiming.retrySeconds, state.failures))
  const nextSyncAt = failed.notBefore !== undefined && failed.notBefore > wait ? failed.notBefore : wait
  const failing = failureOf(state, failed, now)
  const { companyId, integrationId, subjectType } = state
  await context.db.withCompany(companyId, async (tx) => {
    if (await giveBack(tx, state, { nextSyncAt, ...failing })) await tellFailing(tx, state, failing)
  })
  const { failures } = failing
  context.log.warn(
    { integrationId, subjectType, code: failed.code, failures, retryAt: nextSyncAt },
    'sync.failed',
  )
}

/**
 * A permission that went away: the verification says whether the integration goes on without it, and brings it back. Being
 * held and let go again is a failure like any other.
 */
async function hold(
  context: DeliveryContext,
  state: SyncState,
  held: Extract<Stepped, { to: 'held' }>,
): Promise<void> {
  const { companyId, integrationId, subjectType } = state
  const now = context.now()
  const verifyAt = addSeconds(now, waitAt(context.inboxTiming.retrySeconds, state.failures))
  const failing = failureOf(state, held, now)
  const { at: _, ...why } = failing.failure
  await context.db.withCompany(companyId, async (tx) => {
    // The roles of one company are refused in the same second.
    await tx.integrations.lock(integrationId)
    if (!(await giveBack(tx, state, { nextSyncAt: verifyAt, ...failing }))) return
    await tx.inbox.hold(integrationId, why, true)
    await tx.integrations.setVerifyDue(integrationId, verifyAt)
    await tellFailing(tx, state, failing)
  })
  context.log.warn({ integrationId, subjectType, code: held.code }, 'sync.held')
}
