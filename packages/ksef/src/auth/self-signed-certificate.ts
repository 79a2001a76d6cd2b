import 'reflect-metadata' // @peculiar/x509 resolves its algorithms through it
import { randomBytes } from 'node:crypto'
import { Name, X509CertificateGenerator } from '@peculiar/x509'
import { KEY_ALGORITHMS, newKeyPair } from './new-key-pair.ts'
import { type SubjectAttribute, subjectAttribute } from './subject-attributes.ts'

/** Whose certificate: an organisation's seal with its NIP, or a person's signature with a PESEL. */
export type SelfSignedRequest = ({ readonly nip: string } | { readonly pesel: string }) & {
  /** The organisation's full name, or a person's given name and surname. */
  readonly name: string
  readonly algorithm: 'rsa' | 'ecdsa-p256'
  readonly notBefore: Date
  readonly notAfter: Date
}

const COUNTRY = subjectAttribute('countryName', 'PL')

/** The subject's attributes that KSeF recognises (podpis-xades.md, "Wymagane atrybuty"). */
function subjectOf(request: SelfSignedRequest): SubjectAttribute[] {
  const name = subjectAttribute('commonName', request.name)
  if ('nip' in request) {
    const identifier = subjectAttribute('organizationIdentifier', `VATPL-${request.nip}`)
    return [COUNTRY, subjectAttribute('organizationName', request.name), identifier, name]
  }
  const [givenName = '', ...surname] = request.name.split(' ')
  return [
    COUNTRY,
    subjectAttribute('givenName', givenName),
    subjectAttribute('surname', surname.join(' ') || givenName),
    subjectAttribute('serialNumber', `PNOPL-${request.pesel}`),
    name,
  ]
}

/**
 * Makes a key and a certificate signed by itself. KSeF takes such certificates on TEST only, where they let
 * anyone act as any taxpayer; nothing real may be sent there (testowe-certyfikaty-i-podpisy-xades.md).
 */
export async function createSelfSignedCertificate(
  request: SelfSignedRequest,
): Promise<{ readonly certificatePem: string; readonly privateKeyPem: string }> {
  const { keys, privateKeyPem } = await newKeyPair(request.algorithm)
  const certificate = await X509CertificateGenerator.createSelfSigned({
    // A leading 01 keeps the number positive and free of leading zeros.
    serialNumber: `01${randomBytes(15).toString('hex')}`,
    name: new Name(subjectOf(request)),
    notBefore: request.notBefore,
    notAfter: request.notAfter,
    signingAlgorithm: KEY_ALGORITHMS[request.algorithm],
    keys,
  })
  return { certificatePem: certificate.toString('pem'), privateKeyPem }
}
