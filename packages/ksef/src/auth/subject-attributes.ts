import type { JsonNameParams } from '@peculiar/x509'

/** One attribute of a distinguished name. */
export type SubjectAttribute = JsonNameParams[number]

/** The attributes of a subject that KSeF reads (podpis-xades.md; certyfikaty-KSeF.md, section 2). */
export const SUBJECT_OIDS = {
  commonName: '2.5.4.3',
  surname: '2.5.4.4',
  serialNumber: '2.5.4.5',
  countryName: '2.5.4.6',
  organizationName: '2.5.4.10',
  givenName: '2.5.4.42',
  uniqueIdentifier: '2.5.4.45',
  organizationIdentifier: '2.5.4.97',
} as const

export type SubjectAttributeName = keyof typeof SUBJECT_OIDS

/** X.520 defines these two as PrintableString; every other attribute may hold any letter. */
const PRINTABLE: readonly SubjectAttributeName[] = ['countryName', 'serialNumber']
const PRINTABLE_TEXT = /^[A-Za-z0-9 '()+,./:=?-]*$/

/** Typed values keep the library from reading quotes and commas in a company's name as syntax. */
export const subjectAttribute = (name: SubjectAttributeName, value: string): SubjectAttribute => ({
  [SUBJECT_OIDS[name]]: [
    PRINTABLE.includes(name) && PRINTABLE_TEXT.test(value)
      ? { printableString: value }
      : { utf8String: value },
  ],
})
