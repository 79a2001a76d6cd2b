/**
 * The addresses behind the QR codes of an invoice (kody-qr.md). KOD I asks whether KSeF holds it; KOD II proves, while it
 * has no number, that its issuer holds a KSeF certificate and may issue it.
 */
import { constants, type KeyObject, sign } from 'node:crypto'
import type { KsefEnvironment } from '../environment.ts'
import type { Sealed } from '../sealed.ts'

/** Hosts of the pages that the codes lead to (kody-qr.md, "Środowiska"). */
export const QR_BASE_URLS = {
  test: 'https://qr-test.ksef.mf.gov.pl',
  demo: 'https://qr-demo.ksef.mf.gov.pl',
  production: 'https://qr.ksef.mf.gov.pl',
} as const satisfies Record<KsefEnvironment, string>

/** A code as it is drawn: what it says, and the words beneath it. */
export type QrCode = {
  readonly link: string
  /** The KSeF number or one of {@link QR_LABELS}. */
  readonly label: string
}

/** What stands beneath a code (kody-qr.md, "Oznaczenie pod kodem QR"): KOD I without a number yet, and KOD II. */
export const QR_LABELS = { withoutNumber: 'OFFLINE', certificate: 'CERTYFIKAT' } as const

export type InvoiceToVerify = {
  readonly sellerNip: string
  /** `P_1`; in FA_RR `P_4B`. `YYYY-MM-DD`. */
  readonly issueDate: string
  /** SHA-256 of the XML, in Base64 as everywhere in KSeF. */
  readonly invoiceHash: string
}

/** What KOD II is made with. KSeF confirms it for certificates of type Offline only. */
export type OfflineCertificate = {
  /** Hex, as in the certificate. */
  readonly serialNumber: string
  readonly privateKey: Sealed<KeyObject>
}

/** The context the issuer would sign in to (`ContextIdentifier`). */
export type IssuerContext = {
  readonly type: 'Nip' | 'InternalId' | 'NipVatUe' | 'PeppolId'
  readonly value: string
}

/** A key that KSeF takes no KOD II of: RSA of 2048 bits or more, or ECDSA on P-256. */
export class KodIIKeyError extends Error {
  readonly code = 'KOD_II_KEY_UNSUPPORTED'

  constructor() {
    super('KOD II is signed with an RSA key of 2048 bits or more, or an EC key on P-256.')
    this.name = 'KodIIKeyError'
  }
}

const base64Url = (base64: string): string => Buffer.from(base64, 'base64').toString('base64url')
const withoutSlash = (url: string): string => url.replace(/\/+$/, '')

/** KOD I. `baseUrl` is one of {@link QR_BASE_URLS}, or a simulator's. */
export function invoiceLink(baseUrl: string, invoice: InvoiceToVerify): string {
  const date = invoice.issueDate.split('-').reverse().join('-')
  return `${withoutSlash(baseUrl)}/invoice/${invoice.sellerNip}/${date}/${base64Url(invoice.invoiceHash)}`
}

const SALT_BYTES = 32
const RSA_BITS_MIN = 2048

/** Over the address itself; both algorithms hash it once with SHA-256. */
function signatureOf(text: string, key: KeyObject): Buffer {
  const { modulusLength = 0, namedCurve } = key.asymmetricKeyDetails ?? {}
  const bytes = Buffer.from(text, 'utf8')
  if (key.asymmetricKeyType === 'rsa' && modulusLength >= RSA_BITS_MIN)
    return sign('sha256', bytes, { key, padding: constants.RSA_PKCS1_PSS_PADDING, saltLength: SALT_BYTES })
  if (key.asymmetricKeyType === 'ec' && namedCurve === 'prime256v1')
    return sign('sha256', bytes, { key, dsaEncoding: 'ieee-p1363' })
  throw new KodIIKeyError()
}

/**
 * KOD II. What is signed is the address without `https://` and without a slash at its end.
 * @throws KodIIKeyError
 */
export function certificateLink(
  baseUrl: string,
  invoice: Pick<InvoiceToVerify, 'sellerNip' | 'invoiceHash'>,
  by: { readonly context: IssuerContext; readonly certificate: OfflineCertificate },
): string {
  const path = [
    'certificate',
    by.context.type,
    encodeURIComponent(by.context.value),
    invoice.sellerNip,
    by.certificate.serialNumber.toUpperCase(),
    base64Url(invoice.invoiceHash),
  ].join('/')
  const address = `${withoutSlash(baseUrl)}/${path}`
  const signature = signatureOf(address.replace(/^https?:\/\//, ''), by.certificate.privateKey.reveal())
  return `${address}/${signature.toString('base64url')}`
}
