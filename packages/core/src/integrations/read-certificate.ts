import {
  CertificateError,
  type CertificateProblem,
  type CertificateSource,
  loadCertificate,
  type SigningCertificate,
} from '@ksef-fleet/ksef'
import { type ErrorCode, FleetError } from '../errors.ts'

/** Problems a caller mends in another way than by supplying the same thing in a readable form. */
const OWN_CODE: Partial<Record<CertificateProblem, ErrorCode>> = {
  CERTIFICATE_EXPIRED: 'CREDENTIAL_EXPIRED',
  CERTIFICATE_NOT_YET_VALID: 'CREDENTIAL_NOT_YET_VALID',
  CERTIFICATE_OFFLINE_TYPE: 'CREDENTIAL_OFFLINE_TYPE',
}

/**
 * A certificate ready to sign in with.
 *
 * @throws FleetError CREDENTIAL_EXPIRED, CREDENTIAL_NOT_YET_VALID, CREDENTIAL_OFFLINE_TYPE, CREDENTIAL_UNREADABLE
 */
export function readCertificate(source: CertificateSource, now: Date): SigningCertificate {
  try {
    return loadCertificate(source, now)
  } catch (error) {
    if (!(error instanceof CertificateError)) throw error
    throw new FleetError(OWN_CODE[error.code] ?? 'CREDENTIAL_UNREADABLE', { detail: error.message })
  }
}
