import type { Clock } from '../clock.ts'
import { type Context, keyOf, nipOf, type Subject, sameIdentity } from '../identity.ts'
import type { Randomness } from '../randomness.ts'
import { newReferenceNumber } from '../reference-number.ts'

/** Rights that an owner has by the law of identity: the same NIP, or a PESEL tied to it (uprawnienia.md). */
export const OWNER_PERMISSIONS = [
  'InvoiceRead',
  'InvoiceWrite',
  'Introspection',
  'CredentialsRead',
  'CredentialsManage',
  'SubunitManage',
  'CollectiveIdentifierManage',
] as const

export type Grant = {
  id: string
  context: Context
  subject: Subject
  permission: string
  description: string
  startDate: Date
}

export type Person = { nip: string; pesel: string; isBailiff: boolean; isDeceased: boolean }

export type WantedGrant = { permissionType: string; description: string }

export type Permissions = {
  grant(context: Context, subject: Subject, wanted: readonly WantedGrant[]): void
  revoke(context: Context, subject: Subject): void
  grantsTo(context: Context, subject: Subject): Grant[]
  isOwner(context: Context, subject: Subject): boolean
  /** The subject and, by the link of NIP and PESEL, the same person's other identifier. */
  identitiesOf(subject: Subject): Subject[]
  /** Names of all rights in force. */
  inForce(context: Context, subject: Subject): string[]
  addPerson(person: Person): boolean
  removePerson(nip: string): void
  isDeceased(subject: Subject): boolean
}

export type PermissionsState = { grants: Grant[]; people: Map<string, Person> }

export function createPermissions(
  { clock, randomness }: { clock: Clock; randomness: Randomness },
  state: PermissionsState,
): Permissions {
  const { people } = state
  const between = (context: Context, subject: Subject) => (grant: Grant) =>
    sameIdentity(grant.context, context) && sameIdentity(grant.subject, subject)
  const personOf = (subject: Subject) =>
    [...people.values()].find((one) => one.nip === subject.value || one.pesel === subject.value)

  const isOwner = (context: Context, subject: Subject): boolean => {
    const nip = nipOf(context)
    if (nip === undefined) return false
    const person = people.get(nip)
    return subject.type === 'Pesel'
      ? person?.pesel === subject.value
      : subject.type === 'Nip' && subject.value === nip
  }
  const identitiesOf = (subject: Subject): Subject[] => {
    const person = subject.type === 'Fingerprint' ? undefined : personOf(subject)
    if (person === undefined) return [subject]
    return [
      { type: 'Nip', value: person.nip },
      { type: 'Pesel', value: person.pesel },
    ]
  }
  const ownerRights = (context: Context): string[] => {
    const bailiff = people.get(nipOf(context) ?? '')?.isBailiff === true
    return bailiff ? [...OWNER_PERMISSIONS, 'EnforcementOperations'] : [...OWNER_PERMISSIONS]
  }
  const grantsTo = (context: Context, subject: Subject) => state.grants.filter(between(context, subject))

  return {
    grant: (context, subject, wanted) => {
      const held = new Set(grantsTo(context, subject).map((grant) => grant.permission))
      for (const { permissionType, description } of wanted) {
        if (held.has(permissionType)) continue
        const startDate = clock.now()
        const id = newReferenceNumber('PE', startDate, randomness)
        state.grants.push({ id, context, subject, permission: permissionType, description, startDate })
      }
    },
    revoke: (context, subject) => {
      const gone = between(context, subject)
      state.grants = state.grants.filter((grant) => !gone(grant))
    },
    grantsTo,
    isOwner,
    identitiesOf,
    inForce: (context, subject) => {
      const granted = grantsTo(context, subject).map((grant) => grant.permission)
      return [...new Set(isOwner(context, subject) ? [...ownerRights(context), ...granted] : granted)]
    },
    addPerson: (person) => {
      if (people.has(person.nip)) return false
      people.set(person.nip, person)
      return true
    },
    removePerson: (nip) => {
      const person = people.get(nip)
      people.delete(nip)
      if (person === undefined) return
      const theirs = new Set([
        keyOf({ type: 'Nip', value: nip }),
        keyOf({ type: 'Pesel', value: person.pesel }),
      ])
      state.grants = state.grants.filter((grant) => !theirs.has(keyOf(grant.subject)))
    },
    isDeceased: (subject) => personOf(subject)?.isDeceased === true,
  }
}
