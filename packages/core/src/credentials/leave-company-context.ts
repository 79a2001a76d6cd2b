import { rankCredentials } from '../context/choose-credential.ts'
import type { ContextKsef } from '../context/context-ksef.ts'
import type { DeliveryContext } from '../delivery/delivery-context.ts'
import type { CompanyId } from '../identifiers.ts'
import type { KsefContext } from '../integrations/integration.ts'
import type { UsableCredential } from './credential.ts'
import { enterKsef } from './enter-ksef.ts'

/**
 * Ends every sign-in that the provider's credentials have in a company's context. There they are the fleet's alone: nobody
 * else signs in to a client's context with the provider's certificate. Invoices on their way are finished with access
 * tokens that live on for some minutes, or with a sign-in of their own.
 */
export async function leaveCompanyContext(context: DeliveryContext, companyId: CompanyId): Promise<void> {
  const found = await context.db.withCompany(companyId, async (tx) => {
    const company = await tx.companies.get()
    return company === null
      ? null
      : { nip: company.nip, usable: await tx.credentials.usable(context.environment) }
  })
  if (found === null) return
  const at: KsefContext = { type: 'Nip', value: found.nip }
  const { fitting } = rankCredentials(found.usable, { companyId, context: at }, context.now())
  for (const credential of fitting.filter((one) => one.companyId === null)) {
    const ended = await endAll(context, { credential, companyId, at })
    await context.db.withCompany(companyId, (tx) =>
      tx.audit.append({
        actor: 'worker',
        action: 'company.end-sign-ins',
        subject: companyId,
        outcome: ended.ok ? 'ok' : 'failed',
        taxpayerNip: found.nip,
        details: { credentialId: credential.id, count: ended.count },
      }),
    )
  }
}

async function endAll(
  context: DeliveryContext,
  { credential, companyId, at }: { credential: UsableCredential; companyId: CompanyId; at: KsefContext },
): Promise<{ ok: boolean; count: number }> {
  const booked = { credential: { ...credential, companyId } }
  const { version } = credential
  const entered = await enterKsef(context, booked, { credential, version, at })
  if (!entered.ok) {
    context.log.warn({ companyId, kind: entered.outcome.kind }, 'company.sign-ins-left')
    return { ok: false, count: 0 }
  }
  return endSignIns(entered.entry)
}

/** The one that this is done with last. */
async function endSignIns(entry: ContextKsef): Promise<{ ok: boolean; count: number }> {
  const listed = await entry.call((ksef, access) => ksef.authSessions.list(access))
  if (!listed.ok) return { ok: false, count: 0 }
  let count = 0
  for (const { referenceNumber } of listed.value.toSorted(
    (one, other) => +one.isCurrent - +other.isCurrent,
  )) {
    const ended = await entry.call((ksef, access) => ksef.authSessions.revoke(access, referenceNumber))
    if (ended.ok) count++
  }
  return { ok: count === listed.value.length, count }
}
