import type { CoreDependencies } from '../dependencies.ts'
import { FleetError } from '../errors.ts'
import type { CompanyId, IntegrationId } from '../identifiers.ts'
import type { KsefContext, KsefScope } from '../integrations/integration.ts'
import { missingScopes } from '../integrations/judge-verification.ts'

export type Permissions = {
  integrationId: IntegrationId
  context: KsefContext
  wanted: readonly KsefScope[]
  /** As KSeF listed them at `verifiedAt`; empty before. */
  inForce: readonly string[]
  missing: readonly KsefScope[]
  verifiedAt: Date | null
}

/**
 * What the fleet may do in the company's context, as of its last verification. To have KSeF asked anew, verify the
 * integration.
 *
 * @throws FleetError NOT_FOUND, INTEGRATION_MISSING
 */
export const readPermissions = (
  deps: Pick<CoreDependencies, 'db' | 'environment'>,
  companyId: CompanyId,
): Promise<Permissions> =>
  deps.db.withCompany(companyId, async (tx) => {
    if ((await tx.companies.get()) === null) throw new FleetError('NOT_FOUND')
    const integration = await tx.integrations.current(deps.environment)
    if (integration === null) throw new FleetError('INTEGRATION_MISSING')
    const { id, context, scopes, permissionsInForce, verifiedAt } = integration
    return {
      integrationId: id,
      context,
      wanted: scopes,
      inForce: permissionsInForce,
      missing: missingScopes(scopes, permissionsInForce),
      verifiedAt,
    }
  })
