import type { KsefHttp } from '../http.ts'
import { type CertificateEnrollments, certificateEnrollments } from './certificate-enrollments.ts'
import { type IssuedCertificates, issuedCertificates } from './issued-certificates.ts'

/** Everything under the official tag "Certyfikaty": asking for certificates, and what was issued. */
export type Certificates = CertificateEnrollments & IssuedCertificates

export const certificates = (http: KsefHttp): Certificates => ({
  ...certificateEnrollments(http),
  ...issuedCertificates(http),
})
