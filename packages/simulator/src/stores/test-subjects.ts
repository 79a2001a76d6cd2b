import type { Permissions } from './permissions.ts'

/** An entity that test data made: what it is, and the members or units below it (dane-testowe-scenariusze.md). */
export type TestSubject = {
  subjectType: 'EnforcementAuthority' | 'VatGroup' | 'JST'
  subunits: { subjectNip: string; description: string }[]
  description: string
  createdDate: Date
}

/** Schema EntityRole. */
export type EntityRole = {
  parentEntityIdentifier: { type: 'Nip'; value: string } | null
  role: string
  description: string
  startDate: string
}

const ROLES = {
  EnforcementAuthority: { own: 'EnforcementAuthority', below: undefined },
  JST: { own: 'LocalGovernmentUnit', below: 'LocalGovernmentSubUnit' },
  VatGroup: { own: 'VatGroupUnit', below: 'VatGroupSubUnit' },
} as const

/** Roles of the entity with this NIP, the latest first (OpenAPI, GET /permissions/query/entities/roles). */
export function rolesOf(
  nip: string,
  testSubjects: ReadonlyMap<string, TestSubject>,
  permissions: Permissions,
): EntityRole[] {
  const roles: EntityRole[] = []
  const add = (role: string, at: { date: Date; description: string; parent?: string }) =>
    roles.push({
      role,
      description: at.description,
      startDate: at.date.toISOString(),
      parentEntityIdentifier: at.parent === undefined ? null : { type: 'Nip', value: at.parent },
    })
  for (const [subjectNip, { subjectType, subunits, description, createdDate }] of testSubjects) {
    const { own, below } = ROLES[subjectType]
    if (subjectNip === nip) add(own, { date: createdDate, description })
    const unit = subunits.find((one) => one.subjectNip === nip)
    if (unit !== undefined && below !== undefined)
      add(below, { date: createdDate, description: unit.description, parent: subjectNip })
  }
  const person = permissions.personOf(nip)
  if (person?.isBailiff === true) {
    const { createdDate = new Date(0), description = 'Komornik sądowy' } = person
    add('CourtBailiff', { date: createdDate, description })
  }
  return roles.sort((a, b) => b.startDate.localeCompare(a.startDate))
}
