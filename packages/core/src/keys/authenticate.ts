import type { CoreDependencies } from '../dependencies.ts'
import type { ApiKeyId, CompanyId } from '../identifiers.ts'
import { hashApiKey, isApiKeyShaped } from './api-key.ts'

/** Who calls: the provider, or one company. */
export type Caller =
  | { scope: 'provider'; keyId: ApiKeyId }
  | { scope: 'company'; keyId: ApiKeyId; companyId: CompanyId }

/** The caller behind a key, or null: misshapen, unknown and revoked keys are told apart by nobody. */
export async function authenticate(deps: Pick<CoreDependencies, 'db'>, key: string): Promise<Caller | null> {
  if (!isApiKeyShaped(key)) return null
  return deps.db.asSystem('authenticate', async (tx) => {
    const found = await tx.apiKeys.findByHash(hashApiKey(key))
    if (found === null || found.revokedAt !== null) return null
    await tx.apiKeys.touch(found.id)
    return found.companyId === null
      ? { scope: 'provider', keyId: found.id }
      : { scope: 'company', keyId: found.id, companyId: found.companyId }
  })
}

/** True when the caller may see that company. Who may not is answered exactly as if it did not exist. */
export const mayUse = (caller: Caller, companyId: CompanyId): boolean =>
  caller.scope === 'provider' || caller.companyId === companyId

/** How the audit log names the caller. */
export const actorOf = (caller: Caller): string => `api-key:${caller.keyId}`
