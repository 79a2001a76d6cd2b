import * as z from 'zod'
import type { Sealed } from './sealed.ts'

/** What an access token says about itself. Read, not verified: only KSeF can verify it. */
export type AccessTokenClaims = {
  /** When KSeF made it, by KSeF's clock. */
  readonly issuedAt: Date | null
  /** When it ends, by KSeF's clock. */
  readonly expiresAt: Date | null
  readonly context?: { readonly type: string; readonly value: string }
  /** KSeF's `per` claim: the permissions the subject has in the context. */
  readonly permissions?: readonly string[]
}

const list = z
  .union([z.array(z.string()), z.string().transform((text) => readList(text))])
  .optional()
  .catch(undefined)

/** KSeF writes some lists as JSON text inside the JSON of the token. */
function readList(text: string): string[] {
  const parsed = z.array(z.string()).safeParse(parse(text))
  return parsed.success ? parsed.data : text.split(',').map((entry) => entry.trim())
}

const Claims = z.object({
  iat: z.number().optional().catch(undefined),
  exp: z.number().optional().catch(undefined),
  'context-identifier-type': z.string().optional().catch(undefined),
  'context-identifier-value': z.string().optional().catch(undefined),
  cit: z.string().optional().catch(undefined),
  civ: z.string().optional().catch(undefined),
  per: list,
  permissions: list,
})

function parse(text: string): unknown {
  try {
    return JSON.parse(text)
  } catch {
    return undefined // a token we cannot read is a token without claims
  }
}

/** JWT dates are seconds (RFC 7519, NumericDate); one beyond any calendar is none. */
function dateOf(seconds: number | undefined): Date | null {
  const date = new Date((seconds ?? Number.NaN) * 1000)
  return Number.isNaN(date.getTime()) ? null : date
}

/**
 * Reads the claims of a JWT leniently: a claim that is missing or of another type is left out, a token that
 * is no JWT has none. Claim names come long and short (`context-identifier-type`, `cit`).
 */
export function decodeAccessToken(token: Sealed<string>): AccessTokenClaims {
  const payload = token.reveal().split('.')[1] ?? ''
  const parsed = Claims.safeParse(parse(Buffer.from(payload, 'base64url').toString('utf8')))
  if (!parsed.success) return { issuedAt: null, expiresAt: null }
  const claims = parsed.data
  const type = claims['context-identifier-type'] ?? claims.cit
  const value = claims['context-identifier-value'] ?? claims.civ
  const permissions = claims.per ?? claims.permissions
  return {
    issuedAt: dateOf(claims.iat),
    expiresAt: dateOf(claims.exp),
    ...(type === undefined || value === undefined ? {} : { context: { type, value } }),
    ...(permissions === undefined ? {} : { permissions }),
  }
}

/**
 * For how many seconds KSeF made the token, from its own two dates: a length of time, which is right whatever
 * our clock shows, where `validUntil` is a moment on KSeF's clock, which may differ from ours by minutes. Null
 * when the token does not say.
 */
export function lifeSecondsOf(token: Sealed<string>): number | null {
  const { issuedAt, expiresAt } = decodeAccessToken(token)
  if (issuedAt === null || expiresAt === null || expiresAt <= issuedAt) return null
  return (expiresAt.getTime() - issuedAt.getTime()) / 1000
}
