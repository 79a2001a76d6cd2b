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

export type NewBearer = { kind: BearerKind; lifeSeconds: number; permissions?: readonly string[] }

export type BearerTokens = {
  issue(authentication: Authentication, wanted: NewBearer): Promise<TokenInfo>
  /** The bearer, or undefined when the token is not ours, is damaged or has expired. */
  verify(token: string): Promise<Bearer | undefined>
}

const ISSUER = 'ksef-simulator'
const KINDS: readonly string[] = ['AuthenticationToken', 'AccessToken', 'RefreshToken'] satisfies BearerKind[]
const isKind = (value: unknown): value is BearerKind => typeof value === 'string' && KINDS.includes(value)

export function createBearerTokens(clock: Clock, secret: Uint8Array = randomBytes(32)): BearerTokens {
  return {
    issue: async (authentication, { kind, lifeSeconds, permissions = [] }) => {
      const now = clock.now()
      const issuedAt = Math.floor(now.getTime() / 1000)
      const token = await new SignJWT({
        tty: kind,
        arn: authentication.referenceNumber,
        cit: authentication.context.type,
        civ: authentication.context.value,
        per: [...permissions],
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
      const options = { issuer: ISSUER, audience: ISSUER, algorithms: ['HS256'], currentDate: clock.now() }
      const verified = await jwtVerify(token, secret, options).catch(() => undefined)
      const { tty, arn, per } = verified?.payload ?? {}
      if (!isKind(tty) || typeof arn !== 'string' || !Array.isArray(per)) return undefined
      return { kind: tty, authenticationReferenceNumber: arn, permissions: per.map(String) }
    },
  }
}
