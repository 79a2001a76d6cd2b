import type { DeliveryContext } from '../delivery/delivery-context.ts'
import type { KsefContext } from '../integrations/integration.ts'
import type { Credential, CredentialVersion } from './credential.ts'

/** Companies looked at for one whose context the provider's certificate opens. */
const COMPANIES_MAX = 200

/**
 * The context in which a credential is tried: a token's own; its company's; for the provider's certificate that of the NIP
 * it carries, else, when it names a person, the first context that opens with it. Null when there is none yet.
 */
export async function signInContextOf(
  context: DeliveryContext,
  credential: Credential,
  { subject }: Pick<CredentialVersion, 'subject'>,
): Promise<KsefContext | null> {
  if (credential.context !== null) return credential.context
  if (credential.companyId !== null) return companyContext(context, credential.companyId)
  const nip = /VATPL-(\d{10})/.exec(subject ?? '')?.[1]
  return nip === undefined ? anyCompanyContext(context) : { type: 'Nip', value: nip }
}

async function companyContext(
  { db, environment }: DeliveryContext,
  companyId: NonNullable<Credential['companyId']>,
): Promise<KsefContext | null> {
  return db.withCompany(companyId, async (tx) => {
    const integration = await tx.integrations.current(environment)
    if (integration !== null) return integration.context
    const company = await tx.companies.get()
    return company === null ? null : { type: 'Nip', value: company.nip }
  })
}

async function anyCompanyContext({ db, environment }: DeliveryContext): Promise<KsefContext | null> {
  const companies = await db.asSystem('rotate-credentials', (tx) =>
    tx.companies.list({ limit: COMPANIES_MAX }),
  )
  for (const { id } of companies) {
    const found = await db.withCompany(id, async (tx) => {
      const integration = await tx.integrations.current(environment)
      const own = (await tx.credentials.usable(environment)).some(({ companyId }) => companyId !== null)
      return integration?.state === 'active' && !own ? integration.context : null
    })
    if (found !== null) return found
  }
  return null
}
