import type { CoreDependencies } from '../dependencies.ts'
import { FleetError } from '../errors.ts'
import type { CompanyId, IntegrationId } from '../identifiers.ts'
import type { CompanyTransaction } from '../stores.ts'
import type { Integration } from './integration.ts'

type Deps = Pick<CoreDependencies, 'db' | 'now'>

export type AttestationRequest = {
  companyId: CompanyId
  integrationId: IntegrationId
  actor: string
  requestId?: string
}

/**
 * An administrator vouches that the company may act for its NIP. Takes effect with the verification this asks for; what
 * was vouched, by whom and when stays in the audit log.
 *
 * @param request.statement why it is known, in the administrator's words, e.g. which contract was seen
 * @throws FleetError NOT_FOUND, INTEGRATION_REVOKED
 */
export const attestNip = (
  deps: Deps,
  request: AttestationRequest & { statement: string },
): Promise<Integration> =>
  decide(deps, request, async (tx, integration) => {
    await tx.integrations.setNipProof(integration.id, {
      method: 'attested',
      at: deps.now(),
      by: request.actor,
    })
    await audit(tx, integration, { ...request, action: 'integration.attest' })
  })

/**
 * Takes an attestation back. The integration stops at once, unless the verification that follows finds another proof. Taking
 * back what was not attested is harmless.
 *
 * @throws FleetError NOT_FOUND, INTEGRATION_REVOKED
 */
export const withdrawAttestation = (deps: Deps, request: AttestationRequest): Promise<Integration> =>
  decide(deps, request, async (tx, integration) => {
    if (integration.nipProof?.method !== 'attested') return
    const stopped = await tx.integrations.move(integration.id, {
      from: ['active'],
      to: 'pending',
      set: {
        nipProof: null,
        failure: { code: 'NIP_UNPROVED', description: 'The attestation was taken back.' },
      },
    })
    if (!stopped) await tx.integrations.setNipProof(integration.id, null)
    await audit(tx, integration, { ...request, action: 'integration.withdraw-attestation' })
  })

const decide = (
  deps: Deps,
  request: AttestationRequest,
  change: (tx: CompanyTransaction, integration: Integration) => Promise<void>,
): Promise<Integration> =>
  deps.db.withCompany(request.companyId, async (tx) => {
    const integration = await tx.integrations.get(request.integrationId)
    if (integration === null) throw new FleetError('NOT_FOUND')
    if (integration.state === 'revoked') throw new FleetError('INTEGRATION_REVOKED')
    await change(tx, integration)
    await tx.integrations.setVerifyDue(integration.id, deps.now())
    return (await tx.integrations.get(integration.id)) ?? integration
  })

const audit = (
  tx: CompanyTransaction,
  { id, context }: Integration,
  act: { action: string; actor: string; requestId?: string; statement?: string },
): Promise<void> =>
  tx.audit.append({
    actor: act.actor,
    action: act.action,
    subject: id,
    outcome: 'ok',
    taxpayerNip: context.value,
    ...(act.requestId === undefined ? {} : { requestId: act.requestId }),
    ...(act.statement === undefined ? {} : { details: { statement: act.statement } }),
  })
