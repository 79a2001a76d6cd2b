import type { DeliveryContext } from '../delivery/delivery-context.ts'
import type { CompanyId } from '../identifiers.ts'
import type { SyncKey } from './sync-state.ts'

/** A sync came to nothing for too long: told once, until it comes through again. */
export async function tellLate(
  context: Pick<DeliveryContext, 'db' | 'log'>,
  companyId: CompanyId,
  key: SyncKey,
): Promise<void> {
  const late = await context.db.withCompany(companyId, async (tx) => {
    const state = await tx.inbox.late(key)
    if (state === null) return null
    const { integrationId, subjectType, checkpoint, completedAt, failure, lateAt } = state
    await tx.events.add({
      type: 'sync.late',
      subject: integrationId,
      key: `sync-late-${integrationId}-${subjectType}-${lateAt?.getTime()}`,
      data: {
        role: subjectType,
        completeUpTo: checkpoint.toISOString(),
        completedAt: completedAt?.toISOString() ?? null,
        code: failure?.code ?? state.held?.code ?? null,
      },
    })
    return state
  })
  if (late === null) return
  const { integrationId, subjectType, checkpoint, failure } = late
  context.log.error({ integrationId, subjectType, until: checkpoint, code: failure?.code }, 'sync.late')
}
