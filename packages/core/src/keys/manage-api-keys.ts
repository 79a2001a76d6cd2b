import type { CoreDependencies } from '../dependencies.ts'
import { FleetError } from '../errors.ts'
import { ApiKeyId, type CompanyId } from '../identifiers.ts'
import type { ApiKeyStore, AuditEntry } from '../stores.ts'
import { type ApiKey, formatApiKey, hashApiKey } from './api-key.ts'

/** Which keys: the provider's own and every company's, or one company's. */
export type KeyRealm = { scope: 'provider' } | { scope: 'company'; companyId: CompanyId }

type Deps = Pick<CoreDependencies, 'db' | 'now' | 'newId' | 'randomBytes'>
type KeyStores = { apiKeys: ApiKeyStore; audit: { append(entry: AuditEntry): Promise<void> } }

/**
 * Makes a key. Its text is answered here and never again.
 *
 * @param request.companyId the company the key is for; null makes a provider's key.
 * @throws FleetError NOT_FOUND when the company does not exist.
 */
export async function createApiKey(
  deps: Deps,
  request: { companyId: CompanyId | null; name: string; actor: string },
): Promise<{ apiKey: ApiKey; key: string }> {
  const key = formatApiKey(request.companyId === null ? 'provider' : 'company', deps.randomBytes(32))
  const apiKey: ApiKey = {
    id: ApiKeyId.parse(deps.newId()),
    companyId: request.companyId,
    name: request.name,
    hint: key.slice(0, 10),
    createdAt: deps.now(),
    lastUsedAt: null,
    revokedAt: null,
  }
  const realm: KeyRealm =
    request.companyId === null ? { scope: 'provider' } : { scope: 'company', companyId: request.companyId }
  await within(deps, realm, async (stores) => {
    await stores.apiKeys.insert({ ...apiKey, hash: hashApiKey(key) })
    await stores.audit.append({
      actor: request.actor,
      action: 'api-key.create',
      subject: apiKey.id,
      outcome: 'ok',
    })
  })
  return { apiKey, key }
}

/** Every key of the realm, revoked ones too. */
export const listApiKeys = (deps: Deps, realm: KeyRealm): Promise<ApiKey[]> =>
  within(deps, realm, (stores) => stores.apiKeys.list())

/** Ends a key at once. Revoking twice is harmless. @throws FleetError NOT_FOUND when the realm has no such key. */
export async function revokeApiKey(
  deps: Deps,
  request: { realm: KeyRealm; id: ApiKeyId; actor: string },
): Promise<void> {
  await within(deps, request.realm, async (stores) => {
    if ((await stores.apiKeys.get(request.id)) === null) throw new FleetError('NOT_FOUND')
    const revoked = await stores.apiKeys.revoke(request.id, deps.now())
    if (!revoked) return
    await stores.audit.append({
      actor: request.actor,
      action: 'api-key.revoke',
      subject: request.id,
      outcome: 'ok',
    })
  })
}

/** A company's keys are reached through the company's door; only the provider's realm crosses companies. */
function within<T>(deps: Deps, realm: KeyRealm, work: (stores: KeyStores) => Promise<T>): Promise<T> {
  if (realm.scope === 'provider') return deps.db.asSystem('manage-api-keys', work)
  return deps.db.withCompany(realm.companyId, async (tx) => {
    if ((await tx.companies.get()) === null) throw new FleetError('NOT_FOUND')
    return work(tx)
  })
}
