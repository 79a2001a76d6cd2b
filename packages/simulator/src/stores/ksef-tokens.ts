import type { Clock } from '../clock.ts'
import type { Context, Subject } from '../identity.ts'
import type { Randomness } from '../randomness.ts'
import { newReferenceNumber } from '../reference-number.ts'

/** States of a KSeF token: Pending until `activeAt`, Active, Revoked (tokeny-ksef.md). */
export type KsefTokenStatus = 'Pending' | 'Active' | 'Revoked'

export type KsefToken = {
  referenceNumber: string
  /** The secret itself; KSeF shows it once. */
  token: string
  author: Subject
  context: Context
  description: string
  permissions: readonly string[]
  dateCreated: Date
  activeAt: Date
  lastUseDate?: Date
  revokedAt?: Date
}

export type NewKsefToken = Pick<KsefToken, 'author' | 'context' | 'description' | 'permissions' | 'activeAt'>

export type KsefTokens = {
  create(wanted: NewKsefToken): KsefToken
  find(referenceNumber: string): KsefToken | undefined
  bySecret(token: string): KsefToken | undefined
  inContext(context: Context): KsefToken[]
}

export function createKsefTokens(
  { clock, randomness }: { clock: Clock; randomness: Randomness },
  all: Map<string, KsefToken>,
): KsefTokens {
  return {
    create: (wanted) => {
      const now = clock.now()
      const referenceNumber = newReferenceNumber('EC', now, randomness)
      const kind = wanted.context.type === 'Nip' ? 'nip' : 'internalId'
      const token = `${referenceNumber}|${kind}-${wanted.context.value}|${randomness.hex(32).toLowerCase()}`
      const made: KsefToken = { ...wanted, referenceNumber, token, dateCreated: now }
      all.set(referenceNumber, made)
      return made
    },
    find: (referenceNumber) => all.get(referenceNumber),
    bySecret: (token) => {
      const candidate = all.get(token.split('|', 1)[0] ?? '')
      return candidate?.token === token ? candidate : undefined
    },
    inContext: (context) =>
      [...all.values()].filter(
        (one) => one.context.type === context.type && one.context.value === context.value,
      ),
  }
}

export function tokenStatus(token: KsefToken, now: Date): KsefTokenStatus {
  if (token.revokedAt !== undefined) return 'Revoked'
  return now < token.activeAt ? 'Pending' : 'Active'
}
