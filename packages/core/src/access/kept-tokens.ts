import { type AccessToken, Sealed } from '@ksef-fleet/ksef'
import { z } from 'zod'
import type { Sealer } from '../secrets/sealer.ts'
import type { TokenOwner } from './token-cache.ts'

/** An access token, the refresh token it came with, and until when each is of use. */
export type KeptTokens = {
  access: AccessToken
  refresh: AccessToken
  /** From here on one worker renews it while the others go on using it. */
  renewAt: Date
  /** From here on nobody uses it: a call must be able to finish with it. */
  goodUntil: Date
}

/** However long KSeF lets an access token live, ours is renewed after this time. */
const LIFE_MS_MAX = 55 * 60_000
const RENEW_PART = 0.8
const GOOD_PART = 0.95

export function keepTokens(access: AccessToken, refresh: AccessToken, now: Date): KeptTokens {
  const lifeMs = Math.min(access.validUntil.getTime() - now.getTime(), LIFE_MS_MAX)
  const after = (part: number) => new Date(now.getTime() + lifeMs * part)
  return { access, refresh, renewAt: after(RENEW_PART), goodUntil: after(GOOD_PART) }
}

export const shouldRenew = (tokens: KeptTokens, now: Date): boolean => tokens.renewAt <= now
export const isGood = (tokens: KeptTokens, now: Date): boolean => tokens.goodUntil > now

const Kept = z.object({ token: z.string(), validUntil: z.coerce.date() })
const Stored = z.object({ access: Kept, refresh: Kept, renewAt: z.coerce.date(), goodUntil: z.coerce.date() })

export function sealTokens(sealer: Sealer, owner: TokenOwner, tokens: KeptTokens): string {
  const bare = (kept: AccessToken) => ({ token: kept.token.reveal(), validUntil: kept.validUntil })
  const plain = { ...tokens, access: bare(tokens.access), refresh: bare(tokens.refresh) }
  return sealer.seal(Buffer.from(JSON.stringify(plain), 'utf8'), owner)
}

/** Null when the text was sealed for another owner, was altered, or is of another form: all of them are a miss. */
export function openTokens(sealer: Sealer, owner: TokenOwner, text: string): KeptTokens | null {
  const plain = sealer.open(text, owner)
  if (plain === null) return null
  const stored = Stored.safeParse(parseJson(Buffer.from(plain).toString('utf8')))
  if (!stored.success) return null
  const sealed = (kept: { token: string; validUntil: Date }) => ({ ...kept, token: new Sealed(kept.token) })
  return { ...stored.data, access: sealed(stored.data.access), refresh: sealed(stored.data.refresh) }
}

function parseJson(text: string): unknown {
  try {
    return JSON.parse(text)
  } catch {
    return undefined // another version's form: a miss
  }
}
