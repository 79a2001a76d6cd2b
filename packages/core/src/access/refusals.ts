/**
 * Sign-ins that KSeF refused for good are not made again by whoever comes next: hammering on looks like an attack. The
 * refusal is remembered for a while, here and in Redis, for the one who was refused; a credential that is itself dead is
 * remembered whatever the context. What outlasts this memory stands in PostgreSQL: the integration's state and the
 * version's failure.
 */
import { createHash } from 'node:crypto'
import { KSEF_ERRORS, type KsefFailure } from '@ksef-fleet/ksef'
import type { Log } from '../log.ts'
import type { Sealer } from '../secrets/sealer.ts'
import { meaningOfRefusal } from './meaning-of-refusal.ts'
import { type TokenCache, type TokenOwner, tokenKey } from './token-cache.ts'
import { tolerant } from './tolerant.ts'

export type Refusals = {
  /** The refusal that still stands for this owner, or null. */
  standing(owner: TokenOwner): Promise<KsefFailure | null>
  /** Notes a failed sign-in; one that passes by itself is not kept. */
  note(owner: TokenOwner, failure: KsefFailure): Promise<void>
  /** It signed in. */
  end(owner: TokenOwner): Promise<void>
}

const KEPT_MS = 60_000

type Deps = {
  cache: Pick<TokenCache, 'get' | 'set' | 'delete'>
  sealer: Sealer
  now: () => Date
  log: Log
}

export function createRefusals(deps: Deps): Refusals {
  const mine = new Map<string, { failure: KsefFailure; until: number }>()

  const recall = async (owner: TokenOwner): Promise<KsefFailure | null> => {
    const key = keyOf(owner)
    const local = mine.get(key)
    if (local !== undefined && local.until > deps.now().getTime()) return local.failure
    mine.delete(key)
    const text = await tolerant(deps.log, () => deps.cache.get(key))
    const plain = typeof text === 'string' ? deps.sealer.open(text, owner) : null
    return plain === null ? null : readFailure(Buffer.from(plain).toString('utf8'))
  }

  return {
    async standing(owner) {
      return (await recall(owner)) ?? recall(everywhere(owner))
    },
    async note(owner, failure) {
      const meaning = meaningOfRefusal(failure)
      if (meaning === 'passes') return
      const of = meaning === 'credential' ? everywhere(owner) : owner
      mine.set(keyOf(of), { failure, until: deps.now().getTime() + KEPT_MS })
      const text = deps.sealer.seal(Buffer.from(JSON.stringify(failure), 'utf8'), of)
      await tolerant(deps.log, () => deps.cache.set(keyOf(of), text, KEPT_MS))
    },
    async end(owner) {
      for (const refused of [owner, everywhere(owner)]) {
        if (!mine.delete(keyOf(refused))) continue
        await tolerant(deps.log, () => deps.cache.delete(keyOf(refused)))
      }
    },
  }
}

/** What a process of this fleet sealed for this owner has this form; an older one's may not, and is a miss. */
function readFailure(text: string): KsefFailure | null {
  const failure: unknown = JSON.parse(text)
  return isFailure(failure) ? failure : null
}

const isFailure = (value: unknown): value is KsefFailure =>
  typeof value === 'object' &&
  value !== null &&
  'code' in value &&
  'operation' in value &&
  typeof value.code === 'string' &&
  Object.hasOwn(KSEF_ERRORS, value.code)

/** The credential's version in whatever context. */
const everywhere = ([kind, environment, , credentialId, version]: TokenOwner): TokenOwner => [
  kind,
  environment,
  '',
  credentialId,
  version,
  '',
  '',
]

const sha256 = (bytes: Uint8Array) => createHash('sha256').update(bytes).digest('hex')
const keyOf = (owner: TokenOwner): string => `${tokenKey(owner, sha256)}-refused`
