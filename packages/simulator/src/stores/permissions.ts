import type { Clock } from '../clock.ts'
import { type Context, keyOf, nipOf, type Subject, sameIdentity } from '../identity.ts'
import type { Randomness } from '../randomness.ts'
import { newReferenceNumber } from '../reference-number.ts'
import type { TestSubject } from './test-subjects.ts'

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

/** Schema PermissionsSubjectPersonDetails. */
export type PersonDetails = {
  subjectDetailsType:
    | 'PersonByIdentifier'
    | 'PersonByFingerprintWithIdentifier'
    | 'PersonByFingerprintWithoutIdentifier'
  firstName: string
  lastName: string
  personIdentifier: { type: string; value: string } | null
  birthDate: string | null
  idDocument: { type: string; number: string; country: string } | null
}
export type EntityDetails = { subjectDetailsType: 'EntityByIdentifier'; fullName: string; address: null }

/** What a subject was granted in a context. States: announced until `startDate`, in force, over from `endDate` on. */
export type Grant = {
  id: string
  context: Context
  subject: Subject
  permission: string
  description: string
  startDate: Date
  endDate?: Date
  /** Entities are granted invoices only, and may be let to pass them on (`canDelegate`). */
  kind: 'person' | 'entity'
  canDelegate: boolean
  /** Who granted; absent when test data did, which counts as the system. */
  author?: Subject
  personDetails?: PersonDetails
  entityDetails?: EntityDetails
}

export type Person = {
  nip: string
  pesel: string
  isBailiff: boolean
  isDeceased: boolean
  createdDate?: Date
  description?: string
}

export type WantedGrant = { permissionType: string; description: string } & Partial<
  Pick<Grant, 'startDate' | 'kind' | 'canDelegate' | 'author' | 'personDetails' | 'entityDetails'>
>

type Links = {
  isOwner(context: Context, subject: Subject): boolean
  /** The subject and, by the link of NIP and PESEL, the same person's other identifier. */
  identitiesOf(subject: Subject): Subject[]
  /** Whether the entity behind a context may carry out enforcement: a bailiff or an enforcement authority. */
  enforces(context: Context): boolean
  /** Rights of an owner, none for anybody else. */
  ownRights(context: Context, subject: Subject): string[]
  isDeceased(subject: Subject): boolean
}

export type Permissions = Links & {
  /** Grants what is not held yet; by test data, to a person and at once, unless said otherwise. */
  grant(context: Context, subject: Subject, wanted: readonly WantedGrant[]): void
  revoke(context: Context, subject: Subject): void
  /** Ends one grant of a context at a moment; false when there is none of that id in force. */
  revokeGrant(context: Context, id: string, endDate: Date): boolean
  /** Grants in force of which a predicate holds, latest first. */
  list(fits: (grant: Grant) => boolean): Grant[]
  grantsTo(context: Context, subject: Subject): Grant[]
  /** Names of all rights in force. */
  inForce(context: Context, subject: Subject): string[]
  addPerson(person: Person): boolean
  removePerson(nip: string): void
  personOf(nip: string): Person | undefined
}

export type PermissionsState = { grants: Grant[]; people: Map<string, Person> }

const latestFirst = (a: Grant, b: Grant): number =>
  b.startDate.getTime() - a.startDate.getTime() || (a.id < b.id ? -1 : 1)

/** What follows from who somebody is, without any grant. */
function createLinks(
  people: ReadonlyMap<string, Person>,
  testSubjects: ReadonlyMap<string, TestSubject>,
): Links {
  const personBehind = (subject: Subject) =>
    [...people.values()].find((one) => one.nip === subject.value || one.pesel === subject.value)

  const isOwner = (context: Context, subject: Subject): boolean => {
    const nip = nipOf(context)
    if (nip === undefined) return false
    if (subject.type === 'Pesel') return people.get(nip)?.pesel === subject.value
    return subject.type === 'Nip' && subject.value === nip
  }
  const identitiesOf = (subject: Subject): Subject[] => {
    const person = subject.type === 'Fingerprint' ? undefined : personBehind(subject)
    if (person === undefined) return [subject]
    return [
      { type: 'Nip', value: person.nip },
      { type: 'Pesel', value: person.pesel },
    ]
  }
  const enforces = (context: Context): boolean => {
    const nip = nipOf(context) ?? ''
    return (
      people.get(nip)?.isBailiff === true || testSubjects.get(nip)?.subjectType === 'EnforcementAuthority'
    )
  }
  const ownerRights = (context: Context): string[] =>
    enforces(context) ? [...OWNER_PERMISSIONS, 'EnforcementOperations'] : [...OWNER_PERMISSIONS]
  return {
    isOwner,
    identitiesOf,
    enforces,
    ownRights: (context, subject) => (isOwner(context, subject) ? ownerRights(context) : []),
    isDeceased: (subject) => personBehind(subject)?.isDeceased === true,
  }
}

type Surroundings = {
  clock: Clock
  randomness: Randomness
  testSubjects: ReadonlyMap<string, TestSubject>
}

export function createPermissions(surroundings: Surroundings, state: PermissionsState): Permissions {
  const { clock, randomness, testSubjects } = surroundings
  const { people } = state
  const isOver = ({ endDate }: Grant): boolean => endDate !== undefined && endDate <= clock.now()
  const inForceNow = (grant: Grant): boolean => grant.startDate <= clock.now() && !isOver(grant)
  const list = (fits: (grant: Grant) => boolean): Grant[] =>
    state.grants.filter((grant) => inForceNow(grant) && fits(grant)).sort(latestFirst)
  const links = createLinks(people, testSubjects)
  const { identitiesOf } = links
  const between = (context: Context, subject: Subject) => {
    const theirs = new Set(identitiesOf(subject).map(keyOf))
    return (grant: Grant) => sameIdentity(grant.context, context) && theirs.has(keyOf(grant.subject))
  }
  const grantsTo = (context: Context, subject: Subject) => list(between(context, subject))

  return {
    grant: (context, subject, wanted) => {
      const fits = between(context, subject)
      const held = new Set(
        state.grants.filter((one) => !isOver(one) && fits(one)).map((grant) => grant.permission),
      )
      for (const { permissionType, ...rest } of wanted) {
        if (held.has(permissionType)) continue
        const id = newReferenceNumber('PE', clock.now(), randomness)
        const asked = { id, context, subject, permission: permissionType }
        state.grants.push({
          kind: 'person',
          canDelegate: false,
          startDate: clock.now(),
          ...rest,
          ...asked,
        })
      }
    },
    revoke: (context, subject) => {
      const gone = between(context, subject)
      state.grants = state.grants.filter((grant) => !gone(grant))
    },
    revokeGrant: (context, id, endDate) => {
      const found = list((grant) => grant.id === id && sameIdentity(grant.context, context))[0]
      if (found !== undefined) found.endDate = endDate
      return found !== undefined
    },
    list,
    grantsTo,
    ...links,
    inForce: (context, subject) => {
      const granted = grantsTo(context, subject).map((grant) => grant.permission)
      return [...new Set([...links.ownRights(context, subject), ...granted])]
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
    personOf: (nip) => people.get(nip),
  }
}
