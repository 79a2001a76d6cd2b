import type { Clock } from '../clock.ts'
import type { Context, Subject } from '../identity.ts'
import type { Randomness } from '../randomness.ts'
import { newReferenceNumber } from '../reference-number.ts'

/** States of a KSeF token: Pending until `activeAt`, Active or Failed; Revoking, Revoked (tokeny-ksef.md). */
export type KsefTokenStatus = 'Pending' | 'Active' | 'Failed' | 'Revoking' | 'Revoked'

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
  /** From this moment on it no longer signs in. */
  revokedAt?: Date
  /** When revoking is done; at once when absent. */
  revocationDoneAt?: Date
  /** Why its activation failed. */
  failure?: readonly string[]
}

export type NewKsefToken = Pick<
  KsefToken,
  'author' | 'context' | 'description' | 'permissions' | 'activeAt' | 'failure'
>

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
  const { revokedAt, revocationDoneAt = revokedAt } = token
  if (revokedAt !== undefined && revocationDoneAt !== undefined)
    return now < revocationDoneAt ? 'Revoking' : 'Revoked'
  if (now < token.activeAt) return 'Pending'
  return token.failure === undefined ? 'Active' : 'Failed'
}
