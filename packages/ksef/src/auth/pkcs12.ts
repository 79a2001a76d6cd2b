import { createPrivateKey, type KeyObject, X509Certificate } from 'node:crypto'
import forge from 'node-forge'
import { CertificateError } from './certificate-error.ts'

const CONTAINER_BYTES_MAX = 200_000
/** Well above what anyone's software writes (OpenSSL: 2,048), well below what stops a process for minutes. */
const ITERATIONS_MAX = 600_000

type Asn1 = forge.asn1.Asn1
type Bag = forge.pkcs12.Bag

/** Every pair in the container that belongs together, in the container's order. */
export type KeyPair = { readonly certificate: X509Certificate; readonly privateKey: KeyObject }

/** An integer of the container's frame is a version, a key length or an iteration count. */
function largestInteger(node: Asn1): number {
  const { type, value } = node
  if (Array.isArray(value)) return Math.max(0, ...value.map(largestInteger))
  if (type === forge.asn1.Type.INTEGER) return Number.parseInt(forge.util.bytesToHex(value), 16)
  return 0
}

/** The safe contents lie as DER inside an octet string, so the frame is walked in two steps. */
function refuseEndlessWork(container: Asn1): void {
  const [, authSafe, mac] = Array.isArray(container.value) ? container.value : []
  const content = authSafe === undefined ? [] : octetsWithin(authSafe)
  const inner = content.map((octets) => largestInteger(forge.asn1.fromDer(octets)))
  if (Math.max(mac === undefined ? 0 : largestInteger(mac), ...inner) > ITERATIONS_MAX) {
    throw new CertificateError('PKCS12_UNREADABLE')
  }
}

function octetsWithin(node: Asn1): string[] {
  const { type, value } = node
  if (Array.isArray(value)) return value.flatMap(octetsWithin)
  return type === forge.asn1.Type.OCTETSTRING ? [value] : []
}

function readContainer(der: Uint8Array): Asn1 {
  if (der.length > CONTAINER_BYTES_MAX) throw new CertificateError('PKCS12_UNREADABLE')
  try {
    const container = forge.asn1.fromDer(forge.util.createBuffer(Buffer.from(der).toString('latin1')))
    refuseEndlessWork(container)
    return container
  } catch {
    throw new CertificateError('PKCS12_UNREADABLE')
  }
}

const isAscii = (text: string): boolean => [...text].every((character) => character < '\u0080')

/** A container without a MAC shows a wrong passphrase by its contents only. */
const isPassphraseFailure = (error: unknown, passphrase: string): boolean =>
  error instanceof Error &&
  (/MAC/.test(error.message) || (isAscii(passphrase) && /decrypt/i.test(error.message)))

/**
 * PKCS#12 takes the passphrase as UTF-16 for its MAC and its old ciphers, and as UTF-8 for PBKDF2. forge
 * hands one and the same text to all of them, so a passphrase with Polish letters needs a second attempt:
 * the MAC has been verified by then, and is left out.
 */
function openContainer(container: Asn1, passphrase: string): forge.pkcs12.Pkcs12Pfx {
  const open = (content: Asn1, secret: string) => forge.pkcs12.pkcs12FromAsn1(content, false, secret)
  try {
    return open(container, passphrase)
  } catch (error) {
    const parts = container.value
    if (isPassphraseFailure(error, passphrase)) throw new CertificateError('PASSPHRASE_WRONG')
    if (isAscii(passphrase) || !Array.isArray(parts)) throw new CertificateError('PKCS12_UNREADABLE')
    try {
      return open({ ...container, value: parts.slice(0, 2) }, forge.util.encodeUtf8(passphrase))
    } catch {
      throw new CertificateError('PKCS12_UNREADABLE')
    }
  }
}

const derOf = (node: Asn1): Buffer => Buffer.from(forge.asn1.toDer(node).getBytes(), 'latin1')

/** forge reads RSA keys into numbers and leaves any other key, such as EC, as the PKCS#8 it found. */
function privateKeyOf(bag: Bag): KeyObject {
  const pkcs8 = bag.key ? forge.pki.wrapRsaPrivateKey(forge.pki.privateKeyToAsn1(bag.key)) : bag.asn1
  return createPrivateKey({ key: derOf(pkcs8), format: 'der', type: 'pkcs8' })
}

const certificateOf = (bag: Bag): X509Certificate =>
  new X509Certificate(derOf(bag.cert ? forge.pki.certificateToAsn1(bag.cert) : bag.asn1))

/**
 * Opens a PKCS#12 container (.p12, .pfx), old (3DES, RC2) and new (AES, PBKDF2) encryption, RSA and EC keys.
 * A container may hold the whole chain; the certificate of the key is the one returned.
 * @throws CertificateError PKCS12_UNREADABLE, PASSPHRASE_WRONG or PKCS12_INCOMPLETE
 */
export function readPkcs12(der: Uint8Array, passphrase: string): KeyPair {
  const container = openContainer(readContainer(der), passphrase)
  const bags = (type: string | undefined): Bag[] =>
    type === undefined ? [] : (container.getBags({ bagType: type })[type] ?? [])
  const { pkcs8ShroudedKeyBag, keyBag, certBag } = forge.pki.oids
  const certificates = bags(certBag).map(certificateOf)
  for (const privateKey of [...bags(pkcs8ShroudedKeyBag), ...bags(keyBag)].map(privateKeyOf)) {
    const certificate = certificates.find((candidate) => candidate.checkPrivateKey(privateKey))
    if (certificate !== undefined) return { certificate, privateKey }
  }
  throw new CertificateError('PKCS12_INCOMPLETE')
}
