import type { Subject } from '../identity.ts'
import { KsefRefusal } from '../refusal.ts'
import { description, identifier, nip, object } from '../request-schemas.ts'
import type { PersonDetails } from '../stores/permissions.ts'

/** What grants are asked for with (schemas PersonPermissionsGrantRequest and EntityPermissionsGrantRequest). */
type IdDocument = { type: string; number: string; country: string }
type Named = { firstName: string; lastName: string }
type Details = {
  subjectDetailsType: PersonDetails['subjectDetailsType']
  personById?: Named | null
  personByFpWithId?: (Named & { identifier: { type: string; value: string } }) | null
  personByFpNoId?: (Named & { birthDate: string; idDocument: IdDocument }) | null
}

export type PersonGrantBody = {
  subjectIdentifier: Subject
  permissions: string[]
  description: string
  subjectDetails: Details
}
export type EntityGrantBody = {
  subjectIdentifier: { type: 'Nip'; value: string }
  permissions: { type: string; canDelegate?: boolean }[]
  description: string
  subjectDetails: { fullName: string }
}

export const PERSON_PERMISSIONS = [
  'CredentialsManage',
  'CredentialsRead',
  'InvoiceWrite',
  'InvoiceRead',
  'Introspection',
  'SubunitManage',
  'EnforcementOperations',
  'CollectiveIdentifierManage',
] as const

const text = (minLength: number, maxLength: number) => ({ type: 'string', minLength, maxLength }) as const
const named = { firstName: text(2, 30), lastName: text(2, 81) }
const nullable = (schema: object) => ({ ...schema, nullable: true })

const details = object(['subjectDetailsType'], {
  subjectDetailsType: {
    type: 'string',
    enum: ['PersonByIdentifier', 'PersonByFingerprintWithIdentifier', 'PersonByFingerprintWithoutIdentifier'],
  },
  personById: nullable(object(['firstName', 'lastName'], named)),
  personByFpWithId: nullable(
    object(['firstName', 'lastName', 'identifier'], { ...named, identifier: identifier(['Pesel', 'Nip']) }),
  ),
  personByFpNoId: nullable(
    object(['firstName', 'lastName', 'birthDate', 'idDocument'], {
      ...named,
      birthDate: { type: 'string', format: 'date' },
      idDocument: object(['type', 'number', 'country'], {
        type: text(1, 20),
        number: text(1, 20),
        country: text(2, 2),
      }),
    }),
  ),
})

export const personGrantBody = object(['subjectIdentifier', 'permissions', 'description', 'subjectDetails'], {
  subjectIdentifier: identifier(['Nip', 'Pesel', 'Fingerprint']),
  permissions: { type: 'array', minItems: 1, items: { type: 'string', enum: PERSON_PERMISSIONS } },
  description,
  subjectDetails: details,
})

export const entityGrantBody = object(['subjectIdentifier', 'permissions', 'description', 'subjectDetails'], {
  subjectIdentifier: object(['type', 'value'], { type: { type: 'string', enum: ['Nip'] }, value: nip }),
  permissions: {
    type: 'array',
    minItems: 1,
    items: object(['type'], {
      type: { type: 'string', enum: ['InvoiceWrite', 'InvoiceRead'] },
      canDelegate: { type: 'boolean' },
    }),
  },
  description,
  subjectDetails: object(['fullName'], { fullName: text(5, 90) }),
})

const IDENTIFIERS = {
  Nip: /^[1-9](\d[1-9]|[1-9]\d)\d{7}$/,
  Pesel: /^\d{11}$/,
  Fingerprint: /^[0-9A-Fa-f]{64}$/,
}

/**
 * The person's details as the queries return them.
 *
 * @throws KsefRefusal 21405 when the identifier is malformed, or the details are of another kind than it or missing
 */
export function personDetailsOf({ subjectIdentifier, subjectDetails }: PersonGrantBody): PersonDetails {
  if (!IDENTIFIERS[subjectIdentifier.type].test(subjectIdentifier.value))
    throw new KsefRefusal(21405, `Nieprawidłowy identyfikator ${subjectIdentifier.type}.`)
  const { subjectDetailsType, personById, personByFpWithId, personByFpNoId } = subjectDetails
  const known = { personIdentifier: null, birthDate: null, idDocument: null }
  const byIdentifier = subjectIdentifier.type !== 'Fingerprint'
  if (byIdentifier !== (subjectDetailsType === 'PersonByIdentifier'))
    throw new KsefRefusal(21405, 'subjectDetailsType nie odpowiada rodzajowi identyfikatora.')
  if (subjectDetailsType === 'PersonByIdentifier' && personById != null) {
    const { firstName, lastName } = personById
    return { subjectDetailsType, firstName, lastName, ...known }
  }
  if (subjectDetailsType === 'PersonByFingerprintWithIdentifier' && personByFpWithId != null) {
    const { firstName, lastName, identifier: personIdentifier } = personByFpWithId
    return { subjectDetailsType, firstName, lastName, ...known, personIdentifier }
  }
  if (subjectDetailsType === 'PersonByFingerprintWithoutIdentifier' && personByFpNoId != null) {
    const { firstName, lastName, birthDate, idDocument } = personByFpNoId
    return { subjectDetailsType, firstName, lastName, ...known, birthDate, idDocument }
  }
  throw new KsefRefusal(21405, `Brak danych osoby dla ${subjectDetailsType}.`)
}
