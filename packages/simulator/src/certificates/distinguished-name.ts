import 'reflect-metadata'
import type { Name } from '@peculiar/x509'

/**
 * The attributes of a subject that a certification request must repeat exactly (certyfikaty-KSeF.md, section 2;
 * schema CertificateEnrollmentDataResponse). Several given names are one text, parted by spaces.
 */
export type EnrollmentData = {
  commonName: string
  countryName: string
  givenName: string | null
  surname: string | null
  serialNumber: string | null
  uniqueIdentifier: string | null
  organizationName: string | null
  organizationIdentifier: string | null
}

const OIDS = {
  commonName: '2.5.4.3',
  surname: '2.5.4.4',
  serialNumber: '2.5.4.5',
  countryName: '2.5.4.6',
  organizationName: '2.5.4.10',
  givenName: '2.5.4.42',
  uniqueIdentifier: '2.5.4.45',
  organizationIdentifier: '2.5.4.97',
} as const satisfies Record<keyof EnrollmentData, string>

const DEFAULT_COUNTRY = 'PL'

/** Reads the attributes of a name; a certificate without a country counts as Polish. */
export function enrollmentDataOf(name: Name): EnrollmentData {
  const field = (attribute: keyof typeof OIDS): string | null => {
    const values = name.getField(OIDS[attribute])
    return values.length === 0 ? null : values.join(' ')
  }
  return {
    commonName: field('commonName') ?? '',
    countryName: field('countryName') ?? DEFAULT_COUNTRY,
    givenName: field('givenName'),
    surname: field('surname'),
    serialNumber: field('serialNumber'),
    uniqueIdentifier: field('uniqueIdentifier'),
    organizationName: field('organizationName'),
    organizationIdentifier: field('organizationIdentifier'),
  }
}

/** Whether two subjects agree in every attribute. */
export const sameSubject = (a: EnrollmentData, b: EnrollmentData): boolean =>
  JSON.stringify(a) === JSON.stringify(b)
