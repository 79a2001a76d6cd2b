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
  hasAttachment: boolean
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

/** Reads a document that has already passed its schema. */
export function readFacts(document: XmlDocument): InvoiceFacts {
  const root = document.root
  const fa = child(root, 'Fa')
  const sellerDetails = child(child(root, 'Podmiot1'), 'DaneIdentyfikacyjne')
  const sellerName = text(sellerDetails, 'Nazwa')
  return {
    seller: {
      nip: text(sellerDetails, 'NIP') ?? '',
      ...(sellerName === undefined ? {} : { name: sellerName }),
    },
    buyer: partyOf(child(root, 'Podmiot2')),
    thirdParties: children(root)
      .filter((element) => element.name === 'Podmiot3')
      .map((element) => ({ ...partyOf(element), role: Number(text(element, 'Rola') ?? 0) })),
    issueDate: text(fa, 'P_1') ?? '',
    invoiceNumber: text(fa, 'P_2') ?? '',
    invoiceKind: text(fa, 'RodzajFaktury') ?? '',
    currency: text(fa, 'KodWaluty') ?? '',
    netAmount: sum(fa, /^P_13_/),
    vatAmount: sum(fa, /^P_14_\d+$/),
    grossAmount: Number(text(fa, 'P_15') ?? 0),
    isSelfInvoicing: text(child(fa, 'Adnotacje'), 'P_17') === '1',
    hasAttachment: child(root, 'Zalacznik') !== undefined,
  }
}
