import 'reflect-metadata' // @peculiar/x509 resolves its algorithms through it
import { KeyUsageFlags, KeyUsagesExtension, X509Certificate } from '@peculiar/x509'
import { CertificateError } from './certificate-error.ts'
import { SUBJECT_OIDS } from './subject-attributes.ts'

/** What a certificate says about itself that decides whether, and as whom, it can sign in. */
export type CertificateFacts = {
  /** `offline` confirms invoices issued offline (KOD II) and never signs in; everything else may try. */
  readonly certificateKind: 'offline' | 'sign-in'
  /** The NIP of the organisation the certificate names; null for a person's. */
  readonly subjectNip: string | null
}

/** RFC 3739: every qualified certificate carries it, KSeF's own do not. */
const QUALIFIED_STATEMENTS = '1.3.6.1.5.5.7.1.3'
/** As KSeF reads the attribute (podpis-xades.md, "Rozpoznawane wzorce"). */
const NIP_OF_ORGANISATION = /VATPL.*?(\d{10})/

/**
 * KSeF's two types differ by keyUsage (certyfikaty-KSeF.md): digital signature, or non-repudiation for Offline.
 * Qualified signatures are often for non-repudiation alone as well, and do sign in, so they are set apart.
 */
function isOffline(certificate: X509Certificate): boolean {
  const usages = certificate.getExtension(KeyUsagesExtension)?.usages
  if (usages === undefined || certificate.getExtension(QUALIFIED_STATEMENTS) !== null) return false
  return (usages & KeyUsageFlags.nonRepudiation) !== 0 && (usages & KeyUsageFlags.digitalSignature) === 0
}

/**
 * Reads the facts of a certificate in DER.
 * @throws CertificateError CERTIFICATE_UNREADABLE
 */
export function certificateFacts(certificateDer: Uint8Array): CertificateFacts {
  try {
    const certificate = new X509Certificate(Uint8Array.from(certificateDer))
    const organisation = certificate.subjectName.getField(SUBJECT_OIDS.organizationIdentifier).join(' ')
    return {
      certificateKind: isOffline(certificate) ? 'offline' : 'sign-in',
      subjectNip: NIP_OF_ORGANISATION.exec(organisation)?.[1] ?? null,
    }
  } catch {
    throw new CertificateError('CERTIFICATE_UNREADABLE')
  }
}
