import 'reflect-metadata' // @peculiar/x509 resolves its algorithms through it
import { KeyObject, randomBytes, webcrypto } from 'node:crypto'
import { type JsonNameParams, Name, X509CertificateGenerator } from '@peculiar/x509'

/** Whose certificate: an organisation's seal with its NIP, or a person's signature with a PESEL. */
export type SelfSignedRequest = ({ readonly nip: string } | { readonly pesel: string }) & {
  /** The organisation's full name, or a person's given name and surname. */
  readonly name: string
  readonly algorithm: 'rsa' | 'ecdsa-p256'
  readonly notBefore: Date
  readonly notAfter: Date
}

const ALGORITHMS = {
  rsa: {
    name: 'RSASSA-PKCS1-v1_5',
    hash: 'SHA-256',
    modulusLength: 2048,
    publicExponent: new Uint8Array([1, 0, 1]),
  },
  'ecdsa-p256': { name: 'ECDSA', hash: 'SHA-256', namedCurve: 'P-256' },
} as const

type Attribute = JsonNameParams[number]

/** Typed values keep the library from reading quotes and commas in a company's name as syntax. */
const attribute = (type: string, value: string): Attribute => ({ [type]: [{ utf8String: value }] })
const COUNTRY: Attribute = { C: [{ printableString: 'PL' }] }

const OID = {
  surname: '2.5.4.4',
  serialNumber: '2.5.4.5',
  givenName: '2.5.4.42',
  organizationIdentifier: '2.5.4.97',
}

/** The subject's attributes that KSeF recognises (podpis-xades.md, "Wymagane atrybuty"). */
function subjectOf(request: SelfSignedRequest): Attribute[] {
  const name = attribute('CN', request.name)
  if ('nip' in request) {
    const identifier = attribute(OID.organizationIdentifier, `VATPL-${request.nip}`)
    return [COUNTRY, attribute('O', request.name), identifier, name]
  }
  const [givenName = '', ...surname] = request.name.split(' ')
  return [
    COUNTRY,
    attribute(OID.givenName, givenName),
    attribute(OID.surname, surname.join(' ') || givenName),
    attribute(OID.serialNumber, `PNOPL-${request.pesel}`),
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
  const algorithm = ALGORITHMS[request.algorithm]
  const keys = await webcrypto.subtle.generateKey(algorithm, true, ['sign', 'verify'])
  if (!('privateKey' in keys)) throw new TypeError('a key pair is due')
  const certificate = await X509CertificateGenerator.createSelfSigned({
    // A leading 01 keeps the number positive and free of leading zeros.
    serialNumber: `01${randomBytes(15).toString('hex')}`,
    name: new Name(subjectOf(request)),
    notBefore: request.notBefore,
    notAfter: request.notAfter,
    signingAlgorithm: algorithm,
    keys,
  })
  const privateKeyPem = KeyObject.from(keys.privateKey).export({ type: 'pkcs8', format: 'pem' })
  return { certificatePem: certificate.toString('pem'), privateKeyPem: String(privateKeyPem) }
}
