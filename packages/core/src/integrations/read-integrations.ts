import { type CredentialChoice, chooseCredential } from '../context/choose-credential.ts'
import type { CoreDependencies } from '../dependencies.ts'
import { FleetError } from '../errors.ts'
import type { CompanyId, IntegrationId } from '../identifiers.ts'
import type { Integration } from './integration.ts'

/** An integration, and with which credential it would sign in now. */
export type IntegrationWithCredentials = { integration: Integration; credentials: CredentialChoice }

/** @throws FleetError NOT_FOUND */
export async function readIntegration(
  deps: Pick<CoreDependencies, 'db' | 'now'>,
  named: { companyId: CompanyId; integrationId: IntegrationId },
): Promise<IntegrationWithCredentials> {
  return deps.db.readCompany(named.companyId, async (reads) => {
    const integration = await reads.integrations.get(named.integrationId)
    if (integration === null) throw new FleetError('NOT_FOUND')
    const usable = await reads.credentials.usable(integration.environment)
    return { integration, credentials: chooseCredential(usable, integration, deps.now()) }
  })
}

/** Every integration of the company, revoked ones too. @throws FleetError NOT_FOUND when there is no such company. */
export async function listIntegrations(
  deps: Pick<CoreDependencies, 'db'>,
  companyId: CompanyId,
): Promise<Integration[]> {
  return deps.db.readCompany(companyId, async (reads) => {
    if ((await reads.companies.get()) === null) throw new FleetError('NOT_FOUND')
    return reads.integrations.list()
  })
}
