import { encodeOwner } from '../secrets/sealer.ts'

/** The few commands of Redis that caching an access token takes. */
export interface TokenCache {
  get(key: string): Promise<string | null>
  set(key: string, value: string, lifeMs: number): Promise<void>
  delete(key: string): Promise<void>
  /** True when this caller now holds the lock, for at most `lifeMs`. */
  lock(key: string, holder: string, lifeMs: number): Promise<boolean>
  /** Gives the lock back, if this holder still has it. */
  unlock(key: string, holder: string): Promise<void>
}

/** Whose token: all that makes two tokens different, and nothing else. Also the associated data it is sealed for. */
export type TokenOwner = readonly [
  kind: 'access-token',
  environment: string,
  companyId: string,
  credentialId: string,
  credentialVersion: string,
  contextType: string,
  contextValue: string,
]

/** Redis key of an owner: hashed over length-prefixed parts, so that no NIP stands in Redis and no two owners meet. */
export const tokenKey = (owner: TokenOwner, hash: (bytes: Uint8Array) => string): string =>
  `fleet-token-${hash(encodeOwner(owner))}`
