import { beginEnding } from '../credentials/revoke-credential.ts'
import type { CoreDependencies } from '../dependencies.ts'
import { FleetError } from '../errors.ts'
import type { CompanyId, IntegrationId, KsefEnvironment } from '../identifiers.ts'
import { clearTokens } from '../jobs/clear-tokens.ts'
import { ringOf } from '../jobs/define-job.ts'
import type { CompanyTransaction } from '../stores.ts'
import type { Integration } from './integration.ts'

export type Revocation = {
  companyId: CompanyId
  integrationId: IntegrationId
  actor: string
  requestId?: string
}

/**
 * Ends an integration: nothing new is sent with it from here on. What was sent already is still asked about and its UPO
 * fetched, under the credential it was sent with. The company's own credentials end with it: once nothing refers to them
 * they are revoked at KSeF and their secrets erased. Invoices that wait are held for the reason, and go out once the
 * company has a new integration. Revoking twice is harmless.
 *
 * @throws FleetError NOT_FOUND
 */
export async function revokeIntegration(
  deps: Pick<CoreDependencies, 'db' | 'now'>,
  request: Revocation,
): Promise<Integration> {
  return deps.db.withCompany(request.companyId, async (tx) => {
    const integration = await tx.integrations.get(request.integrationId)
    if (integration === null) throw new FleetError('NOT_FOUND')
    const at = deps.now()
    const moved = await tx.integrations.move(integration.id, {
      from: ['pending', 'active', 'failed'],
      to: 'revoked',
      set: { revokedAt: at },
    })
    if (moved) await end(tx, { integration, request, at })
    const revoked = await tx.integrations.get(request.integrationId)
    if (revoked === null) throw new FleetError('NOT_FOUND')
    return revoked
  })
}

async function end(
  tx: CompanyTransaction,
  { integration, request, at }: { integration: Integration; request: Revocation; at: Date },
): Promise<void> {
  const { id, companyId, environment, context } = integration
  await tx.integrations.setVerifyDue(id, null)
  const held = await tx.submissions.hold(environment, { code: 'INTEGRATION_REVOKED' })
  await tx.inbox.hold(id, { code: 'INTEGRATION_REVOKED' }, false)
  await endOwnCredentials(tx, environment, at)
  await tx.outbox.add(ringOf(clearTokens, { companyId }))
  await tx.events.add({ type: 'integration.revoked', subject: id, key: `${id}-revoked`, data: { held } })
  await tx.audit.append({
    actor: request.actor,
    action: 'integration.revoke',
    subject: id,
    outcome: 'ok',
    taxpayerNip: context.value,
    ...(request.requestId === undefined ? {} : { requestId: request.requestId }),
    details: { held },
  })
}

/** Each version goes its way from here by itself: drained, revoked at KSeF, erased. */
async function endOwnCredentials(
  { credentials }: CompanyTransaction,
  environment: KsefEnvironment,
  at: Date,
): Promise<void> {
  for (const { id, ...credential } of await credentials.list()) {
    if (credential.environment !== environment || credential.state !== 'active') continue
    await beginEnding(credentials, id, at)
  }
}
