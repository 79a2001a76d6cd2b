import type { CoreDependencies } from '../dependencies.ts'
import type { ApiKeyId, CompanyId } from '../identifiers.ts'
import { type ApiKey, hashApiKey, isApiKeyShaped, type ProviderRole } from './api-key.ts'

/** Who calls: the provider in one of its roles, or one company. */
export type Caller =
  | { scope: 'provider'; role: ProviderRole; keyId: ApiKeyId }
  | { scope: 'company'; role: 'company'; keyId: ApiKeyId; companyId: CompanyId }

/**
 * The caller behind a key, or null: misshapen, unknown, revoked and expired keys are told apart by nobody, not even by
 * the time it takes, since whatever is looked up for one is looked up for all.
 */
export async function authenticate(
  deps: Pick<CoreDependencies, 'db' | 'now'>,
  key: string,
): Promise<Caller | null> {
  if (!isApiKeyShaped(key)) return null
  return deps.db.asSystem('authenticate', async (tx) => {
    const found = await tx.apiKeys.findByHash(hashApiKey(key))
    if (found === null || !isInForce(found, deps.now())) return null
    if (!isUseNoted(found, deps.now())) await tx.apiKeys.touch(found.id)
    return callerOf(found)
  })
}

const NOTED_EVERY_MS = 60_000

/** Whether its last use was noted within the minute: nothing finer is kept, and asking again would cost a round trip. */
const isUseNoted = ({ lastUsedAt }: ApiKey, now: Date): boolean =>
  lastUsedAt !== null && Math.abs(now.getTime() - lastUsedAt.getTime()) < NOTED_EVERY_MS

/** True while the key opens anything. */
export const isInForce = (key: Pick<ApiKey, 'revokedAt' | 'expiresAt'>, now: Date): boolean =>
  key.revokedAt === null && (key.expiresAt === null || key.expiresAt > now)

/** A row whose role and owner contradict each other opens nothing; the database refuses such rows too. */
function callerOf({ id: keyId, companyId, role }: ApiKey): Caller | null {
  if (companyId === null) return role === 'company' ? null : { scope: 'provider', role, keyId }
  return role === 'company' ? { scope: 'company', role, keyId, companyId } : null
}

/** True when the caller may see that company. Who may not is answered exactly as if it did not exist. */
export const mayUse = (caller: Caller, companyId: CompanyId): boolean =>
  caller.scope === 'provider' || caller.companyId === companyId

/** How the audit log names the caller. */
export const actorOf = (caller: Caller): string => `key:${caller.keyId}`
