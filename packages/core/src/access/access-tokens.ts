/**
 * Access tokens for integrations: from this process, else from Redis (sealed), else by refresh, else by a full sign-in.
 * One worker renews while the others go on with the token that is still good or wait for the new one. Redis only saves
 * sign-ins: without it every process signs in for itself.
 */
import { createHash } from 'node:crypto'
import { setTimeout as sleep } from 'node:timers/promises'
import type { KsefClient, KsefFailure, Sealed, SignedIn, SigningCertificate } from '@ksef-fleet/ksef'
import type { CoreDependencies } from '../dependencies.ts'
import type { Credential, Integration } from '../integrations/integration.ts'
import { readCertificate } from '../integrations/read-certificate.ts'
import type { Log } from '../log.ts'
import type { Sealer } from '../secrets/sealer.ts'
import { isGood, type KeptTokens, keepTokens, openTokens, sealTokens, shouldRenew } from './kept-tokens.ts'
import { type TokenCache, type TokenOwner, tokenKey } from './token-cache.ts'

export type Access = { ok: true; token: Sealed<string> } | { ok: false; failure: KsefFailure }

export type AccessTokens = {
  /** A token with enough life left for a call. @throws FleetError SECRET_UNAVAILABLE, CREDENTIAL_EXPIRED, CREDENTIAL_UNREADABLE */
  of(integration: Integration, credential: Credential): Promise<Access>
  /** A token from a sign-in made now: what a verification wants to see. @throws as `of` */
  signInAnew(integration: Integration, credential: Credential): Promise<Access>
  /** Forgets the token everywhere, e.g. after a 401. */
  drop(integration: Integration, credential: Credential): Promise<void>
}

const LOCK_MS = 45_000
const LOCK_WAIT_MS = 150

type Deps = Pick<CoreDependencies, 'secrets' | 'now' | 'randomBytes' | 'db'> & {
  ksef: KsefClient
  cache: TokenCache
  sealer: Sealer
  log: Log
}

export function createAccessTokens(deps: Deps): AccessTokens {
  const mine = new Map<string, KeptTokens>()
  const underWay = new Map<string, Promise<Access>>()

  const known = async (owner: TokenOwner): Promise<KeptTokens | null> => {
    const key = keyOf(owner)
    const local = mine.get(key)
    if (local !== undefined && !shouldRenew(local, deps.now())) return local
    const text = await tolerant(deps.log, () => deps.cache.get(key))
    const cached = typeof text === 'string' ? openTokens(deps.sealer, owner, text) : null
    if (cached !== null) mine.set(key, cached)
    return cached ?? local ?? null
  }

  const keep = async (owner: TokenOwner, tokens: KeptTokens): Promise<Access> => {
    const key = keyOf(owner)
    mine.set(key, tokens)
    const lifeMs = tokens.refresh.validUntil.getTime() - deps.now().getTime()
    if (lifeMs > 0)
      await tolerant(deps.log, () => deps.cache.set(key, sealTokens(deps.sealer, owner, tokens), lifeMs))
    return { ok: true, token: tokens.access.token }
  }

  const renew = async (
    integration: Integration,
    credential: Credential,
    kept: KeptTokens | null,
  ): Promise<Access> => {
    const owner = ownerOf(integration, credential)
    if (kept !== null && kept.refresh.validUntil > deps.now()) {
      const refreshed = await deps.ksef.signIn.refresh(kept.refresh.token)
      if (refreshed.ok) return keep(owner, keepTokens(refreshed.value.accessToken, kept.refresh, deps.now()))
      deps.log.warn({ code: refreshed.failure.code, integrationId: integration.id }, 'access.refresh-failed')
    }
    const signedIn = await signIn(deps, integration, credential)
    if (!signedIn.ok) return signedIn
    const { accessToken, refreshToken } = signedIn.value
    return keep(owner, keepTokens(accessToken, refreshToken, deps.now()))
  }

  /** One renewal per owner in the whole fleet; whoever does not hold the lock uses the old token or waits for the new. */
  const renewOnce = async (integration: Integration, credential: Credential): Promise<Access> => {
    const key = keyOf(ownerOf(integration, credential))
    const holder = Buffer.from(deps.randomBytes(12)).toString('hex')
    for (let waitedMs = 0; waitedMs < LOCK_MS; waitedMs += LOCK_WAIT_MS) {
      const kept = await known(ownerOf(integration, credential))
      if (kept !== null && !shouldRenew(kept, deps.now())) return { ok: true, token: kept.access.token }
      const locked = await tolerant(deps.log, () => deps.cache.lock(`${key}-lock`, holder, LOCK_MS))
      if (locked !== false) {
        try {
          return await renew(integration, credential, kept)
        } finally {
          await tolerant(deps.log, () => deps.cache.unlock(`${key}-lock`, holder))
        }
      }
      if (kept !== null && isGood(kept, deps.now())) return { ok: true, token: kept.access.token }
      await sleep(LOCK_WAIT_MS)
    }
    return renew(integration, credential, null)
  }

  return {
    async of(integration, credential) {
      const key = keyOf(ownerOf(integration, credential))
      const local = mine.get(key)
      if (local !== undefined && !shouldRenew(local, deps.now()))
        return { ok: true, token: local.access.token }
      const joined = underWay.get(key)
      if (joined !== undefined) return joined
      const work = renewOnce(integration, credential).finally(() => underWay.delete(key))
      underWay.set(key, work)
      return work
    },
    signInAnew: (integration, credential) => renew(integration, credential, null),
    async drop(integration, credential) {
      const key = keyOf(ownerOf(integration, credential))
      mine.delete(key)
      await tolerant(deps.log, () => deps.cache.delete(key))
    },
  }
}

async function signIn(
  deps: Deps,
  integration: Integration,
  credential: Credential,
): Promise<{ ok: true; value: SignedIn } | { ok: false; failure: KsefFailure }> {
  const { companyId, context } = integration
  const secret = await deps.secrets.getSecret(credential, { companyId, context })
  const result =
    secret.kind === 'token'
      ? await deps.ksef.signIn.withToken({ context, token: secret.token })
      : await deps.ksef.signIn.withCertificate({ context, certificate: certificateOf(secret, deps.now()) })
  await deps.db.withCompany(companyId, (tx) =>
    tx.audit.append({
      actor: 'worker',
      action: 'ksef.sign-in',
      subject: integration.id,
      outcome: result.ok ? 'ok' : 'refused',
      details: {
        credential: credential.id,
        version: credential.version,
        ...(result.ok ? {} : { code: result.failure.code }),
      },
    }),
  )
  return result
}

/** @throws FleetError CREDENTIAL_EXPIRED, CREDENTIAL_UNREADABLE */
function certificateOf(
  secret: { certificatePem: string; privateKeyPem: Sealed<string> },
  now: Date,
): SigningCertificate {
  return readCertificate(
    { certificatePem: secret.certificatePem, privateKeyPem: secret.privateKeyPem.reveal() },
    now,
  )
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

const keyOf = (owner: TokenOwner): string =>
  tokenKey(owner, (bytes) => createHash('sha256').update(bytes).digest('hex'))

/** Redis is the doorbell, not the truth: its failure is told to the operator and answered with `undefined`. */
async function tolerant<T>(log: Log, work: () => Promise<T>): Promise<T | undefined> {
  try {
    return await work()
  } catch (error) {
    log.warn({ reason: error instanceof Error ? error.name : 'unknown' }, 'access.cache-unavailable')
    return undefined
  }
}
