import { type AccessToken, Sealed } from '@ksef-fleet/ksef'
import { z } from 'zod'
import type { Sealer } from '../secrets/sealer.ts'
import type { TokenOwner } from './token-cache.ts'

/** A token and until when it is of use, by our clock. */
export type KeptToken = { token: Sealed<string>; until: Date }

/** An access token, the refresh token it came with, and until when each is of use. */
export type KeptTokens = {
  access: KeptToken
  refresh: KeptToken
  /** From here on one worker renews it while the others go on using it. */
  renewAt: Date
  /** From here on nobody uses it: a call must be able to finish with it. */
  goodUntil: Date
}

/** However long KSeF lets an access token live, ours is renewed after this time. */
const LIFE_MS_MAX = 55 * 60_000
/** A token that seems to be at its end when it is fresh says that our clock is wrong: it is not asked for in a loop. */
const LIFE_MS_MIN = 60_000
const RENEW_PART = 0.8
const GOOD_PART = 0.95

/** @param now when KSeF answered */
export function keepTokens(access: AccessToken, refresh: KeptToken, now: Date): KeptTokens {
  const kept = keepToken(access, now)
  const lifeMs = Math.min(kept.until.getTime() - now.getTime(), LIFE_MS_MAX)
  const after = (part: number) => new Date(now.getTime() + lifeMs * part)
  return { access: kept, refresh, renewAt: after(RENEW_PART), goodUntil: after(GOOD_PART) }
}

/**
 * A token's life is counted from its own two dates, and begins when it was answered: a length of time, which is right
 * whatever our clock shows. KSeF's `validUntil` is a moment on KSeF's clock, of use only where the token does not say.
 */
export function keepToken({ token, validUntil, lifeSeconds }: AccessToken, now: Date): KeptToken {
  const lifeMs = lifeSeconds === undefined ? validUntil.getTime() - now.getTime() : lifeSeconds * 1000
  return { token, until: new Date(now.getTime() + Math.max(lifeMs, LIFE_MS_MIN)) }
}

export const shouldRenew = (tokens: KeptTokens, now: Date): boolean => tokens.renewAt <= now
export const isGood = (tokens: KeptTokens, now: Date): boolean => tokens.goodUntil > now

const Kept = z.object({ token: z.string(), until: z.coerce.date() })
const Stored = z.object({ access: Kept, refresh: Kept, renewAt: z.coerce.date(), goodUntil: z.coerce.date() })

export function sealTokens(sealer: Sealer, owner: TokenOwner, tokens: KeptTokens): string {
  const bare = (kept: KeptToken) => ({ token: kept.token.reveal(), until: kept.until })
  const plain = { ...tokens, access: bare(tokens.access), refresh: bare(tokens.refresh) }
  return sealer.seal(Buffer.from(JSON.stringify(plain), 'utf8'), owner)
}

/** Null when the text was sealed for another owner, was altered, or is of another form: all of them are a miss. */
export function openTokens(sealer: Sealer, owner: TokenOwner, text: string): KeptTokens | null {
  const plain = sealer.open(text, owner)
  if (plain === null) return null
  const stored = Stored.safeParse(parseJson(Buffer.from(plain).toString('utf8')))
  if (!stored.success) return null
  const sealed = (kept: z.infer<typeof Kept>) => ({ ...kept, token: new Sealed(kept.token) })
  return { ...stored.data, access: sealed(stored.data.access), refresh: sealed(stored.data.refresh) }
}

function parseJson(text: string): unknown {
  try {
    return JSON.parse(text)
  } catch {
    return undefined // another version's form: a miss
  }
}
