import { createPrivateKey, type KeyObject, X509Certificate } from 'node:crypto'
import forge from 'node-forge'
import { CertificateError } from './certificate-error.ts'

const CONTAINER_BYTES_MAX = 200_000
/** Well above what anyone's software writes (OpenSSL: 2,048), well below what stops a process for minutes. */
const ITERATIONS_MAX = 1_000_000

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

function openContainer(der: Uint8Array, passphrase: string): forge.pkcs12.Pkcs12Pfx {
  if (der.length > CONTAINER_BYTES_MAX) throw new CertificateError('PKCS12_UNREADABLE')
  let container: Asn1
  try {
    container = forge.asn1.fromDer(forge.util.createBuffer(Buffer.from(der).toString('latin1')))
    refuseEndlessWork(container)
  } catch {
    throw new CertificateError('PKCS12_UNREADABLE')
  }
  try {
    return forge.pkcs12.pkcs12FromAsn1(container, false, passphrase)
  } catch (error) {
    const wrong = error instanceof Error && /password|MAC|decrypt/i.test(error.message)
    throw new CertificateError(wrong ? 'PASSPHRASE_WRONG' : 'PKCS12_UNREADABLE')
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
  const container = openContainer(der, passphrase)
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
