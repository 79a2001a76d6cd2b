import type { CoreDependencies } from '../dependencies.ts'
import { FleetError } from '../errors.ts'
import type { CompanyId, CredentialId, KsefEnvironment } from '../identifiers.ts'
import type { CompanyTransaction } from '../stores.ts'
import type { Credential } from './credential.ts'

/** Whose credentials: a company's, or with null the provider's. */
export type CredentialOwner = CompanyId | null

export type OwnerStores = Pick<CompanyTransaction, 'credentials' | 'audit' | 'events'>

/** The stores of one owner, and a way to have what may sign in with its credentials verified, in the same transaction. */
export type OwnerDoor = OwnerStores & {
  /** A company's integration whatever its state; for the provider every integration that does not work. */
  wake(environment: KsefEnvironment, at: Date): Promise<void>
}

/**
 * One transaction on an owner's credentials: a company's through the company's door, the provider's as the system.
 *
 * @throws FleetError NOT_FOUND when there is no such company
 */
export function withCredentialOwner<T>(
  deps: Pick<CoreDependencies, 'db'>,
  owner: CredentialOwner,
  work: (stores: OwnerDoor) => Promise<T>,
): Promise<T> {
  if (owner === null) {
    return deps.db.asSystem('manage-credentials', (tx) =>
      work({ ...tx, wake: async (environment) => void (await tx.integrations.wake(environment)) }),
    )
  }
  return deps.db.withCompany(owner, async (tx) => {
    if ((await tx.companies.get()) === null) throw new FleetError('NOT_FOUND')
    const wake: OwnerDoor['wake'] = async (environment, at) => {
      const integration = await tx.integrations.current(environment)
      if (integration !== null) await tx.integrations.setVerifyDue(integration.id, at)
    }
    return work({ ...tx, wake })
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
