import { encodeOwner } from '../secrets/sealer.ts'

/** The few commands of Redis that caching an access token takes. */
export interface TokenCache {
  get(key: string): Promise<string | null>
  set(key: string, value: string, lifeMs: number): Promise<void>
  delete(key: string): Promise<void>
  /** Removes every key that begins so. */
  deleteAll(prefix: string): Promise<void>
  /** True when this caller now holds the lock, for at most `lifeMs`. */
  lock(key: string, holder: string, lifeMs: number): Promise<boolean>
  /** Lets the lock live so long from now, if this holder still has it. */
  prolong(key: string, holder: string, lifeMs: number): Promise<void>
  /** Gives the lock back, if this holder still has it. */
  unlock(key: string, holder: string): Promise<void>
}

/** Whose token: all that makes two tokens different, and nothing else. Also the associated data it is sealed for. */
export type TokenOwner = readonly [
  kind: 'access-token',
  environment: string,
  /** Empty for the provider's own context. */
  companyId: string,
  credentialId: string,
  credentialVersion: string,
  contextType: string,
  contextValue: string,
]

type Hash = (bytes: Uint8Array) => string

/**
 * Redis key of an owner: hashed over length-prefixed parts, so that no NIP stands in Redis and no two owners meet. All
 * keys of one company begin alike, so that a company's tokens can be found and erased.
 */
export const tokenKey = (owner: TokenOwner, hash: Hash): string =>
  `${companyKey(owner[2], hash)}${hash(encodeOwner(owner))}`

/** What the keys of all tokens of a company begin with. */
export const companyKey = (companyId: string, hash: Hash): string =>
  `fleet-token-${hash(encodeOwner(['company', companyId])).slice(0, 32)}-`
