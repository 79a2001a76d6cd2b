/** Why a certificate cannot be used, and what to do about it. The keys are stable; the words are for people. */
export const CERTIFICATE_PROBLEMS = {
  CERTIFICATE_UNREADABLE: 'The certificate is not a PEM or DER X.509 certificate.',
  PRIVATE_KEY_UNREADABLE: 'The private key is not a PEM key in PKCS#8, PKCS#1 or SEC1 form.',
  PASSPHRASE_WRONG: 'The passphrase is missing or wrong.',
  PKCS12_UNREADABLE: 'The file is not a PKCS#12 container this library can open.',
  PKCS12_INCOMPLETE: 'The PKCS#12 container lacks the private key or its certificate.',
  KEY_MISMATCH: 'The private key does not belong to the certificate.',
  KEY_UNSUPPORTED: 'KSeF takes RSA keys and EC keys on P-256 or P-384; this key is neither.',
  RSA_KEY_TOO_SHORT: 'KSeF takes RSA keys of 2048 bits or more.',
  CERTIFICATE_NOT_YET_VALID: 'The certificate is not valid yet.',
  CERTIFICATE_OFFLINE_TYPE: 'The certificate is of type Offline: it confirms invoices and cannot sign in.',
  CERTIFICATE_NOT_OFFLINE_TYPE:
    'The certificate is not of type Offline: it confirms no invoices issued offline.',
  CERTIFICATE_EXPIRED: 'The certificate has expired.',
} as const

export type CertificateProblem = keyof typeof CERTIFICATE_PROBLEMS

/** A certificate that cannot be used. Never holds key material or a passphrase, nor a cause that might. */
export class CertificateError extends Error {
  readonly code: CertificateProblem

  constructor(code: CertificateProblem) {
    super(CERTIFICATE_PROBLEMS[code])
    this.name = 'CertificateError'
    this.code = code
  }
}
