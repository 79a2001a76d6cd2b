import { createHash } from 'node:crypto'
import type { Sealed } from '@ksef-fleet/ksef'
import type { Log } from '../log.ts'
import type { Sealer } from '../secrets/sealer.ts'
import { type KeptTokens, openTokens, sealTokens, shouldRenew } from './kept-tokens.ts'
import { companyKey, type TokenCache, type TokenOwner, tokenKey } from './token-cache.ts'
import { tolerant } from './tolerant.ts'

/** Where tokens are kept: a layer in this process above Redis. Redis only saves sign-ins, so its loss is no failure. */
export type TokenShelf = {
  /** What this process knows. */
  peek(owner: TokenOwner): KeptTokens | null
  /** What this process or Redis knows, the fresher of both. */
  get(owner: TokenOwner): Promise<KeptTokens | null>
  put(owner: TokenOwner, tokens: KeptTokens): Promise<void>
  /** Changes what this process knows, and only that. */
  hold(owner: TokenOwner, tokens: KeptTokens): void
  /** Forgets the tokens if their access token is this one. */
  drop(owner: TokenOwner, token: Sealed<string>): Promise<void>
  /** Forgets every token of the company in this process. */
  forgetCompany(companyId: string): void
  /** Erases every token of the company from Redis. @throws Error when Redis cannot be reached */
  eraseCompany(companyId: string): Promise<void>
  /**
   * The right to renew this owner's tokens, kept while its holder lives. Null when another process has it. Given as well
   * when Redis cannot be asked.
   */
  lock(owner: TokenOwner, holder: string, lifeMs: number): Promise<{ release(): Promise<void> } | null>
}

/** How often within its life a lock is prolonged: one answer of Redis may come late. */
const PROLONGED_PER_LIFE = 4

/** Owners this process remembers; the longest unrenewed is forgotten first. A token is a few kilobytes. */
const OWNERS_MAX = 20_000

export function createTokenShelf(deps: {
  cache: TokenCache
  sealer: Sealer
  now: () => Date
  log: Log
}): TokenShelf {
  const mine = new Map<string, KeptTokens>()
  const hold = (key: string, tokens: KeptTokens): void => {
    mine.delete(key)
    mine.set(key, tokens)
    if (mine.size <= OWNERS_MAX) return
    const [oldest] = mine.keys()
    if (oldest !== undefined) mine.delete(oldest)
  }

  /** The last token dropped of each owner: while Redis cannot be told, it would come back from there. */
  const dropped = new Map<string, Sealed<string>>()
  const isDropped = (key: string, { access }: KeptTokens): boolean =>
    dropped.get(key)?.reveal() === access.token.reveal()

  const tolerated = <T>(work: () => Promise<T>) => tolerant(deps.log, work)

  return {
    peek: (owner) => mine.get(keyOf(owner)) ?? null,
    async get(owner) {
      const key = keyOf(owner)
      const local = mine.get(key)
      if (local !== undefined && !shouldRenew(local, deps.now())) return local
      const text = await tolerated(() => deps.cache.get(key))
      const cached = typeof text === 'string' ? openTokens(deps.sealer, owner, text) : null
      // Redis may have missed the last renewal.
      if (
        cached === null ||
        isDropped(key, cached) ||
        (local !== undefined && local.goodUntil >= cached.goodUntil)
      )
        return local ?? null
      hold(key, cached)
      return cached
    },
    hold: (owner, tokens) => hold(keyOf(owner), tokens),
    async put(owner, tokens) {
      dropped.delete(keyOf(owner))
      hold(keyOf(owner), tokens)
      const lifeMs = tokens.refresh.until.getTime() - deps.now().getTime()
      if (lifeMs <= 0) return
      await tolerated(() => deps.cache.set(keyOf(owner), sealTokens(deps.sealer, owner, tokens), lifeMs))
    },
    async drop(owner, token) {
      const key = keyOf(owner)
      const isThis = (tokens: KeptTokens) => tokens.access.token.reveal() === token.reveal()
      const local = mine.get(key)
      if (local !== undefined && isThis(local)) mine.delete(key)
      dropped.set(key, token)
      await tolerated(async () => {
        const text = await deps.cache.get(key)
        const cached = text === null ? null : openTokens(deps.sealer, owner, text)
        if (cached !== null && isThis(cached)) await deps.cache.delete(key)
      })
    },
    forgetCompany(companyId) {
      const prefix = companyKey(companyId, sha256)
      for (const key of mine.keys()) if (key.startsWith(prefix)) mine.delete(key)
    },
    eraseCompany: (companyId) => deps.cache.deleteAll(companyKey(companyId, sha256)),
    async lock(owner, holder, lifeMs) {
      const key = `${keyOf(owner)}-lock`
      if ((await tolerated(() => deps.cache.lock(key, holder, lifeMs))) === false) return null
      const prolong = () => tolerated(() => deps.cache.prolong(key, holder, lifeMs))
      const timer = setInterval(() => void prolong(), lifeMs / PROLONGED_PER_LIFE)
      return {
        async release() {
          clearInterval(timer)
          await tolerated(() => deps.cache.unlock(key, holder))
        },
      }
    },
  }
}

const sha256 = (bytes: Uint8Array) => createHash('sha256').update(bytes).digest('hex')

const keyOf = (owner: TokenOwner): string => tokenKey(owner, sha256)
