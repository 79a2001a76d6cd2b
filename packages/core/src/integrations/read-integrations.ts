import type { CoreDependencies } from '../dependencies.ts'
import { FleetError } from '../errors.ts'
import type { CompanyId, IntegrationId } from '../identifiers.ts'
import type { Credential, Integration } from './integration.ts'

export type IntegrationWithCredential = { integration: Integration; credential: Credential | null }

/** @throws FleetError NOT_FOUND */
export async function readIntegration(
  deps: Pick<CoreDependencies, 'db'>,
  named: { companyId: CompanyId; integrationId: IntegrationId },
): Promise<IntegrationWithCredential> {
  return deps.db.withCompany(named.companyId, async (tx) => {
    const integration = await tx.integrations.get(named.integrationId)
    if (integration === null) throw new FleetError('NOT_FOUND')
    return { integration, credential: await tx.credentials.get(integration.credentialId) }
  })
}

/** Every integration of the company, revoked ones too. @throws FleetError NOT_FOUND when there is no such company. */
export async function listIntegrations(
  deps: Pick<CoreDependencies, 'db'>,
  companyId: CompanyId,
): Promise<Integration[]> {
  return deps.db.withCompany(companyId, async (tx) => {
    if ((await tx.companies.get()) === null) throw new FleetError('NOT_FOUND')
    return tx.integrations.list()
  })
}
