import type { CoreDependencies } from '../dependencies.ts'
import { FleetError } from '../errors.ts'
import type { CompanyId } from '../identifiers.ts'
import { ringOf } from '../jobs/define-job.ts'
import { syncInbox } from '../jobs/sync-inbox.ts'
import { currentIntegration } from './read-syncs.ts'
import { SUBJECT_TYPES, type SubjectType } from './sync-state.ts'

/**
 * Has a company's invoices received now, in those roles; KSeF's limits hold all the same.
 *
 * @returns the roles that go on at once; those that are held or switched off do not
 * @throws FleetError INTEGRATION_MISSING, SYNC_NOT_BEGUN
 */
export const requestSync = (
  deps: Pick<CoreDependencies, 'db' | 'environment'>,
  request: { companyId: CompanyId; roles?: readonly SubjectType[] },
): Promise<SubjectType[]> =>
  deps.db.withCompany(request.companyId, async (tx) => {
    const integration = await currentIntegration(tx, deps.environment)
    const known = (await tx.inbox.states(deps.environment)).some(
      ({ integrationId }) => integrationId === integration.id,
    )
    if (!known) throw new FleetError('SYNC_NOT_BEGUN')
    await tx.integrations.lock(integration.id)
    const asked = await tx.inbox.ask(integration.id, request.roles ?? SUBJECT_TYPES)
    for (const subjectType of asked) {
      const payload = { companyId: request.companyId, integrationId: integration.id, subjectType }
      await tx.outbox.add(ringOf(syncInbox, payload))
    }
    return asked
  })
