import type { CoreDependencies } from '../dependencies.ts'
import { FleetError } from '../errors.ts'
import type { CompanyId } from '../identifiers.ts'
import type { ApiKeyStore, AuditStore } from '../stores.ts'

/** Which keys: the provider's own and every company's, or one company's. */
export type KeyRealm = { scope: 'provider' } | { scope: 'company'; companyId: CompanyId }

export type KeyStores = { apiKeys: ApiKeyStore; audit: Pick<AuditStore, 'append'> }

/**
 * One transaction over the keys of a realm. A company's are reached through the company's door; only the provider's realm
 * crosses companies.
 *
 * @throws FleetError NOT_FOUND when the company does not exist.
 */
export function withinRealm<T>(
  deps: Pick<CoreDependencies, 'db'>,
  realm: KeyRealm,
  work: (stores: KeyStores) => Promise<T>,
): Promise<T> {
  if (realm.scope === 'provider') return deps.db.asSystem('manage-api-keys', work)
  return deps.db.withCompany(realm.companyId, async (tx) => {
    if ((await tx.companies.get()) === null) throw new FleetError('NOT_FOUND')
    return work(tx)
  })
}
