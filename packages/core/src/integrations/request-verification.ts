import type { CoreDependencies } from '../dependencies.ts'
import { FleetError } from '../errors.ts'
import type { CompanyId, IntegrationId } from '../identifiers.ts'
import type { Integration } from './integration.ts'

/**
 * Asks for a verification: a worker signs in to KSeF and records what it found. The API itself never talks to KSeF.
 *
 * @throws FleetError NOT_FOUND, INTEGRATION_REVOKED
 */
export async function requestVerification(
  deps: Pick<CoreDependencies, 'db' | 'now'>,
  request: { companyId: CompanyId; integrationId: IntegrationId },
): Promise<Integration> {
  return deps.db.withCompany(request.companyId, async (tx) => {
    const integration = await tx.integrations.get(request.integrationId)
    if (integration === null) throw new FleetError('NOT_FOUND')
    if (integration.state === 'revoked') throw new FleetError('INTEGRATION_REVOKED')
    await tx.integrations.setVerifyDue(integration.id, deps.now())
    return integration
  })
}
