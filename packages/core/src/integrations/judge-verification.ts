import type { GrantedPermission } from '@ksef-fleet/ksef'
import type { UsableCredential } from '../credentials/credential.ts'
import { carriesGrantCode, isInForce } from './grant-code.ts'
import type { Integration, KsefScope, NipProof } from './integration.ts'

/** What a sign-in into the context showed. */
export type Seen = {
  /** Whether the company's own credential signed in, and not the provider's. */
  byOwnCredential: boolean
  /** What KSeF lists (`POST /permissions/query/personal/grants`); null when this subject may not ask. */
  grants: readonly GrantedPermission[] | null
  /** The token's `per` claim. */
  claimed: readonly string[]
}

export type Judgement = {
  permissionsInForce: readonly string[]
  /** Scopes the integration wants and does not have. */
  missing: readonly KsefScope[]
  proof: NipProof | null
}

/** The owner of a context may do everything in it; its token says so in one word. */
const OWNER = 'Owner'

/** What follows from a sign-in: which permissions are in force, which are missing, and whether the NIP is proved. */
export function judgeVerification(
  integration: Pick<Integration, 'scopes' | 'context' | 'grantCode' | 'nipProof'>,
  seen: Seen,
  now: Date,
): Judgement {
  const listed = (seen.grants ?? []).filter((grant) => isInForce(grant, integration.context))
  const permissionsInForce = [
    ...new Set([...listed.map(({ permissionScope }) => permissionScope), ...seen.claimed]),
  ].sort()
  return {
    permissionsInForce,
    missing: missingScopes(integration.scopes, permissionsInForce),
    proof: proofOf(integration, seen, now),
  }
}

/**
 * Whether a credential that signed in is the company's own. The provider's certificate supplied once more under a company's
 * name is not: it opens every client's context as before.
 */
export const isCompanysOwn = (
  { companyId, version }: UsableCredential,
  usable: readonly UsableCredential[],
): boolean =>
  companyId !== null &&
  (version.fingerprint === null ||
    !usable.some((one) => one.companyId === null && one.version.fingerprint === version.fingerprint))

/** Those of the scopes that the permissions in force do not cover. */
export const missingScopes = (
  scopes: readonly KsefScope[],
  permissionsInForce: readonly string[],
): KsefScope[] =>
  permissionsInForce.includes(OWNER) ? [] : scopes.filter((scope) => !permissionsInForce.includes(scope))

/**
 * With the provider's certificate every client's context opens, so the sign-in alone proves nothing. A proof holds for the
 * time of its check: an own credential and a grant's code are looked for each time, what an administrator attested stays
 * until it is taken back.
 */
function proofOf(
  { context, grantCode, nipProof }: Pick<Integration, 'context' | 'grantCode' | 'nipProof'>,
  { byOwnCredential, grants }: Seen,
  now: Date,
): NipProof | null {
  if (nipProof?.method === 'attested') return nipProof
  if (byOwnCredential) return { method: 'own-credential', at: now, by: null }
  const granted = carriesGrantCode(grants ?? [], { grantCode, context })
  return granted ? { method: 'grant-code', at: now, by: null } : null
}
