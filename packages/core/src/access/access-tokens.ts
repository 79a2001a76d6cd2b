/**
 * Access tokens: from this process, else from Redis (sealed), else by refresh, else by a full sign-in. One worker renews
 * while the others go on with the token that is still good, or wait for the new one.
 */
import { setTimeout as sleep } from 'node:timers/promises'
import { decodeAccessToken, type KsefFailure, type Sealed } from '@ksef-fleet/ksef'
import { FleetError } from '../errors.ts'
import type { CompanyId } from '../identifiers.ts'
import type { KsefContext } from '../integrations/integration.ts'
import type { Log } from '../log.ts'
import type { Sealer } from '../secrets/sealer.ts'
import { type AccessSubject, ownerOf } from './access-subject.ts'
import { type Booking, bookedKsef } from './booked-ksef.ts'
import { isGood, type KeptTokens, keepToken, keepTokens, shouldRenew } from './kept-tokens.ts'
import { createRefusals } from './refusals.ts'
import { type SignInDependencies, signIn } from './sign-in.ts'
import type { TokenCache } from './token-cache.ts'
import { createTokenShelf } from './token-shelf.ts'

export type Access = { ok: true; token: Sealed<string> } | { ok: false; failure: KsefFailure }

/** How tokens were answered since the process began: from its memory, with others' waiting, from Redis, by asking KSeF. */
export type TokenFigures = { process: number; waited: number; redis: number; renewed: number }

export type AccessTokens = {
  /**
   * A token with enough life left for a call. A sign-in that KSeF refused for good is not made again for a minute: the
   * refusal is answered once more.
   *
   * @throws FleetError SECRET_UNAVAILABLE, SECRET_BROKEN, CREDENTIAL_EXPIRED, CREDENTIAL_NOT_YET_VALID,
   *   CREDENTIAL_OFFLINE_TYPE, CREDENTIAL_UNREADABLE, CREDENTIAL_WRONG_CONTEXT
   */
  of(subject: AccessSubject): Promise<Access>
  /** A token from a sign-in made now: what a verification wants to see. @throws as `of` */
  signInAnew(subject: AccessSubject): Promise<Access>
  /** Forgets this token everywhere, e.g. after a 401. A newer one that took its place meanwhile is left alone. */
  drop(subject: AccessSubject, token: Sealed<string>): Promise<void>
  /** Forgets every token of the company in this process. */
  forgetCompany(companyId: CompanyId): void
  /** Erases every token of the company from Redis. @throws Error when Redis cannot be reached */
  eraseCompany(companyId: CompanyId): Promise<void>
  figures(): TokenFigures
}

/** Prolonged while its holder lives: one that died amid a sign-in keeps a company waiting no longer than this. */
const LOCK_MS = 4_000
const LOCK_WAIT_MS = 150
/** A sign-in takes a few requests; whoever waited so long makes one of its own. */
const WAIT_MS_MAX = 45_000
/** After a renewal that failed while the old token is still good. */
const RENEW_AGAIN_MS = 15_000

/** What KSeF says when this refresh token is of no use, as against when it cannot or will not answer now. */
const NO_TO_THIS_TOKEN: ReadonlySet<KsefFailure['kind']> = new Set([
  'unauthorized',
  'refused',
  'forbidden',
  'gone',
])

export type AccessDependencies = SignInDependencies &
  Booking & {
    randomBytes: (length: number) => Uint8Array
    cache: TokenCache
    sealer: Sealer
    log: Log
  }

export function createAccessTokens(deps: AccessDependencies): AccessTokens {
  const shelf = createTokenShelf(deps)
  const refusals = createRefusals(deps)
  const underWay = new Map<string, Promise<Access>>()
  const figures: TokenFigures = { process: 0, waited: 0, redis: 0, renewed: 0 }

  const renew = async (subject: AccessSubject, kept: KeptTokens | null): Promise<Access> => {
    const owner = ownerOf(subject)
    figures.renewed++
    const refreshed = kept === null ? null : await refresh(deps, subject, kept)
    const renewed = refreshed ?? (await signInFor(deps, subject))
    if ('failure' in renewed) {
      if (refreshed === null) await refusals.note(owner, renewed.failure)
      if (kept === null || !isGood(kept, deps.now())) return { ok: false, failure: renewed.failure }
      shelf.hold(owner, usedOn(kept, renewed.failure, deps.now()))
      return { ok: true, token: kept.access.token }
    }
    assertContext(renewed.access.token, subject.context)
    await refusals.end(owner)
    await shelf.put(owner, renewed)
    return { ok: true, token: renewed.access.token }
  }

  /** Whoever held the lock before may have signed in, or have been refused, a moment ago. */
  const renewLocked = async (subject: AccessSubject): Promise<Access> => {
    const owner = ownerOf(subject)
    const kept = await shelf.get(owner)
    if (kept !== null && !shouldRenew(kept, deps.now())) return { ok: true, token: kept.access.token }
    const refused = kept === null ? await refusals.standing(owner) : null
    return refused === null ? renew(subject, kept) : { ok: false, failure: refused }
  }

  /** One renewal per owner in the whole fleet; whoever does not hold the lock uses the old token or waits for the new. */
  const renewOnce = async (subject: AccessSubject): Promise<Access> => {
    const owner = ownerOf(subject)
    const holder = Buffer.from(deps.randomBytes(12)).toString('hex')
    for (let waitedMs = 0; waitedMs < WAIT_MS_MAX; waitedMs += LOCK_WAIT_MS) {
      const kept = await shelf.get(owner)
      if (kept !== null && !shouldRenew(kept, deps.now())) {
        figures.redis++
        return { ok: true, token: kept.access.token }
      }
      const lock = await shelf.lock(owner, holder, LOCK_MS)
      if (lock !== null) {
        try {
          return await renewLocked(subject)
        } finally {
          await lock.release()
        }
      }
      if (kept !== null && isGood(kept, deps.now())) return { ok: true, token: kept.access.token }
      await sleep(LOCK_WAIT_MS)
    }
    return renew(subject, null)
  }

  return {
    async of(subject) {
      const owner = ownerOf(subject)
      const local = shelf.peek(owner)
      if (local !== null && !shouldRenew(local, deps.now())) {
        figures.process++
        return { ok: true, token: local.access.token }
      }
      const key = JSON.stringify(owner)
      const joined = underWay.get(key)
      if (joined !== undefined) {
        figures.waited++
        return local !== null && isGood(local, deps.now()) ? { ok: true, token: local.access.token } : joined
      }
      const work = renewOnce(subject).finally(() => underWay.delete(key))
      underWay.set(key, work)
      return work
    },
    signInAnew: (subject) => renew(subject, null),
    drop: (subject, token) => shelf.drop(ownerOf(subject), token),
    forgetCompany: (companyId) => shelf.forgetCompany(companyId),
    eraseCompany: (companyId) => shelf.eraseCompany(companyId),
    figures: () => ({ ...figures }),
  }
}

/** KSeF cannot renew it now, but the old one still opens the door: nobody asks again for a while. */
function usedOn(kept: KeptTokens, { retryAfterSeconds = 0 }: KsefFailure, now: Date): KeptTokens {
  const waitMs = Math.max(RENEW_AGAIN_MS, retryAfterSeconds * 1000)
  return { ...kept, renewAt: new Date(now.getTime() + waitMs) }
}

/**
 * Two companies are never mixed: a token that says it is for another context is not used, whoever mixed them up. The claim
 * is not documented, so a token without it passes.
 *
 * @throws FleetError CREDENTIAL_WRONG_CONTEXT
 */
export function assertContext(token: Sealed<string>, context: KsefContext): void {
  const { context: claimed } = decodeAccessToken(token)
  if (claimed === undefined || (claimed.type === context.type && claimed.value === context.value)) return
  throw new FleetError('CREDENTIAL_WRONG_CONTEXT', {
    detail: 'KSeF signed the credential in to another context',
  })
}

/** Null when only a full sign-in helps; a failure when KSeF could not answer, which a sign-in would not mend. */
async function refresh(
  deps: AccessDependencies,
  subject: AccessSubject,
  kept: KeptTokens,
): Promise<KeptTokens | { failure: KsefFailure } | null> {
  if (kept.refresh.until <= deps.now()) return null
  await deps.trail.room()
  const refreshed = await bookedKsef(deps, subject).signIn.refresh(kept.refresh.token)
  if (refreshed.ok) return keepTokens(refreshed.value.accessToken, kept.refresh, deps.now())
  const { failure } = refreshed
  deps.log.warn({ code: failure.code }, 'access.refresh-failed')
  return NO_TO_THIS_TOKEN.has(failure.kind) ? null : { failure }
}

async function signInFor(
  deps: AccessDependencies,
  subject: AccessSubject,
): Promise<KeptTokens | { failure: KsefFailure }> {
  await deps.trail.room()
  const signedIn = await signIn(deps, bookedKsef(deps, subject), subject)
  if (!signedIn.ok) return { failure: signedIn.failure }
  const now = deps.now()
  const { accessToken, refreshToken } = signedIn.value
  return keepTokens(accessToken, keepToken(refreshToken, now), now)
}
