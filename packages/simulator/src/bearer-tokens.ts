import { randomBytes, randomUUID } from 'node:crypto'
import { jwtVerify, SignJWT } from 'jose'
import type { Clock } from './clock.ts'
import { later } from './clock.ts'
import type { Authentication } from './stores/authentications.ts'

/** The three kinds of JWT: for polling and redeeming a sign-in, for calling the API, for renewing access. */
export type BearerKind = 'AuthenticationToken' | 'AccessToken' | 'RefreshToken'

export type Bearer = {
  kind: BearerKind
  authenticationReferenceNumber: string
  permissions: readonly string[]
}

/** Schema TokenInfo. */
export type TokenInfo = { token: string; validUntil: string }

export type NewBearer = {
  kind: BearerKind
  lifeSeconds: number
  /** All rights it carries. */
  permissions?: readonly string[]
  /** An owner's token names that role in place of its rights. */
  asOwner?: boolean
}

export type BearerTokens = {
  issue(authentication: Authentication, wanted: NewBearer): Promise<TokenInfo>
  /** The bearer, or undefined when the token is not ours, is damaged or has expired. */
  verify(token: string): Promise<Bearer | undefined>
}

const ISSUER = 'ksef-simulator'
/** What KSeF calls the kinds in the claim `typ`. */
const TYPES: Readonly<Record<BearerKind, string>> = {
  AuthenticationToken: 'AuthenticationToken',
  AccessToken: 'ContextToken',
  RefreshToken: 'RefreshToken',
}
const KINDS: readonly BearerKind[] = ['AuthenticationToken', 'AccessToken', 'RefreshToken']
const kindOf = (type: unknown): BearerKind | undefined => KINDS.find((kind) => TYPES[kind] === type)

/** KSeF writes its lists as JSON text inside the token: `per` granted rights, `rol` roles, `pep` rights in effect. */
const listClaims = (permissions: readonly string[], asOwner: boolean) => ({
  per: JSON.stringify(asOwner ? ['Owner'] : permissions),
  rol: JSON.stringify(asOwner ? ['Owner'] : []),
  pep: JSON.stringify(permissions),
})

/** Signatures proved already; a client shows the same token many times. */
const PROVED_MAX = 10_000

export function createBearerTokens(clock: Clock, secret: Uint8Array = randomBytes(32)): BearerTokens {
  const proved = new Map<string, { bearer: Bearer; expiresAt: number }>()
  const remember = (token: string, known: { bearer: Bearer; expiresAt: number }) => {
    const [oldest] = proved.keys()
    if (proved.size >= PROVED_MAX && oldest !== undefined) proved.delete(oldest)
    proved.set(token, known)
  }
  return {
    issue: async (authentication, { kind, lifeSeconds, permissions = [], asOwner = false }) => {
      const now = clock.now()
      const issuedAt = Math.floor(now.getTime() / 1000)
      const token = await new SignJWT({
        typ: TYPES[kind],
        arn: authentication.referenceNumber,
        cit: authentication.context.type,
        civ: authentication.context.value,
        aum: authentication.method,
        ...listClaims(permissions, asOwner),
      })
        .setProtectedHeader({ alg: 'HS256', typ: 'JWT' })
        .setIssuer(ISSUER)
        .setAudience(ISSUER)
        .setIssuedAt(issuedAt)
        .setExpirationTime(issuedAt + lifeSeconds)
        .setJti(randomUUID())
        .sign(secret)
      return { token, validUntil: later(new Date(issuedAt * 1000), lifeSeconds * 1000).toISOString() }
    },
    verify: async (token) => {
      const known = proved.get(token)
      if (known !== undefined)
        return known.expiresAt > Math.floor(clock.now().getTime() / 1000) ? known.bearer : undefined
      const options = { issuer: ISSUER, audience: ISSUER, algorithms: ['HS256'], currentDate: clock.now() }
      const verified = await jwtVerify(token, secret, options).catch(() => undefined)
      const { typ, arn, pep, exp } = verified?.payload ?? {}
      const kind = kindOf(typ)
      if (kind === undefined || typeof arn !== 'string' || typeof pep !== 'string' || exp === undefined)
        return undefined
      const permissions: string[] = JSON.parse(pep)
      const bearer = { kind, authenticationReferenceNumber: arn, permissions }
      remember(token, { bearer, expiresAt: exp })
      return bearer
    },
  }
}
