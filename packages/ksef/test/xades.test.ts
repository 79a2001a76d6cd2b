// The signature is checked by another hand: libxml2 canonicalizes, node:crypto verifies. Nothing of xml-crypto.
import { createHash, verify, X509Certificate } from 'node:crypto'
import { readFileSync } from 'node:fs'
import { join } from 'node:path'
import { XmlC14NMode, XmlDocument, XmlElement, XmlXPath, XsdValidator } from 'libxml2-wasm'
import { expect, test } from 'vitest'
import { authTokenRequest } from '../src/auth/auth-token-request.ts'
import { signXades } from '../src/auth/xades.ts'
import { createSelfSignedCertificate, loadCertificate } from '../src/index.ts'

const now = new Date('2026-11-22T10:00:00Z')
const DS = 'http://www.w3.org/2000/09/xmldsig#'
const NAMESPACES = {
  ds: DS,
  xades: 'http://uri.etsi.org/01903/v1.3.2#',
  auth: 'http://ksef.mf.gov.pl/auth/token/2.1',
}
const EXCLUSIVE = { mode: XmlC14NMode.XML_C14N_EXCLUSIVE_1_0, withComments: false } as const

const request = authTokenRequest({
  challenge: '20261122-CR-226FB7B000-3ACF9BE4C0-10',
  context: { type: 'Nip', value: '5265877635' },
  subjectIdentifierType: 'certificateSubject',
})

const signedBy = async (algorithm: 'rsa' | 'ecdsa-p256') => {
  const made = await createSelfSignedCertificate({
    nip: '5265877635',
    name: 'Huta "Szkło", Wnuk & Syn <Łódź>',
    algorithm,
    notBefore: new Date('2026-01-01T00:00:00Z'),
    notAfter: new Date('2028-01-01T00:00:00Z'),
  })
  return {
    xml: signXades(request, loadCertificate(made, now), now),
    certificate: new X509Certificate(made.certificatePem),
  }
}

const elementAt = (document: XmlDocument, xpath: string): XmlElement => {
  const node = document.get(XmlXPath.compile(xpath, NAMESPACES))
  if (!(node instanceof XmlElement)) throw new Error(`no ${xpath}`)
  return node
}
const textAt = (document: XmlDocument, xpath: string): string => elementAt(document, xpath).content
const digest = (text: string): string => createHash('sha256').update(text, 'utf8').digest('base64')

/** The whole of XML Signature core validation for the two references we make; throws what is wrong. */
function verifySignature(xml: string): void {
  const document = XmlDocument.fromString(xml)
  const references = document.find('//ds:SignedInfo/ds:Reference', NAMESPACES)
  expect(references).toHaveLength(2)
  const properties = elementAt(document, '//xades:SignedProperties').canonicalizeToString(EXCLUSIVE)
  expect(textAt(document, "//ds:Reference[@URI='#SignedProperties']/ds:DigestValue")).toBe(digest(properties))
  const signedInfo = elementAt(document, '//ds:SignedInfo').canonicalizeToString(EXCLUSIVE)
  const certificateText = textAt(document, '//ds:X509Certificate')
  const method = elementAt(document, '//ds:SignatureMethod').attr('Algorithm')?.value ?? ''
  const value = Buffer.from(textAt(document, '//ds:SignatureValue'), 'base64')
  const announced = textAt(document, "//ds:Reference[@URI='']/ds:DigestValue")
  elementAt(document, '/auth:AuthTokenRequest/ds:Signature').remove()
  expect(announced).toBe(digest(document.canonicalizeToString(EXCLUSIVE)))
  const key = new X509Certificate(Buffer.from(certificateText, 'base64')).publicKey
  const options = method.includes('ecdsa') ? { key, dsaEncoding: 'ieee-p1363' as const } : { key }
  expect(verify('sha256', Buffer.from(signedInfo), options, value)).toBe(true)
}

test.each(['rsa', 'ecdsa-p256'] as const)(
  'a document signed with an %s key verifies by independent means',
  async (algorithm) => {
    const { xml } = await signedBy(algorithm)
    verifySignature(xml)
  },
)

test.each([
  ['the context', '5265877635</Nip>', '1111111111</Nip>'],
  ['the signing time', 'SigningTime>2026', 'SigningTime>2027'],
])('changing %s afterwards breaks the signature', async (_, from, to) => {
  const { xml } = await signedBy('ecdsa-p256')
  expect(xml).toContain(from)
  expect(() => verifySignature(xml.replace(from, to))).toThrow()
})

test('an ECDSA signature value is R and S, 64 bytes, and not DER', async () => {
  const { xml } = await signedBy('ecdsa-p256')
  expect(Buffer.from(textAt(XmlDocument.fromString(xml), '//ds:SignatureValue'), 'base64')).toHaveLength(64)
})

test('the signed properties name the certificate by digest, issuer and serial number', async () => {
  const { xml, certificate } = await signedBy('rsa')
  const document = XmlDocument.fromString(xml)
  const expected = createHash('sha256').update(certificate.raw).digest('base64')
  expect(textAt(document, '//xades:CertDigest/ds:DigestValue')).toBe(expected)
  expect(textAt(document, '//ds:X509SerialNumber')).toBe(BigInt(`0x${certificate.serialNumber}`).toString())
  const name = 'Huta \\"Szkło\\"\\, Wnuk & Syn \\<Łódź\\>'
  expect(textAt(document, '//ds:X509IssuerName')).toBe(`CN=${name},2.5.4.97=VATPL-5265877635,O=${name},C=PL`)
  expect(textAt(document, '//xades:SigningTime')).toBe('2026-11-22T09:59:00.000Z')
})

test('only algorithms of the published profile are used', async () => {
  const { xml } = await signedBy('ecdsa-p256')
  const used = new Set([...xml.matchAll(/Algorithm="([^"]+)"/g)].map((match) => match[1]))
  expect([...used].sort()).toEqual([
    'http://www.w3.org/2000/09/xmldsig#enveloped-signature',
    'http://www.w3.org/2001/04/xmldsig-more#ecdsa-sha256',
    'http://www.w3.org/2001/04/xmlenc#sha256',
    'http://www.w3.org/2001/10/xml-exc-c14n#',
  ])
})

test('text from outside cannot change the structure of the request', () => {
  const xml = authTokenRequest({
    challenge: '</Challenge><x>&',
    context: { type: 'InternalId', value: '<Nip>1</Nip>' },
    subjectIdentifierType: 'certificateFingerprint',
  })
  const document = XmlDocument.fromString(xml)
  expect(document.find('//auth:Nip', NAMESPACES)).toHaveLength(0)
  expect(textAt(document, '//auth:Challenge')).toBe('</Challenge><x>&')
})

const contract = process.env['KSEF_CONTRACT_DIR']
if (contract === undefined)
  console.warn('SKIPPED, KSEF_CONTRACT_DIR is not set: AuthTokenRequest against its schema')

test.skipIf(contract === undefined).each(['Nip', 'InternalId', 'NipVatUe'] as const)(
  'a request for a context of type %s keeps the official schema 2.1',
  (type) => {
    const value = { Nip: '5265877635', InternalId: '5265877635-12345', NipVatUe: '5265877635-DE123456789' }[
      type
    ]
    const xml = authTokenRequest({
      challenge: '20261122-CR-226FB7B000-3ACF9BE4C0-10',
      context: { type, value },
      subjectIdentifierType: 'certificateSubject',
    })
    // In XSD a pattern's `$` is a dollar sign, so that no NipVatUe could ever match; KSeF's own validator
    // takes it for the end of the text, and so does this test.
    const schema = readFileSync(join(contract ?? '', 'schemas', 'schemat_auth_v2-1.xsd'), 'utf8')
    const meant = schema.replaceAll(/\$"\/>/g, '"/>')
    XsdValidator.fromDoc(XmlDocument.fromString(meant)).validate(XmlDocument.fromString(xml))
  },
)
