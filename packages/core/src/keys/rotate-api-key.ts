/**
 * A key is replaced without a moment in which none works: the new one is made, the old one goes on for a grace and ends by
 * itself. Keys of one owner, role and name are one lineage, of which at most two work at a time: a second rotation before
 * the grace is over would leave three, and nobody would know which of them is still in use.
 */
import type { CoreDependencies } from '../dependencies.ts'
import { FleetError } from '../errors.ts'
import type { ApiKeyId } from '../identifiers.ts'
import { type ApiKey, hashApiKey } from './api-key.ts'
import { isInForce } from './authenticate.ts'
import { type KeyRealm, type KeyStores, withinRealm } from './key-realm.ts'
import { actorIn, type KeyActor, type MadeKey, makeKey } from './manage-api-keys.ts'

export const KEY_GRACE_SECONDS_DEFAULT = 86_400
export const KEY_GRACE_SECONDS_MAX = 30 * 86_400

type Deps = Pick<CoreDependencies, 'db' | 'now' | 'newId' | 'randomBytes'>

/**
 * @param request.graceSeconds how long the old key goes on, at most thirty days; 0 ends it at once
 * @returns the new key, and the old one with its end
 * @throws FleetError NOT_FOUND when the realm has no such key in force; API_KEY_ROTATING when two of its lineage work already
 */
export async function rotateApiKey(
  deps: Deps,
  request: { realm: KeyRealm; id: ApiKeyId; graceSeconds: number } & KeyActor,
): Promise<MadeKey & { replaced: ApiKey }> {
  const now = deps.now()
  const graceSeconds = Math.min(request.graceSeconds, KEY_GRACE_SECONDS_MAX)
  const endsAt = new Date(now.getTime() + graceSeconds * 1000)
  return withinRealm(deps, request.realm, async (stores) => {
    const old = await stores.apiKeys.get(request.id)
    if (old === null || !isInForce(old, now)) throw new FleetError('NOT_FOUND')
    // Locks the row: of two rotations at once the second sees, in the list, what the first has made.
    if (!(await stores.apiKeys.expireAt(old.id, endsAt))) throw new FleetError('NOT_FOUND')
    await refuseThird(stores, old, now)
    const made = makeKey(deps, { ...ownerOf(old), name: old.name })
    await stores.apiKeys.insert({ ...made.apiKey, hash: hashApiKey(made.key) })
    await stores.audit.append({
      ...actorIn(request),
      action: 'api-key.rotate',
      subject: old.id,
      outcome: 'ok',
      details: { keyId: made.apiKey.id, role: old.role, graceSeconds },
    })
    return { ...made, replaced: (await stores.apiKeys.get(old.id)) ?? old }
  })
}

async function refuseThird(stores: KeyStores, old: ApiKey, now: Date): Promise<void> {
  const others = (await stores.apiKeys.list()).filter(
    (key) => key.id !== old.id && isInForce(key, now) && isOneLineage(key, old),
  )
  if (others.length > 0) throw new FleetError('API_KEY_ROTATING')
}

const isOneLineage = (one: ApiKey, other: ApiKey): boolean =>
  one.companyId === other.companyId && one.role === other.role && one.name === other.name

const ownerOf = ({ companyId, role }: ApiKey) =>
  companyId === null
    ? { companyId, role: role === 'administrator' ? ('administrator' as const) : ('operator' as const) }
    : { companyId }
