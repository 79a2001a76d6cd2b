import { createPrivateKey, type KeyObject, X509Certificate } from 'node:crypto'
import { Sealed } from '../sealed.ts'
import { CertificateError } from './certificate-error.ts'
import { certificateFacts } from './certificate-facts.ts'
import { type KeyPair, readPkcs12 } from './pkcs12.ts'

export type KeyAlgorithm = 'rsa' | 'ecdsa-p256' | 'ecdsa-p384'

/** A certificate with its key, checked and ready to sign in with. */
export type SigningCertificate = {
  readonly certificateDer: Uint8Array
  readonly privateKey: Sealed<KeyObject>
  readonly algorithm: KeyAlgorithm
  /** The subject, one attribute a line, e.g. `organizationIdentifier=VATPL-5265877635`. */
  readonly subject: string
  /** The NIP of the organisation it names; null for a person's. */
  readonly subjectNip: string | null
  /** Upper-case hex. */
  readonly serialNumber: string
  /** SHA-256 of the DER in upper-case hex without colons: KSeF's certificate fingerprint. */
  readonly fingerprintSha256: string
  readonly notBefore: Date
  readonly notAfter: Date
}

export type CertificateSource =
  | { readonly certificatePem: string; readonly privateKeyPem: string; readonly passphrase?: string }
  | { readonly pkcs12: Uint8Array; readonly passphrase: string }

function readPrivateKey(pem: string, passphrase: string | undefined): KeyObject {
  const encrypted = /ENCRYPTED/.test(pem)
  try {
    return createPrivateKey(passphrase === undefined ? { key: pem } : { key: pem, passphrase })
  } catch {
    throw new CertificateError(encrypted ? 'PASSPHRASE_WRONG' : 'PRIVATE_KEY_UNREADABLE')
  }
}

function readPem(certificatePem: string, privateKey: KeyObject): KeyPair {
  try {
    return { certificate: new X509Certificate(certificatePem), privateKey }
  } catch {
    throw new CertificateError('CERTIFICATE_UNREADABLE')
  }
}

/** What KSeF takes: RSA of 2048 bits or more, EC on a curve of 256 bits or more (podpis-xades.md). */
function algorithmOf(key: KeyObject): KeyAlgorithm {
  const { modulusLength = 0, namedCurve } = key.asymmetricKeyDetails ?? {}
  if (key.asymmetricKeyType === 'rsa') {
    if (modulusLength < 2048) throw new CertificateError('RSA_KEY_TOO_SHORT')
    return 'rsa'
  }
  if (key.asymmetricKeyType === 'ec' && namedCurve === 'prime256v1') return 'ecdsa-p256'
  if (key.asymmetricKeyType === 'ec' && namedCurve === 'secp384r1') return 'ecdsa-p384'
  throw new CertificateError('KEY_UNSUPPORTED')
}

/** What a certificate of KSeF's is for: its type is `Authentication` or `Offline` (certyfikaty-KSeF.md). */
export type CertificateUse = 'sign-in' | 'offline'

/** KOD II is signed with RSA, or with ECDSA on P-256 (kody-qr.md). */
function assertUse(use: CertificateUse, certificateKind: CertificateUse, algorithm: KeyAlgorithm): void {
  if (use === 'sign-in' && certificateKind === 'offline')
    throw new CertificateError('CERTIFICATE_OFFLINE_TYPE')
  if (use === 'sign-in') return
  if (certificateKind !== 'offline') throw new CertificateError('CERTIFICATE_NOT_OFFLINE_TYPE')
  if (algorithm === 'ecdsa-p384') throw new CertificateError('KEY_UNSUPPORTED')
}

/**
 * Reads a certificate and its private key and checks that KSeF could take them at `now` for that use.
 * @throws CertificateError whose `code` says what is wrong, see {@link CERTIFICATE_PROBLEMS}
 */
export function loadCertificate(
  source: CertificateSource,
  now: Date = new Date(),
  use: CertificateUse = 'sign-in',
): SigningCertificate {
  const { certificate, privateKey } =
    'pkcs12' in source
      ? readPkcs12(source.pkcs12, source.passphrase)
      : readPem(source.certificatePem, readPrivateKey(source.privateKeyPem, source.passphrase))
  const algorithm = algorithmOf(privateKey)
  if (!certificate.checkPrivateKey(privateKey)) throw new CertificateError('KEY_MISMATCH')
  const { validFromDate: notBefore, validToDate: notAfter } = certificate
  const { certificateKind, subjectNip } = certificateFacts(certificate.raw)
  assertUse(use, certificateKind, algorithm)
  if (now < notBefore) throw new CertificateError('CERTIFICATE_NOT_YET_VALID')
  if (now > notAfter) throw new CertificateError('CERTIFICATE_EXPIRED')
  return {
    certificateDer: Uint8Array.from(certificate.raw),
    privateKey: new Sealed(privateKey),
    algorithm,
    subject: certificate.subject,
    subjectNip,
    serialNumber: certificate.serialNumber.toUpperCase(),
    fingerprintSha256: certificate.fingerprint256.replaceAll(':', ''),
    notBefore,
    notAfter,
  }
}
