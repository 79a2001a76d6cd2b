import type { CoreDependencies } from '../dependencies.ts'
import { FleetError } from '../errors.ts'
import type { CompanyId, IntegrationId } from '../identifiers.ts'
import type { Integration } from './integration.ts'

/**
 * Ends an integration: no worker signs in with it from here on, and its secret is erased. Invoices that wait stay pending
 * and go out once the company has a new integration. Revoking twice is harmless; a crash before the secret was erased is
 * mended by revoking again.
 *
 * @throws FleetError NOT_FOUND, SECRET_UNAVAILABLE
 */
export async function revokeIntegration(
  deps: CoreDependencies,
  request: { companyId: CompanyId; integrationId: IntegrationId; actor: string },
): Promise<Integration> {
  const credential = await deps.db.withCompany(request.companyId, async (tx) => {
    const integration = await tx.integrations.get(request.integrationId)
    if (integration === null) throw new FleetError('NOT_FOUND')
    const moved = await tx.integrations.move(integration.id, {
      from: ['pending', 'active', 'failed'],
      to: 'revoked',
      set: { revokedAt: deps.now() },
    })
    if (moved) {
      await tx.integrations.setVerifyDue(integration.id, null)
      await tx.audit.append({
        actor: request.actor,
        action: 'integration.revoke',
        subject: integration.id,
        outcome: 'ok',
      })
    }
    return tx.credentials.get(integration.credentialId)
  })
  if (credential !== null && credential.state === 'active') {
    await deps.secrets.eraseSecret(credential.secretRef)
    await deps.db.withCompany(request.companyId, (tx) => tx.credentials.markErased(credential.id))
  }
  return deps.db.withCompany(request.companyId, async (tx) => {
    const revoked = await tx.integrations.get(request.integrationId)
    if (revoked === null) throw new FleetError('NOT_FOUND')
    return revoked
  })
}
