import { createHash, sign } from 'node:crypto'
import type { Holder } from './certificate.ts'

/**
 * A XAdES signer that uses no XML library: every element is written in its exclusive canonical form to begin with,
 * so that signer and verifier can only agree if both follow the standard.
 */
const DS = 'http://www.w3.org/2000/09/xmldsig#'
const XADES = 'http://uri.etsi.org/01903/v1.3.2#'
const EXCLUSIVE = 'http://www.w3.org/2001/10/xml-exc-c14n#'
const SHA256 = 'http://www.w3.org/2001/04/xmlenc#sha256'
const MORE = 'http://www.w3.org/2001/04/xmldsig-more#'

export type Recipe = {
  challenge: string
  context?: string
  subjectIdentifierType?: string
  namespaceVersion?: '2.0' | '2.1'
  /** Inserted after SubjectIdentifierType. */
  policy?: string
  packaging?: 'enveloped' | 'enveloping'
  /** An `Id` on AuthTokenRequest itself. */
  requestId?: string
  algorithm?: string
  /** The bytes of SignatureValue over SignedInfo; by default as the key and algorithm demand. */
  signValue?: (signedInfo: string, holder: Holder) => Buffer
}

const sha256 = (text: string | Buffer): string => createHash('sha256').update(text).digest('base64')

function defaultAlgorithm(holder: Holder): string {
  return holder.privateKey.asymmetricKeyType === 'rsa' ? `${MORE}rsa-sha256` : `${MORE}ecdsa-sha256`
}

const signDefault = (signedInfo: string, { privateKey }: Holder): Buffer =>
  sign('sha256', Buffer.from(signedInfo), { key: privateKey, dsaEncoding: 'ieee-p1363' })

function requestXml(recipe: Recipe, content: string): string {
  const {
    context = '<Nip>5265877635</Nip>',
    subjectIdentifierType = 'certificateSubject',
    policy = '',
    requestId,
  } = recipe
  const id = requestId === undefined ? '' : ` Id="${requestId}"`
  return (
    `<AuthTokenRequest xmlns="http://ksef.mf.gov.pl/auth/token/${recipe.namespaceVersion ?? '2.0'}"${id}>` +
    `<Challenge>${recipe.challenge}</Challenge><ContextIdentifier>${context}</ContextIdentifier>` +
    `<SubjectIdentifierType>${subjectIdentifierType}</SubjectIdentifierType>${policy}${content}</AuthTokenRequest>`
  )
}

function signedProperties(holder: Holder): string {
  return (
    `<xades:SignedProperties xmlns:xades="${XADES}" Id="properties"><xades:SignedSignatureProperties>` +
    '<xades:SigningTime>2026-11-22T12:00:00Z</xades:SigningTime><xades:SigningCertificateV2><xades:Cert><xades:CertDigest>' +
    `<ds:DigestMethod xmlns:ds="${DS}" Algorithm="${SHA256}"></ds:DigestMethod>` +
    `<ds:DigestValue xmlns:ds="${DS}">${sha256(holder.certificate)}</ds:DigestValue>` +
    '</xades:CertDigest></xades:Cert></xades:SigningCertificateV2></xades:SignedSignatureProperties></xades:SignedProperties>'
  )
}

const transform = (algorithm: string) => `<ds:Transform Algorithm="${algorithm}"></ds:Transform>`

function reference(attributes: string, transforms: string, digest: string): string {
  return (
    `<ds:Reference ${attributes}><ds:Transforms>${transforms}</ds:Transforms>` +
    `<ds:DigestMethod Algorithm="${SHA256}"></ds:DigestMethod><ds:DigestValue>${digest}</ds:DigestValue></ds:Reference>`
  )
}

/** A signed AuthTokenRequest as text. */
export function signRequest(recipe: Recipe, holder: Holder): string {
  const enveloping = recipe.packaging === 'enveloping'
  const bare = requestXml(recipe, '')
  const object = `<ds:Object xmlns:ds="${DS}" Id="content">${bare}</ds:Object>`
  const covered = enveloping
    ? reference('URI="#content"', transform(EXCLUSIVE), sha256(object))
    : reference('URI=""', transform(`${DS}enveloped-signature`) + transform(EXCLUSIVE), sha256(bare))
  const properties = signedProperties(holder)
  const signedInfo =
    `<ds:SignedInfo xmlns:ds="${DS}"><ds:CanonicalizationMethod Algorithm="${EXCLUSIVE}"></ds:CanonicalizationMethod>` +
    `<ds:SignatureMethod Algorithm="${recipe.algorithm ?? defaultAlgorithm(holder)}"></ds:SignatureMethod>${covered}` +
    reference(
      'Type="http://uri.etsi.org/01903#SignedProperties" URI="#properties"',
      transform(EXCLUSIVE),
      sha256(properties),
    ) +
    '</ds:SignedInfo>'
  const value = (recipe.signValue ?? signDefault)(signedInfo, holder).toString('base64')
  const signature =
    `<ds:Signature xmlns:ds="${DS}" Id="signature">${signedInfo}<ds:SignatureValue>${value}</ds:SignatureValue>` +
    `<ds:KeyInfo><ds:X509Data><ds:X509Certificate>${holder.certificate.toString('base64')}</ds:X509Certificate></ds:X509Data></ds:KeyInfo>` +
    `${enveloping ? object : ''}<ds:Object><xades:QualifyingProperties xmlns:xades="${XADES}" Target="#signature">` +
    `${properties}</xades:QualifyingProperties></ds:Object></ds:Signature>`
  return enveloping ? signature : requestXml(recipe, signature)
}
