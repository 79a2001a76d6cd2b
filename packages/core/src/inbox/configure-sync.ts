import type { CoreDependencies } from '../dependencies.ts'
import { FleetError } from '../errors.ts'
import type { CompanyId } from '../identifiers.ts'
import type { Integration } from '../integrations/integration.ts'
import { currentIntegration } from './read-syncs.ts'
import { chanceOf, firstSyncAt, lateAt } from './sync-schedule.ts'
import type { SubjectType, SyncState } from './sync-state.ts'

export type SyncSettings = {
  isEnabled?: boolean
  /** null: once a night. */
  intervalSeconds?: number | null
  /** From when on invoices are wanted; an earlier one than before has the time from then on received again. */
  startAt?: Date
}

/**
 * Changes what is received in a role, how often, and from when on. An earlier start begins the import anew there: what is here
 * already is recognised by its KSeF number.
 *
 * @throws FleetError INTEGRATION_MISSING, SYNC_NOT_BEGUN
 */
export const configureSync = (
  deps: Pick<CoreDependencies, 'db' | 'environment' | 'now' | 'randomBytes'>,
  request: {
    companyId: CompanyId
    subjectType: SubjectType
    settings: SyncSettings
    actor: string
    requestId?: string
  },
): Promise<SyncState> =>
  deps.db.withCompany(request.companyId, async (tx) => {
    const { subjectType, settings } = request
    const integration = await currentIntegration(tx, deps.environment)
    const key = { integrationId: integration.id, subjectType }
    const state = await tx.inbox.get(key)
    if (state === null) throw new FleetError('SYNC_NOT_BEGUN')
    await tx.inbox.configure(key, changed(deps, { state, integration, settings }))
    await tx.audit.append({
      actor: request.actor,
      action: 'sync.configure',
      subject: integration.id,
      outcome: 'ok',
      taxpayerNip: integration.context.value,
      ...(request.requestId === undefined ? {} : { requestId: request.requestId }),
      details: { role: subjectType },
    })
    const present = await tx.inbox.get(key)
    if (present === null) throw new FleetError('SYNC_NOT_BEGUN')
    return present
  })

function changed(
  { now, randomBytes }: Pick<CoreDependencies, 'now' | 'randomBytes'>,
  { state, integration, settings }: { state: SyncState; integration: Integration; settings: SyncSettings },
) {
  const {
    isEnabled = state.isEnabled,
    intervalSeconds = state.intervalSeconds,
    startAt = state.startAt,
  } = settings
  const held = whyHeld(isEnabled, integration)
  const at = now()
  const nextSyncAt = firstSyncAt({ intervalSeconds }, at, chanceOf(randomBytes))
  return {
    isEnabled,
    intervalSeconds,
    startAt,
    held,
    ...(startAt < state.startAt || state.checkpoint < startAt ? { checkpoint: startAt } : {}),
    nextSyncAt: held === null ? nextSyncAt : null,
    lateAt: held === null ? lateAt({ intervalSeconds }, nextSyncAt) : null,
  }
}

function whyHeld(isEnabled: boolean, { state, failure, scopes }: Integration): SyncState['held'] {
  if (!isEnabled) return { code: 'SYNC_DISABLED' }
  if (state !== 'active') return failure ?? { code: 'INTEGRATION_PENDING' }
  return scopes.includes('InvoiceRead') ? null : { code: 'SYNC_SCOPE_MISSING' }
}
