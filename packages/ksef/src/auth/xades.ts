// XAdES-BES, enveloped, as podpis-xades.md allows it. The properties are those the Ministry's own client
// signs: SigningTime and SigningCertificate with digest, issuer and serial number.
import { type BinaryLike, createHash, type KeyLike, sign, verify } from 'node:crypto'
import { SignedXml } from 'xml-crypto'
import { xmlText } from '../xml-text.ts'
import type { KeyAlgorithm, SigningCertificate } from './certificate.ts'
import { issuerNameOf } from './distinguished-name.ts'

const XADES = 'http://uri.etsi.org/01903/v1.3.2#'
const XMLDSIG = 'http://www.w3.org/2000/09/xmldsig#'
const ENVELOPED = `${XMLDSIG}enveloped-signature`
const EXCLUSIVE_C14N = 'http://www.w3.org/2001/10/xml-exc-c14n#'
const SHA256 = 'http://www.w3.org/2001/04/xmlenc#sha256'
const SIGNED_PROPERTIES_TYPE = 'http://uri.etsi.org/01903#SignedProperties'

const SIGNATURE_METHODS = {
  rsa: 'http://www.w3.org/2001/04/xmldsig-more#rsa-sha256',
  'ecdsa-p256': 'http://www.w3.org/2001/04/xmldsig-more#ecdsa-sha256',
  'ecdsa-p384': 'http://www.w3.org/2001/04/xmldsig-more#ecdsa-sha384',
} as const satisfies Record<KeyAlgorithm, string>

/** The signer's clock may run ahead of KSeF's; a signing time in the future would be refused. */
const SIGNING_TIME_MARGIN_MS = 60_000

/** ECDSA in XML Signature is R‖S (IEEE P1363), where Node and X.509 use DER. */
function ecdsa(method: string, hash: 'sha256' | 'sha384') {
  const options = (key: KeyLike) => ({ ...keyInput(key), dsaEncoding: 'ieee-p1363' as const })
  return class {
    getAlgorithmName = (): string => method
    getSignature = (signedInfo: BinaryLike, key: KeyLike): string =>
      sign(hash, bytesOf(signedInfo), options(key)).toString('base64')
    verifySignature = (material: string, key: KeyLike, signature: string): boolean =>
      verify(hash, Buffer.from(material), options(key), Buffer.from(signature, 'base64'))
  }
}

const keyInput = (key: KeyLike) =>
  typeof key === 'object' && 'type' in key ? { key } : { key, format: 'pem' as const }
const bytesOf = (input: BinaryLike): Buffer => {
  if (typeof input === 'string') return Buffer.from(input, 'utf8')
  if (ArrayBuffer.isView(input)) return Buffer.from(input.buffer, input.byteOffset, input.byteLength)
  throw new TypeError('signed info is text or bytes')
}

function qualifyingProperties(certificate: SigningCertificate, now: Date): string {
  const digest = createHash('sha256').update(certificate.certificateDer).digest('base64')
  const signingTime = new Date(now.getTime() - SIGNING_TIME_MARGIN_MS).toISOString()
  return [
    `<xades:QualifyingProperties xmlns:xades="${XADES}" Target="#Signature">`,
    '<xades:SignedProperties Id="SignedProperties"><xades:SignedSignatureProperties>',
    `<xades:SigningTime>${signingTime}</xades:SigningTime>`,
    '<xades:SigningCertificate><xades:Cert>',
    `<xades:CertDigest><ds:DigestMethod Algorithm="${SHA256}"/><ds:DigestValue>${digest}</ds:DigestValue></xades:CertDigest>`,
    `<xades:IssuerSerial><ds:X509IssuerName>${xmlText(issuerNameOf(certificate.certificateDer))}</ds:X509IssuerName>`,
    `<ds:X509SerialNumber>${BigInt(`0x${certificate.serialNumber}`)}</ds:X509SerialNumber></xades:IssuerSerial>`,
    '</xades:Cert></xades:SigningCertificate>',
    '</xades:SignedSignatureProperties></xades:SignedProperties></xades:QualifyingProperties>',
  ].join('')
}

/**
 * Signs an XML document with an enveloped XAdES signature: exclusive canonicalization, SHA-256 digests,
 * RSA PKCS#1 v1.5 or ECDSA. Two references are signed: the document without the signature, and the signed
 * properties.
 */
export function signXades(xml: string, certificate: SigningCertificate, now: Date): string {
  const base64 = Buffer.from(certificate.certificateDer).toString('base64')
  const signedXml = new SignedXml({
    privateKey: certificate.privateKey.reveal(),
    signatureAlgorithm: SIGNATURE_METHODS[certificate.algorithm],
    canonicalizationAlgorithm: EXCLUSIVE_C14N,
    getKeyInfoContent: () => `<ds:X509Data><ds:X509Certificate>${base64}</ds:X509Certificate></ds:X509Data>`,
    objects: [{ content: qualifyingProperties(certificate, now) }],
  })
  const { 'ecdsa-p256': p256, 'ecdsa-p384': p384 } = SIGNATURE_METHODS
  signedXml.SignatureAlgorithms[p256] = ecdsa(p256, 'sha256')
  signedXml.SignatureAlgorithms[p384] = ecdsa(p384, 'sha384')
  signedXml.addReference({
    xpath: '/*',
    isEmptyUri: true,
    transforms: [ENVELOPED, EXCLUSIVE_C14N],
    digestAlgorithm: SHA256,
  })
  signedXml.addReference({
    xpath: "//*[local-name(.)='SignedProperties']",
    uri: '#SignedProperties',
    type: SIGNED_PROPERTIES_TYPE,
    transforms: [EXCLUSIVE_C14N],
    digestAlgorithm: SHA256,
  })
  signedXml.computeSignature(xml, {
    prefix: 'ds',
    attrs: { Id: 'Signature' },
    location: { reference: '/*', action: 'append' },
  })
  return signedXml.getSignedXml()
}
