import { type XmlDocument, XmlElement } from 'libxml2-wasm'

/**
 * What KSeF reads out of an FA invoice to decide and to describe it. Amounts are decimal strings as written,
 * or their sums as numbers; absent optional elements are undefined. Same element names in FA(2) and FA(3).
 */
export type Party = {
  identifier: { type: 'Nip' | 'VatUe' | 'InternalId' | 'Other' | 'None'; value?: string }
  name?: string
}
export type ThirdParty = Party & { role: number }

export type InvoiceFacts = {
  seller: { nip: string; name?: string }
  buyer: Party
  thirdParties: ThirdParty[]
  /** P_1, `YYYY-MM-DD`. */
  issueDate: string
  /** P_2. */
  invoiceNumber: string
  /** RodzajFaktury as written: VAT, KOR, ZAL, … */
  invoiceKind: string
  currency: string
  netAmount: number
  vatAmount: number
  grossAmount: number
  isSelfInvoicing: boolean
  /** An invoice RR (FA_RR): the buyer writes it, the supplier is Podmiot1. */
  issuedByBuyer: boolean
  hasAttachment: boolean
  /** PodmiotUpowazniony with its RolaPU. */
  authorized?: { nip: string; name?: string; role: number }
}

const children = (of: XmlElement | undefined): XmlElement[] => {
  const found: XmlElement[] = []
  for (let node = of?.firstChild ?? null; node !== null; node = node.next) {
    if (node instanceof XmlElement) found.push(node)
  }
  return found
}

const child = (of: XmlElement | undefined, name: string): XmlElement | undefined =>
  children(of).find((one) => one.name === name)

const text = (of: XmlElement | undefined, name: string): string | undefined => child(of, name)?.content.trim()

function partyOf(element: XmlElement | undefined): Party {
  const details = child(element, 'DaneIdentyfikacyjne')
  const name = text(details, 'Nazwa')
  const nip = text(details, 'NIP')
  const internalId = text(details, 'IDWew')
  const vatUe = text(details, 'NrVatUE')
  const other = text(details, 'NrID')
  const named = name === undefined ? {} : { name }
  if (nip !== undefined) return { identifier: { type: 'Nip', value: nip }, ...named }
  if (internalId !== undefined) return { identifier: { type: 'InternalId', value: internalId }, ...named }
  if (vatUe !== undefined)
    return { identifier: { type: 'VatUe', value: `${text(details, 'KodUE') ?? ''}${vatUe}` }, ...named }
  if (other !== undefined) return { identifier: { type: 'Other', value: other }, ...named }
  return { identifier: { type: 'None' }, ...named }
}

/** Sums in grosze, so that decimal fractions add up exactly. */
function sum(fa: XmlElement | undefined, pattern: RegExp): number {
  const grosze = children(fa)
    .filter((element) => pattern.test(element.name))
    .reduce((total, element) => total + Math.round(Number(element.content) * 100), 0)
  return grosze / 100
}

/** The elements of FA and FA_RR that say the same under other names. */
type Body = {
  element: XmlElement | undefined
  issuedByBuyer: boolean
  names: { issueDate: string; invoiceNumber: string; gross: string; net: RegExp; vat: RegExp }
}

const FA_NAMES = { issueDate: 'P_1', invoiceNumber: 'P_2', gross: 'P_15', net: /^P_13_/, vat: /^P_14_\d+$/ }
const FA_RR_NAMES = {
  issueDate: 'P_4B',
  invoiceNumber: 'P_4C',
  gross: 'P_12_1',
  net: /^P_11_1$/,
  vat: /^P_11_2$/,
}

function bodyOf(root: XmlElement): Body {
  const invoiceRr = child(root, 'FakturaRR')
  return invoiceRr === undefined
    ? { element: child(root, 'Fa'), issuedByBuyer: false, names: FA_NAMES }
    : { element: invoiceRr, issuedByBuyer: true, names: FA_RR_NAMES }
}

function authorizedOf(root: XmlElement): Pick<InvoiceFacts, 'authorized'> {
  const element = child(root, 'PodmiotUpowazniony')
  const details = child(element, 'DaneIdentyfikacyjne')
  const nip = text(details, 'NIP')
  const name = text(details, 'Nazwa')
  if (nip === undefined) return {}
  const role = Number(text(element, 'RolaPU') ?? 0)
  return { authorized: { nip, ...(name === undefined ? {} : { name }), role } }
}

/** Reads a document that has already passed its schema. */
export function readFacts(document: XmlDocument): InvoiceFacts {
  const root = document.root
  const { element, issuedByBuyer, names } = bodyOf(root)
  const sellerDetails = child(child(root, 'Podmiot1'), 'DaneIdentyfikacyjne')
  const sellerName = text(sellerDetails, 'Nazwa')
  return {
    seller: {
      nip: text(sellerDetails, 'NIP') ?? '',
      ...(sellerName === undefined ? {} : { name: sellerName }),
    },
    buyer: partyOf(child(root, 'Podmiot2')),
    thirdParties: children(root)
      .filter((one) => one.name === 'Podmiot3')
      .map((one) => ({ ...partyOf(one), role: Number(text(one, 'Rola') ?? 0) })),
    issueDate: text(element, names.issueDate) ?? '',
    invoiceNumber: text(element, names.invoiceNumber) ?? '',
    invoiceKind: text(element, 'RodzajFaktury') ?? '',
    currency: text(element, 'KodWaluty') ?? '',
    netAmount: sum(element, names.net),
    vatAmount: sum(element, names.vat),
    grossAmount: Number(text(element, names.gross) ?? 0),
    isSelfInvoicing: text(child(element, 'Adnotacje'), 'P_17') === '1',
    issuedByBuyer,
    hasAttachment: child(root, 'Zalacznik') !== undefined,
    ...authorizedOf(root),
  }
}
