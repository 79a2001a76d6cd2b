import type { ExportStatus, KsefFailure } from '@ksef-fleet/ksef'
import { addSeconds, type DeliveryContext, waitAt } from '../delivery/delivery-context.ts'
import { afterCall } from './after-call.ts'
import { afterExportStatus } from './after-export-status.ts'
import { collectExport } from './collect-export.ts'
import { abandon } from './order-export.ts'
import { restWhole } from './store-received.ts'
import type { KsefExport } from './sync-state.ts'
import { leaseOf, type Stepped, type Syncing } from './syncing.ts'

/** The question did not come to KSeF, or not through. */
const UNASKED: ReadonlySet<KsefFailure['kind']> = new Set(['held-back', 'rate-limited', 'connection'])
/** With these it will not answer another time either; an audit is not worth the wait. */
const REFUSED: ReadonlySet<KsefFailure['kind']> = new Set(['refused', 'forbidden', 'status'])

/** Asks what became of an export that is under way, and takes its package when it is there. */
export async function continueExport(
  context: DeliveryContext,
  at: Syncing,
  underWay: KsefExport,
): Promise<Stepped> {
  const { state, ksef } = at
  const { id, referenceNumber } = underWay
  // Somebody moved the start meanwhile: what this export holds does not follow on what is proved.
  if (underWay.purpose === 'sync' && underWay.windowFrom.getTime() !== state.checkpoint.getTime())
    return again(context, at, { underWay, code: 'EXPORT_OUTDATED', isFailure: false })
  // Whoever ordered it died before KSeF's answer was on record: nobody can find it.
  if (referenceNumber === null) return again(context, at, { underWay, code: 'EXPORT_LOST', isFailure: false })
  const asked = await ksef.exportStatus(referenceNumber)
  if (!asked.ok) return unanswered(context, at, { underWay, failure: asked.failure })
  const after = afterExportStatus(asked.value, { now: context.now(), giveUpAt: underWay.giveUpAt })
  switch (after.to) {
    case 'wait': {
      const counted = await context.db.withCompany(state.companyId, (tx) =>
        tx.inbox.counted(leaseOf(state), id, 'polls'),
      )
      if (!counted) return { to: 'lost' }
      const wait = waitAt(context.inboxTiming.exportPollSeconds, underWay.polls + 1)
      return { to: 'rest', at: addSeconds(context.now(), wait) }
    }
    case 'again':
      return again(context, at, { underWay, ...after })
    case 'nothing':
      // What an audit looks at was there once.
      if (underWay.purpose === 'audit')
        return again(context, at, { underWay, code: 'RANGE_BEYOND_HWM', isFailure: true })
      if (!(await abandon(context, state, { id, code: 'RANGE_BEYOND_HWM' }))) return { to: 'lost' }
      return restWhole(context, state)
    case 'collect':
      return collectExport(context, at, { underWay, made: packageOf(asked.value), status: asked.value })
  }
}

/** KSeF did not say what became of it: asked again, as long as an export is waited for. */
async function unanswered(
  context: DeliveryContext,
  at: Syncing,
  { underWay, failure }: { underWay: KsefExport; failure: KsefFailure },
): Promise<Stepped> {
  const { kind, code } = failure
  if (kind === 'gone' || code === 'EXPORT_NOT_FOUND')
    return again(context, at, { underWay, code: 'EXPORT_EXPIRED', isFailure: true })
  const after = await afterCall(context, at, failure)
  if (UNASKED.has(kind)) return after
  if (context.now() >= underWay.giveUpAt)
    return again(context, at, { underWay, code: 'EXPORT_STUCK', isFailure: true })
  return underWay.purpose === 'audit' && REFUSED.has(kind)
    ? again(context, at, { underWay, code, isFailure: true })
    : after
}

function packageOf(status: ExportStatus): NonNullable<ExportStatus['package']> {
  if (status.package === undefined) throw new Error('an export without a package is not collected')
  return status.package
}

/** The same window again: at once where nothing is wrong, else as after a failure. */
async function again(
  context: DeliveryContext,
  { state, ksef }: Syncing,
  { underWay, code, isFailure }: { underWay: KsefExport; code: string; isFailure: boolean },
): Promise<Stepped> {
  if (!(await abandon(context, state, { id: underWay.id, code }))) return { to: 'lost' }
  if (code === 'EXPORT_STUCK') {
    const { integrationId, subjectType } = state
    context.log.error(
      { integrationId, subjectType, code, referenceNumber: underWay.referenceNumber },
      'export.stuck',
    )
  }
  if (!isFailure) return { to: 'rest', at: context.now() }
  const description = `export ${underWay.referenceNumber ?? ''} in the context of ${ksef.integration.context.value}`
  return { to: 'failed', code, description }
}
