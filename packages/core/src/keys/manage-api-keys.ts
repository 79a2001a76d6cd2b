import type { CoreDependencies } from '../dependencies.ts'
import { FleetError } from '../errors.ts'
import { ApiKeyId, type CompanyId } from '../identifiers.ts'
import { type ApiKey, formatApiKey, hashApiKey, type ProviderRole } from './api-key.ts'
import { type KeyRealm, withinRealm } from './key-realm.ts'

type Deps = Pick<CoreDependencies, 'db' | 'now' | 'newId' | 'randomBytes'>

/** A company's key, or the provider's in one of its roles. */
export type KeyOwner = { companyId: CompanyId } | { companyId: null; role: ProviderRole }

/** Who acts, and by which request to the API. */
export type KeyActor = { actor: string; requestId?: string }

export const actorIn = ({ actor, requestId }: KeyActor): KeyActor =>
  requestId === undefined ? { actor } : { actor, requestId }

/** A key just made: what is stored, and its text, which is answered once and never again. */
export type MadeKey = { apiKey: ApiKey; key: string }

/** Makes a key. @throws FleetError NOT_FOUND when the company does not exist. */
export async function createApiKey(
  deps: Deps,
  request: KeyOwner & { name: string } & KeyActor,
): Promise<MadeKey> {
  const made = makeKey(deps, request)
  const { apiKey } = made
  const { companyId } = request
  const realm: KeyRealm = companyId === null ? { scope: 'provider' } : { scope: 'company', companyId }
  await withinRealm(deps, realm, async (stores) => {
    await stores.apiKeys.insert({ ...apiKey, hash: hashApiKey(made.key) })
    await stores.audit.append({
      ...actorIn(request),
      action: 'api-key.create',
      subject: apiKey.id,
      outcome: 'ok',
      details: { role: apiKey.role },
    })
  })
  return made
}

/** The key in memory; nothing is stored yet. */
export function makeKey(deps: Deps, request: KeyOwner & { name: string }): MadeKey {
  const key = formatApiKey(request.companyId === null ? 'provider' : 'company', deps.randomBytes(32))
  const apiKey: ApiKey = {
    id: ApiKeyId.parse(deps.newId()),
    companyId: request.companyId,
    role: request.companyId === null ? request.role : 'company',
    name: request.name,
    hint: key.slice(0, 10),
    createdAt: deps.now(),
    lastUsedAt: null,
    revokedAt: null,
    expiresAt: null,
  }
  return { apiKey, key }
}

/** Every key of the realm, revoked ones too. */
export const listApiKeys = (deps: Deps, realm: KeyRealm): Promise<ApiKey[]> =>
  withinRealm(deps, realm, (stores) => stores.apiKeys.list())

/** Ends a key at once. Revoking twice is harmless. @throws FleetError NOT_FOUND when the realm has no such key. */
export async function revokeApiKey(
  deps: Deps,
  request: { realm: KeyRealm; id: ApiKeyId } & KeyActor,
): Promise<void> {
  await withinRealm(deps, request.realm, async (stores) => {
    if ((await stores.apiKeys.get(request.id)) === null) throw new FleetError('NOT_FOUND')
    const revoked = await stores.apiKeys.revoke(request.id, deps.now())
    if (!revoked) return
    await stores.audit.append({
      ...actorIn(request),
      action: 'api-key.revoke',
      subject: request.id,
      outcome: 'ok',
    })
  })
}
