import {
  CertificateError,
  type CertificateProblem,
  type CertificateSource,
  type CertificateUse,
  loadCertificate,
  type SigningCertificate,
} from '@ksef-fleet/ksef'
import { type ErrorCode, FleetError } from '../errors.ts'

/** Problems a caller mends in another way than by supplying the same thing in a readable form. */
const OWN_CODE: Partial<Record<CertificateProblem, ErrorCode>> = {
  CERTIFICATE_EXPIRED: 'CREDENTIAL_EXPIRED',
  CERTIFICATE_NOT_YET_VALID: 'CREDENTIAL_NOT_YET_VALID',
  CERTIFICATE_OFFLINE_TYPE: 'CREDENTIAL_OFFLINE_TYPE',
  CERTIFICATE_NOT_OFFLINE_TYPE: 'CREDENTIAL_NOT_OFFLINE_TYPE',
}

/**
 * A certificate ready to sign in with, or to sign codes of offline invoices with.
 *
 * @throws FleetError CREDENTIAL_EXPIRED, CREDENTIAL_NOT_YET_VALID, CREDENTIAL_OFFLINE_TYPE or CREDENTIAL_NOT_OFFLINE_TYPE where
 *   it is for the other use, CREDENTIAL_UNREADABLE
 */
export function readCertificate(
  source: CertificateSource,
  now: Date,
  use: CertificateUse = 'sign-in',
): SigningCertificate {
  try {
    return loadCertificate(source, now, use)
  } catch (error) {
    if (!(error instanceof CertificateError)) throw error
    throw new FleetError(OWN_CODE[error.code] ?? 'CREDENTIAL_UNREADABLE', { detail: error.message })
  }
}
