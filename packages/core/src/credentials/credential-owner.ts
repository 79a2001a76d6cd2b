import type { CoreDependencies } from '../dependencies.ts'
import { FleetError } from '../errors.ts'
import type { CompanyId, CredentialId } from '../identifiers.ts'
import type { CompanyTransaction } from '../stores.ts'
import type { Credential } from './credential.ts'

/** Whose credentials: a company's, or with null the provider's. */
export type CredentialOwner = CompanyId | null

export type OwnerStores = Pick<CompanyTransaction, 'credentials' | 'audit' | 'events'>

/**
 * One transaction on an owner's credentials: a company's through the company's door, the provider's as the system.
 *
 * @throws FleetError NOT_FOUND when there is no such company
 */
export function withCredentialOwner<T>(
  deps: Pick<CoreDependencies, 'db'>,
  owner: CredentialOwner,
  work: (stores: OwnerStores) => Promise<T>,
): Promise<T> {
  if (owner === null) return deps.db.asSystem('manage-credentials', work)
  return deps.db.withCompany(owner, async (tx) => {
    if ((await tx.companies.get()) === null) throw new FleetError('NOT_FOUND')
    return work(tx)
  })
}

/** The owner's own credential: a company's transaction sees the provider's too, which are not its to touch. @throws FleetError NOT_FOUND */
export async function ownCredential(
  stores: Pick<OwnerStores, 'credentials'>,
  owner: CredentialOwner,
  id: CredentialId,
): Promise<Credential> {
  const credential = await stores.credentials.get(id)
  if (credential === null || credential.companyId !== owner) throw new FleetError('NOT_FOUND')
  return credential
}
