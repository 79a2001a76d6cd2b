import type { CoreDependencies } from '../dependencies.ts'
import { FleetError } from '../errors.ts'
import type { CompanyId, IntegrationId } from '../identifiers.ts'
import type { Integration, KsefScope } from './integration.ts'

/**
 * Changes which permissions the company wants to use, and has the integration verified against them: one that wanted more
 * than was granted becomes active without anybody granting it.
 *
 * @param request.scopes at least one
 * @throws FleetError NOT_FOUND, INTEGRATION_REVOKED
 */
export const changeScopes = (
  deps: Pick<CoreDependencies, 'db' | 'now'>,
  request: {
    companyId: CompanyId
    integrationId: IntegrationId
    scopes: readonly KsefScope[]
    actor: string
    requestId?: string
  },
): Promise<Integration> =>
  deps.db.withCompany(request.companyId, async (tx) => {
    const integration = await tx.integrations.get(request.integrationId)
    if (integration === null) throw new FleetError('NOT_FOUND')
    if (integration.state === 'revoked') throw new FleetError('INTEGRATION_REVOKED')
    const scopes = [...new Set(request.scopes)]
    await tx.integrations.setScopes(integration.id, scopes)
    await tx.integrations.setVerifyDue(integration.id, deps.now())
    await tx.audit.append({
      actor: request.actor,
      action: 'integration.change-scopes',
      subject: integration.id,
      outcome: 'ok',
      taxpayerNip: integration.context.value,
      ...(request.requestId === undefined ? {} : { requestId: request.requestId }),
      details: { scopes: scopes.join(' ') },
    })
    return (await tx.integrations.get(integration.id)) ?? integration
  })
