import {
  CertificateError,
  type CertificateSource,
  loadCertificate,
  type SigningCertificate,
} from '@ksef-fleet/ksef'
import { FleetError } from '../errors.ts'

/** A certificate ready to sign in with. @throws FleetError CREDENTIAL_EXPIRED, CREDENTIAL_UNREADABLE */
export function readCertificate(source: CertificateSource, now: Date): SigningCertificate {
  try {
    return loadCertificate(source, now)
  } catch (error) {
    if (!(error instanceof CertificateError)) throw error
    const dated = error.code === 'CERTIFICATE_EXPIRED' || error.code === 'CERTIFICATE_NOT_YET_VALID'
    throw new FleetError(dated ? 'CREDENTIAL_EXPIRED' : 'CREDENTIAL_UNREADABLE', { detail: error.message })
  }
}
