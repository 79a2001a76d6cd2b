// Official tag "Certyfikaty"; certyfikaty-KSeF.md of 03.02.2026, sections 1 to 5: from limits to the issued
// certificate. Everything here needs a sign-in by signature; after one by token KSeF says 25001 or 25002.
import * as z from 'zod'
import type { Result } from '../failure.ts'
import type { KsefHttp } from '../http.ts'
import type { Sealed } from '../sealed.ts'
import { wireDate } from '../wire-date.ts'
import { absent, present, referenceNumber, status, type WireStatus } from './wire.ts'

export type KsefCertificateType = 'Authentication' | 'Offline'

export type CertificateLimits = {
  /** Whether another enrolment would be taken now. */
  readonly canRequest: boolean
  readonly enrollment: { readonly remaining: number; readonly limit: number }
  readonly certificate: { readonly remaining: number; readonly limit: number }
}

/** The subject a certification request must repeat, read by KSeF from the certificate that signed in. */
export type EnrollmentData = {
  readonly commonName: string
  readonly countryName: string
  /** One text in the OpenAPI file, a list by certyfikaty-KSeF.md. */
  readonly givenName?: string | readonly string[]
  readonly surname?: string
  readonly serialNumber?: string
  readonly uniqueIdentifier?: string
  readonly organizationName?: string
  readonly organizationIdentifier?: string
}

export type Enrollment = {
  /** 5 to 100 letters, digits, spaces, `_` and `-`. */
  readonly certificateName: string
  readonly certificateType: KsefCertificateType
  /** PKCS#10 in DER and Base64. */
  readonly csr: string
  /** Valid from its making when left out. */
  readonly validFrom?: Date
}

export type EnrollmentStatus = {
  readonly requestDate: Date
  /** See {@link meaningOfEnrollmentStatus}. */
  readonly status: WireStatus
  /** 16 hex digits; there once the status is 200. */
  readonly certificateSerialNumber?: string
}

const limit = z.object({ remaining: z.number(), limit: z.number() })
export const CertificateLimitsResponse = z.object({
  canRequest: z.boolean(),
  enrollment: limit,
  certificate: limit,
})

export const EnrollmentDataResponse = z
  .object({
    commonName: z.string(),
    countryName: z.string(),
    givenName: absent(z.union([z.string(), z.array(z.string())])),
    surname: absent(z.string()),
    serialNumber: absent(z.string()),
    uniqueIdentifier: absent(z.string()),
    organizationName: absent(z.string()),
    organizationIdentifier: absent(z.string()),
  })
  .transform((data): EnrollmentData => present(data))

/** Body of `POST /certificates/enrollments`. */
export const EnrollCertificateRequest = z.strictObject({
  certificateName: z
    .string()
    .min(5)
    .max(100)
    .regex(/^[a-zA-Z0-9_\- ąćęłńóśźżĄĆĘŁŃÓŚŹŻ]+$/),
  certificateType: z.enum(['Authentication', 'Offline']),
  csr: z.base64(),
  validFrom: z.iso.datetime().optional(),
})
export const EnrollCertificateResponse = z.object({ referenceNumber })

export const EnrollmentStatusResponse = z
  .object({ requestDate: wireDate, status, certificateSerialNumber: absent(z.string()) })
  .transform((answer): EnrollmentStatus => present(answer))

export type CertificateEnrollments = {
  /** How many more requests and certificates the subject may have. */
  limits(access: Sealed<string>): Promise<Result<CertificateLimits>>
  /** What a request must repeat word for word, see {@link createCertificationRequest}. */
  enrollmentData(access: Sealed<string>): Promise<Result<EnrollmentData>>
  /**
   * Asks for a certificate. With effect `unknown` it may have been taken: `query` finds it by its name.
   * KSeF does not certify a key twice for different subjects, and a request counts against the limit.
   */
  enroll(
    access: Sealed<string>,
    enrollment: Enrollment,
  ): Promise<Result<{ readonly referenceNumber: string }>>
  /** Kept for 30 days, then `KSEF_GONE`. */
  enrollmentStatus(
    access: Sealed<string>,
    enrollmentReferenceNumber: string,
  ): Promise<Result<EnrollmentStatus>>
}

export const certificateEnrollments = (http: KsefHttp): CertificateEnrollments => ({
  limits: (access) => http.json({ operation: 'getCertificateLimits', access }, CertificateLimitsResponse),
  enrollmentData: (access) => http.json({ operation: 'getEnrollmentData', access }, EnrollmentDataResponse),
  async enroll(access, { validFrom, ...rest }) {
    const json = EnrollCertificateRequest.parse(present({ ...rest, validFrom: validFrom?.toISOString() }))
    return http.json({ operation: 'enrollCertificate', access, json }, EnrollCertificateResponse)
  },
  enrollmentStatus(access, enrollmentReferenceNumber) {
    const path = { referenceNumber: enrollmentReferenceNumber }
    return http.json({ operation: 'getEnrollmentStatus', path, access }, EnrollmentStatusResponse)
  },
})
