import { createHash, X509Certificate } from 'node:crypto'
import 'reflect-metadata'
import { X509Certificate as ParsedCertificate } from '@peculiar/x509'
import type { Subject } from '../identity.ts'
import { KsefRefusal } from '../refusal.ts'
import { digestBy } from './algorithms.ts'
import { elementsAt, onlyElement, type SignedDocument } from './signed-document.ts'

const ORGANIZATION_IDENTIFIER = '2.5.4.97'
const SERIAL_NUMBER = '2.5.4.5'

function parseCertificate(base64: string): X509Certificate {
  try {
    return new X509Certificate(Buffer.from(base64, 'base64'))
  } catch {
    throw new KsefRefusal(21115, 'Nie można odczytać certyfikatu z KeyInfo.')
  }
}

/**
 * The certificate that signed: the one in KeyInfo whose digest the signed properties name (SigningCertificate or
 * SigningCertificateV2). A certificate that only lies beside it proves nothing, so the digest must match.
 */
export function signingCertificate(signed: SignedDocument): X509Certificate {
  const cert = onlyElement(
    signed.signedProperties,
    './xades:SignedSignatureProperties/*[self::xades:SigningCertificate or self::xades:SigningCertificateV2]/xades:Cert[1]/xades:CertDigest',
  )
  onlyElement(signed.signedProperties, './xades:SignedSignatureProperties/xades:SigningTime')
  const algorithm = onlyElement(cert, './ds:DigestMethod').attr('Algorithm')?.value ?? ''
  const expected = onlyElement(cert, './ds:DigestValue').content.replaceAll(/\s/g, '')
  const offered = elementsAt(signed.signature, './ds:KeyInfo/ds:X509Data/ds:X509Certificate')
  const match = offered
    .map((element) => parseCertificate(element.content))
    .find((certificate) => digestBy(algorithm, certificate.raw) === expected)
  if (match === undefined)
    throw new KsefRefusal(9105, 'Certyfikat w KeyInfo nie jest tym, który wskazują SignedProperties.')
  return match
}

/** SHA-256 of the certificate's DER in upper-case hexadecimal: the Fingerprint identifier of permissions. */
export const fingerprintOf = (certificate: X509Certificate): string =>
  createHash('sha256').update(certificate.raw).digest('hex').toUpperCase()

/**
 * Who a certificate names (podpis-xades.md): `organizationIdentifier` VATPL-… for a seal, `serialNumber` PNOPL-…
 * or TINPL-… for a person. Undefined when it carries neither; such a certificate signs in by fingerprint only.
 */
export function subjectOf(certificate: X509Certificate): Subject | undefined {
  const name = new ParsedCertificate(certificate.raw).subjectName
  const organization = name.getField(ORGANIZATION_IDENTIFIER).join(' ')
  const serial = name.getField(SERIAL_NUMBER).join(' ')
  const seal = /VATPL.*?(\d{10})/.exec(organization)?.[1]
  if (seal !== undefined) return { type: 'Nip', value: seal }
  const pesel = /(?:PNOPL|PESEL).*?(\d{11})/.exec(serial)?.[1]
  if (pesel !== undefined) return { type: 'Pesel', value: pesel }
  const nip = /(?:TINPL|NIP).*?(\d{10})/.exec(serial)?.[1]
  return nip === undefined ? undefined : { type: 'Nip', value: nip }
}

/** A seal names an organization, anything else counts as a personal signature. */
export function isSeal(certificate: X509Certificate): boolean {
  return new ParsedCertificate(certificate.raw).subjectName.getField(ORGANIZATION_IDENTIFIER).length > 0
}
