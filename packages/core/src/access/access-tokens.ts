/**
 * Access tokens for integrations: from this process, else from Redis (sealed), else by refresh, else by a full sign-in.
 * One worker renews while the others go on with the token that is still good, or wait for the new one.
 */
import { setTimeout as sleep } from 'node:timers/promises'
import { decodeAccessToken, type KsefFailure, type Sealed } from '@ksef-fleet/ksef'
import { FleetError } from '../errors.ts'
import type { Credential, Integration } from '../integrations/integration.ts'
import type { Log } from '../log.ts'
import type { Sealer } from '../secrets/sealer.ts'
import { isGood, type KeptTokens, keepTokens, shouldRenew } from './kept-tokens.ts'
import { type SignInDependencies, signIn } from './sign-in.ts'
import type { TokenCache, TokenOwner } from './token-cache.ts'
import { createTokenShelf } from './token-shelf.ts'

export type Access = { ok: true; token: Sealed<string> } | { ok: false; failure: KsefFailure }

export type AccessTokens = {
  /** A token with enough life left for a call. @throws FleetError SECRET_UNAVAILABLE, CREDENTIAL_EXPIRED, CREDENTIAL_UNREADABLE, CREDENTIAL_REFUSED */
  of(integration: Integration, credential: Credential): Promise<Access>
  /** A token from a sign-in made now: what a verification wants to see. @throws as `of` */
  signInAnew(integration: Integration, credential: Credential): Promise<Access>
  /** Forgets this token everywhere, e.g. after a 401. A newer one that took its place meanwhile is left alone. */
  drop(integration: Integration, credential: Credential, token: Sealed<string>): Promise<void>
}

const LOCK_MS = 45_000
const LOCK_WAIT_MS = 150
/** After a renewal that failed while the old token is still good. */
const RENEW_AGAIN_MS = 15_000

/** What KSeF says when this refresh token is of no use, as against when it cannot or will not answer now. */
const NO_TO_THIS_TOKEN: ReadonlySet<KsefFailure['kind']> = new Set([
  'unauthorized',
  'refused',
  'forbidden',
  'gone',
])

type Deps = SignInDependencies & {
  randomBytes: (length: number) => Uint8Array
  cache: TokenCache
  sealer: Sealer
  log: Log
}

export function createAccessTokens(deps: Deps): AccessTokens {
  const shelf = createTokenShelf(deps)
  const underWay = new Map<string, Promise<Access>>()

  const renew = async (
    integration: Integration,
    credential: Credential,
    kept: KeptTokens | null,
  ): Promise<Access> => {
    const owner = ownerOf(integration, credential)
    const refreshed = kept === null ? null : await refresh(deps, kept)
    const renewed = refreshed ?? (await signInFor(deps, integration, credential))
    if ('failure' in renewed) {
      if (kept === null || !isGood(kept, deps.now())) return { ok: false, failure: renewed.failure }
      // KSeF cannot renew it now, but the old one still opens the door: nobody asks again for a while.
      const silenceMs = (renewed.failure.retryAfterSeconds ?? 0) * 1000
      const renewAt = new Date(deps.now().getTime() + Math.max(RENEW_AGAIN_MS, silenceMs))
      shelf.hold(owner, { ...kept, renewAt })
      return { ok: true, token: kept.access.token }
    }
    assertContext(renewed, integration)
    await shelf.put(owner, renewed)
    return { ok: true, token: renewed.access.token }
  }

  /** One renewal per owner in the whole fleet; whoever does not hold the lock uses the old token or waits for the new. */
  const renewOnce = async (integration: Integration, credential: Credential): Promise<Access> => {
    const owner = ownerOf(integration, credential)
    const holder = Buffer.from(deps.randomBytes(12)).toString('hex')
    for (let waitedMs = 0; waitedMs < LOCK_MS; waitedMs += LOCK_WAIT_MS) {
      const kept = await shelf.get(owner)
      if (kept !== null && !shouldRenew(kept, deps.now())) return { ok: true, token: kept.access.token }
      if (await shelf.lock(owner, holder, LOCK_MS)) {
        try {
          return await renew(integration, credential, kept)
        } finally {
          await shelf.unlock(owner, holder)
        }
      }
      if (kept !== null && isGood(kept, deps.now())) return { ok: true, token: kept.access.token }
      await sleep(LOCK_WAIT_MS)
    }
    return renew(integration, credential, null)
  }

  return {
    async of(integration, credential) {
      const owner = ownerOf(integration, credential)
      const local = shelf.peek(owner)
      if (local !== null && !shouldRenew(local, deps.now())) return { ok: true, token: local.access.token }
      const key = JSON.stringify(owner)
      const joined = underWay.get(key)
      if (joined !== undefined) {
        return local !== null && isGood(local, deps.now()) ? { ok: true, token: local.access.token } : joined
      }
      const work = renewOnce(integration, credential).finally(() => underWay.delete(key))
      underWay.set(key, work)
      return work
    },
    signInAnew: (integration, credential) => renew(integration, credential, null),
    drop: (integration, credential, token) => shelf.drop(ownerOf(integration, credential), token),
  }
}

/**
 * Two companies are never mixed: a token that says it is for another context is not used, whoever mixed them up. The claim
 * is not documented, so a token without it passes.
 */
function assertContext({ access }: KeptTokens, { context }: Integration): void {
  const claimed = decodeAccessToken(access.token).context
  if (claimed === undefined || (claimed.type === context.type && claimed.value === context.value)) return
  throw new FleetError('CREDENTIAL_REFUSED', { detail: 'KSeF signed the credential in to another context' })
}

/** Null when only a full sign-in helps; a failure when KSeF could not answer, which a sign-in would not mend. */
async function refresh(deps: Deps, kept: KeptTokens): Promise<KeptTokens | { failure: KsefFailure } | null> {
  if (kept.refresh.validUntil <= deps.now()) return null
  const refreshed = await deps.ksef.signIn.refresh(kept.refresh.token)
  if (refreshed.ok) return keepTokens(refreshed.value.accessToken, kept.refresh, deps.now())
  const { failure } = refreshed
  deps.log.warn({ code: failure.code }, 'access.refresh-failed')
  return NO_TO_THIS_TOKEN.has(failure.kind) ? null : { failure }
}

async function signInFor(
  deps: Deps,
  integration: Integration,
  credential: Credential,
): Promise<KeptTokens | { failure: KsefFailure }> {
  const signedIn = await signIn(deps, integration, credential)
  if (!signedIn.ok) return { failure: signedIn.failure }
  return keepTokens(signedIn.value.accessToken, signedIn.value.refreshToken, deps.now())
}

const ownerOf = (integration: Integration, credential: Credential): TokenOwner => [
  'access-token',
  integration.environment,
  integration.companyId,
  credential.id,
  String(credential.version),
  integration.context.type,
  integration.context.value,
]
