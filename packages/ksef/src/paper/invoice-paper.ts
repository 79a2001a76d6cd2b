/** FA(2), FA(3) and FA_RR(1) as a paper. */
import { attachment } from './attachment.ts'
import { describe, describeGroup, fieldsBlock, fieldsOf, section } from './describe.ts'
import { childrenOf, type Element, find, textAt, without } from './element.ts'
import { INVOICE_TITLES } from './labels/phrases.ts'
import { FA_LINES, type LineForm, linesOf, ORDER_LINES, RR_LINES } from './lines.ts'
import type { Block, Field } from './paper.ts'
import { PARTY_NAMES, parties, partyCorrections } from './parties.ts'
import { VAT_SUMMARY_NAMES, vatSummary } from './vat-summary.ts'
import type { Wording } from './wording.ts'

/** Where the forms keep what they have in common. */
export type InvoiceForm = {
  readonly body: string
  readonly number: string
  readonly issueDate: string
  readonly total: string
  readonly lines: LineForm
}

export const FA_FORM: InvoiceForm = {
  body: 'Fa',
  number: 'P_2',
  issueDate: 'P_1',
  total: 'P_15',
  lines: FA_LINES,
}

export const RR_FORM: InvoiceForm = {
  body: 'FakturaRR',
  number: 'P_4C',
  issueDate: 'P_4B',
  total: 'P_12_1',
  lines: RR_LINES,
}

const CORRECTION = [
  'PrzyczynaKorekty',
  'TypKorekty',
  'DaneFaKorygowanej',
  'OkresFaKorygowanej',
  'NrFaKorygowany',
  'P_15ZK',
  'KursWalutyZK',
]
const RR_SUMS = ['P_11_1', 'P_11_1W', 'P_11_2', 'P_11_2W', 'P_12_1W', 'P_12_2']
/** Groups of the body, in the order of the paper; others follow them. */
const GROUPS = [
  'ZaliczkaCzesciowa',
  'FakturaZaliczkowa',
  'Rozliczenie',
  'Platnosc',
  'DokumentZaplaty',
  'Adnotacje',
]

const only = (element: Element, names: readonly string[]): Element => ({
  ...element,
  children: element.children.filter(({ name }) => names.includes(name)),
})

const fieldsNamed = (w: Wording, element: Element, names: readonly string[]): Field[] =>
  fieldsOf(w, { ...element, children: names.flatMap((name) => childrenOf(element, name)) })

function correction(w: Wording, root: Element, body: Element): Block[] {
  return section(w.say('correction'), [
    ...describe(w, only(body, CORRECTION)),
    ...partyCorrections(w, root, body),
  ])
}

function order(w: Wording, body: Element): Block[] {
  return childrenOf(body, 'Zamowienie').flatMap((element) =>
    section(w.label('Zamowienie'), [
      ...describe(w, without(element, [ORDER_LINES.row])),
      ...linesOf(w, childrenOf(element, ORDER_LINES.row), ORDER_LINES),
    ]),
  )
}

function total(w: Wording, body: Element, name: string): Block[] {
  return childrenOf(body, name).map((element): Block => {
    const value = `${w.value(element)} ${textAt(body, 'KodWaluty')}`
    return { kind: 'total', field: { label: w.label(name), value } }
  })
}

function lineSection(w: Wording, body: Element, { row, before }: LineForm): Block[] {
  const form = row === RR_LINES.row ? RR_LINES : FA_LINES
  const lines = childrenOf(body, row)
  const isCorrected = lines.some((line) => textAt(line, before) !== '')
  const currency = textAt(body, 'KodWaluty')
  const title = isCorrected ? w.say('correctedLines') : w.label(row)
  return section(`${title} (${w.say('amountsIn')} ${currency})`, linesOf(w, lines, form))
}

/** Additional descriptions are many and alike: one table, whether one or many. */
const additions = (w: Wording, body: Element): Block[] => {
  const found = childrenOf(body, 'DodatkowyOpis')
  if (found.length !== 1) return describeGroup(w, found)
  return section(
    w.label('DodatkowyOpis'),
    found.flatMap((one): Block[] => [
      ...fieldsBlock([{ label: textAt(one, 'Klucz'), value: textAt(one, 'Wartosc') }]),
      ...describe(w, without(one, ['Klucz', 'Wartosc'])),
    ]),
  )
}

/** What the head of the invoice says, its number apart. */
function basics(w: Wording, body: Element, form: InvoiceForm): { fields: Field[]; names: string[] } {
  const elsewhere = [form.number, form.total, ...CORRECTION, ...RR_SUMS, ...VAT_SUMMARY_NAMES]
  const first = [form.issueDate, 'P_1M', 'P_6', 'OkresFa', 'P_4A', 'RodzajFaktury', 'KodWaluty']
  const leaves = body.children
    .filter(({ name, children }) => children.length === 0 && !elsewhere.includes(name))
    .map(({ name }) => name)
  const names = [...new Set([...first, ...leaves])]
  return { fields: fieldsNamed(w, body, names), names: [...names, ...elsewhere] }
}

export type InvoicePaper = { readonly title: string; readonly number: string; readonly blocks: Block[] }

export function invoicePaper(w: Wording, root: Element, form: InvoiceForm): InvoicePaper {
  const body = find(root, form.body) ?? { ...root, children: [] }
  const head = basics(w, body, form)
  const shown = [
    ...head.names,
    ...GROUPS,
    'Podmiot1K',
    'Podmiot2K',
    form.lines.row,
    'Zamowienie',
    'DodatkowyOpis',
  ]
  const group = (name: string): Block[] => describeGroup(w, childrenOf(body, name))
  const blocks = [
    ...fieldsBlock(head.fields),
    ...parties(w, root),
    ...correction(w, root, body),
    ...lineSection(w, body, form.lines),
    ...section(w.say('vatSummary'), vatSummary(w, body)),
    ...fieldsBlock(fieldsNamed(w, body, RR_SUMS)),
    ...total(w, body, form.total),
    ...GROUPS.flatMap(group),
    ...additions(w, body),
    ...describe(w, without(body, shown)),
    ...order(w, body),
    ...childrenOf(root, 'Zalacznik').flatMap((element) => attachment(w, element)),
    ...describe(w, without(root, [...PARTY_NAMES, form.body, 'Zalacznik', 'Naglowek'])),
    ...heading(w, root),
  ]
  const title = INVOICE_TITLES[textAt(body, 'RodzajFaktury')]
  return {
    title: title === undefined ? w.say('invoice') : w.words(title),
    number: textAt(body, form.number),
    blocks,
  }
}

/** Form and origin, of use to whoever looks after the software. */
function heading(w: Wording, root: Element): Block[] {
  return childrenOf(root, 'Naglowek').flatMap((element) => {
    const code = find(element, 'KodFormularza')
    const values = [code?.text, code?.attributes['kodSystemowy'], code?.attributes['wersjaSchemy']]
    const value = values.filter((part) => part !== undefined && part !== '').join(', ')
    return section(w.label('Naglowek'), [
      ...fieldsBlock([
        ...(code === undefined ? [] : [{ label: w.label('KodFormularza'), value }]),
        ...fieldsOf(w, without(element, ['KodFormularza'])),
      ]),
    ])
  })
}
