import { createHash } from 'node:crypto'
import type { Log } from '../log.ts'
import type { Sealer } from '../secrets/sealer.ts'
import { type KeptTokens, openTokens, sealTokens, shouldRenew } from './kept-tokens.ts'
import { type TokenCache, type TokenOwner, tokenKey } from './token-cache.ts'

/** Where tokens are kept: a layer in this process above Redis. Redis only saves sign-ins, so its loss is no failure. */
export type TokenShelf = {
  /** What this process knows. */
  peek(owner: TokenOwner): KeptTokens | null
  /** What this process or Redis knows, the fresher of both. */
  get(owner: TokenOwner): Promise<KeptTokens | null>
  put(owner: TokenOwner, tokens: KeptTokens): Promise<void>
  drop(owner: TokenOwner): Promise<void>
  /** False when another process is renewing this owner's tokens. True as well when Redis cannot be asked. */
  lock(owner: TokenOwner, holder: string, lifeMs: number): Promise<boolean>
  unlock(owner: TokenOwner, holder: string): Promise<void>
}

export function createTokenShelf(deps: {
  cache: TokenCache
  sealer: Sealer
  now: () => Date
  log: Log
}): TokenShelf {
  const mine = new Map<string, KeptTokens>()

  /** Redis is the doorbell, not the truth: its failure is told to the operator and answered with `undefined`. */
  const tolerant = async <T>(work: () => Promise<T>): Promise<T | undefined> => {
    try {
      return await work()
    } catch (error) {
      deps.log.warn({ reason: error instanceof Error ? error.name : 'unknown' }, 'access.cache-unavailable')
      return undefined
    }
  }

  return {
    peek: (owner) => mine.get(keyOf(owner)) ?? null,
    async get(owner) {
      const key = keyOf(owner)
      const local = mine.get(key)
      if (local !== undefined && !shouldRenew(local, deps.now())) return local
      const text = await tolerant(() => deps.cache.get(key))
      const cached = typeof text === 'string' ? openTokens(deps.sealer, owner, text) : null
      if (cached !== null) mine.set(key, cached)
      return cached ?? local ?? null
    },
    async put(owner, tokens) {
      mine.set(keyOf(owner), tokens)
      const lifeMs = tokens.refresh.validUntil.getTime() - deps.now().getTime()
      if (lifeMs <= 0) return
      await tolerant(() => deps.cache.set(keyOf(owner), sealTokens(deps.sealer, owner, tokens), lifeMs))
    },
    async drop(owner) {
      mine.delete(keyOf(owner))
      await tolerant(() => deps.cache.delete(keyOf(owner)))
    },
    async lock(owner, holder, lifeMs) {
      return (await tolerant(() => deps.cache.lock(`${keyOf(owner)}-lock`, holder, lifeMs))) !== false
    },
    async unlock(owner, holder) {
      await tolerant(() => deps.cache.unlock(`${keyOf(owner)}-lock`, holder))
    },
  }
}

const keyOf = (owner: TokenOwner): string =>
  tokenKey(owner, (bytes) => createHash('sha256').update(bytes).digest('hex'))
