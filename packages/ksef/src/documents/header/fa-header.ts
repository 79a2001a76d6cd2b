import type { FormCode } from '../form-code.ts'
import { decimalOf, sumOf } from './decimal.ts'
import { childOf, contentOf, currencyOf, dayOf, type Element, textOf } from './elements.ts'
import {
  type CorrectedInvoice,
  type HeaderParty,
  type HeaderTotals,
  type InvoiceHeader,
  NOBODY,
  type PartyIdentifier,
} from './invoice-header.ts'

/** FA and FA_RR say the same under other names. In FA_RR the supplier is Podmiot1, and the buyer writes the invoice. */
const NAMES = {
  FA: {
    body: 'Fa',
    number: 'P_2',
    issueDate: 'P_1',
    saleDate: 'P_6',
    net: /^P_13_\d/,
    // Those with a W are the same once more, in PLN.
    vat: /^P_14_\d$/,
    gross: 'P_15',
  },
  FA_RR: {
    body: 'FakturaRR',
    number: 'P_4C',
    issueDate: 'P_4B',
    saleDate: 'P_4A',
    net: /^P_11_1$/,
    vat: /^P_11_2$/,
    gross: 'P_12_1',
  },
} as const

const THIRD_PARTIES_MAX = 100
/** Of the 50,000 that the schema allows. */
const CORRECTED_BY_NUMBER_MAX = 1_000

/** Of a document of the form, which need not keep the schema: what is missing is null. */
export function faHeader(root: Element, { value, systemCode }: FormCode): InvoiceHeader {
  const names = NAMES[value]
  const { parties, thirdParties, hasAttachment } = partsOf(root)
  const body = childOf(root, names.body)
  const { fields, amounts, originals } = bodyOf(body, names)
  const field = (name: string): string | null => contentOf(fields.get(name) ?? null)
  return {
    form: systemCode,
    kind: field('RodzajFaktury'),
    number: field(names.number),
    issueDate: dayOf(field(names.issueDate)),
    saleDate: dayOf(field(names.saleDate) ?? textOf(fields.get('OkresFa') ?? null, 'P_6_Do')),
    seller: partyOf(parties.get('Podmiot1')),
    buyer: partyOf(parties.get('Podmiot2')),
    thirdParties,
    authorized: parties.has('PodmiotUpowazniony') ? partyOf(parties.get('PodmiotUpowazniony')) : null,
    currency: currencyOf(field('KodWaluty')),
    totals: { ...amounts, gross: decimalOf(field(names.gross)) },
    ...correctedBy(originals),
    isSelfInvoicing: textOf(fields.get('Adnotacje') ?? null, 'P_17') === '1',
    hasAttachment,
  }
}

function partsOf(root: Element) {
  const parties = new Map<string, Element>()
  const thirdParties: InvoiceHeader['thirdParties'][number][] = []
  let hasAttachment = false
  for (const part of root.children) {
    if (part.name === 'Zalacznik') hasAttachment = true
    else if (part.name !== 'Podmiot3') parties.set(part.name, part)
    else if (thirdParties.length < THIRD_PARTIES_MAX)
      thirdParties.push({ ...partyOf(part), role: roleOf(textOf(part, 'Rola')) })
  }
  return { parties, thirdParties, hasAttachment }
}

const roleOf = (text: string | null): number | null =>
  text !== null && /^\d{1,2}$/.test(text) ? Number(text) : null

function partyOf(party: Element | undefined): HeaderParty {
  const details = childOf(party ?? null, 'DaneIdentyfikacyjne')
  return details === null ? NOBODY : { identifier: identifierOf(details), name: textOf(details, 'Nazwa') }
}

function identifierOf(details: Element): PartyIdentifier {
  const of = (name: string) => textOf(details, name)
  const nip = of('NIP')
  if (nip !== null) return { type: 'Nip', value: nip }
  const internal = of('IDWew')
  if (internal !== null) return { type: 'InternalId', value: internal }
  const vatUe = of('NrVatUE')
  if (vatUe !== null) return { type: 'VatUe', value: `${of('KodUE') ?? ''}${vatUe}` }
  const other = of('NrID')
  return other === null ? NOBODY.identifier : { type: 'Other', value: other }
}

type Body = {
  /** All but lines and sums, by name; of several the first. */
  fields: ReadonlyMap<string, Element>
  amounts: Pick<HeaderTotals, 'net' | 'vat'>
  /** `DaneFaKorygowanej`, each. */
  originals: readonly Element[]
}

/** One walk: a body may have ten thousand lines. */
function bodyOf(body: Element | null, names: { net: RegExp; vat: RegExp }): Body {
  const fields = new Map<string, Element>()
  const net: string[] = []
  const vat: string[] = []
  const originals: Element[] = []
  for (const element of body?.children ?? []) {
    const { name } = element
    if (names.net.test(name)) net.push(contentOf(element) ?? '')
    else if (names.vat.test(name)) vat.push(contentOf(element) ?? '')
    else if (name === 'DaneFaKorygowanej') originals.push(element)
    else if (!fields.has(name)) fields.set(name, element)
  }
  return { fields, amounts: { net: sumOf(net), vat: sumOf(vat) }, originals }
}

type Corrected = Pick<InvoiceHeader, 'corrected' | 'correctedCount' | 'correctedByNumber'>

function correctedBy(originals: readonly Element[]): Corrected {
  const [first] = originals
  const byNumber = new Set<string>()
  for (const original of originals) {
    if (byNumber.size === CORRECTED_BY_NUMBER_MAX) break
    const { number, ksefNumber } = namesOf(original)
    if (number !== null && ksefNumber === null) byNumber.add(number)
  }
  return {
    corrected: first === undefined ? null : namesOf(first),
    correctedCount: originals.length,
    correctedByNumber: [...byNumber],
  }
}

const namesOf = (original: Element): CorrectedInvoice => ({
  number: textOf(original, 'NrFaKorygowanej'),
  ksefNumber: textOf(original, 'NrKSeFFaKorygowanej'),
})
