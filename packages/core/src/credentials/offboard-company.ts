import type { CoreDependencies } from '../dependencies.ts'
import { FleetError } from '../errors.ts'
import type { CompanyId } from '../identifiers.ts'
import { revokeIntegration } from '../integrations/revoke-integration.ts'
import { ringOf } from '../jobs/define-job.ts'
import { endSignIns } from '../jobs/end-sign-ins.ts'
import { beginEnding } from './revoke-credential.ts'

export type Offboarding = { companyId: CompanyId; actor: string; requestId?: string }

/**
 * Lets a company go: its keys stop working, its integration is revoked, and its own credentials end, which means that its
 * sign-ins and tokens are revoked at KSeF and its secrets erased, by the worker, once what was sent is finished. Invoices
 * that wait are held for the reason; documents and the audit log stay. The provider's sign-ins in the company's context are
 * ended as well. Doing it twice is harmless.
 *
 * @throws FleetError NOT_FOUND
 */
export async function offboardCompany(
  deps: Pick<CoreDependencies, 'db' | 'now' | 'secrets' | 'environment'>,
  { companyId, actor, requestId }: Offboarding,
): Promise<{ keysRevoked: number; credentialsEnding: number }> {
  const by = { actor, ...(requestId === undefined ? {} : { requestId }) }
  const integration = await deps.db.withCompany(companyId, async (tx) => {
    if ((await tx.companies.get()) === null) throw new FleetError('NOT_FOUND')
    return tx.integrations.current(deps.environment)
  })
  if (integration !== null) await revokeIntegration(deps, { companyId, integrationId: integration.id, ...by })
  return deps.db.withCompany(companyId, async (tx) => {
    let keysRevoked = 0
    for (const { id } of await tx.apiKeys.list()) if (await tx.apiKeys.revoke(id, deps.now())) keysRevoked++
    for (const { id, state } of await tx.credentials.list())
      if (state === 'active') await beginEnding(tx.credentials, id, deps.now())
    const ending = (await tx.credentials.list()).filter(({ state }) => state === 'ending')
    await tx.outbox.add(ringOf(endSignIns, { companyId }))
    await tx.audit.append({ ...by, action: 'company.offboard', subject: companyId, outcome: 'ok' })
    return { keysRevoked, credentialsEnding: ending.length }
  })
}
