import { parseKsefNumber } from '../../ksef-number.ts'
import { amountOf, GROSZ, isNear, percentOf, rounded, shown, total, ZERO } from '../document/amount.ts'
import type { Invoice } from '../document/invoice.ts'
import type { InvoiceNode } from '../document/invoice-node.ts'
import { after, before, drop, element, set } from '../examples/edit-invoice.ts'
import { ADVANCE, KSEF_NUMBER, SETTLEMENT, WRONG_KSEF_NUMBER } from '../examples/kinds.ts'
import { type Found, type Rule, when } from '../rule.ts'

const orderLines = ({ fa }: Invoice): readonly InvoiceNode[] =>
  fa.get('Zamowienie')?.all('ZamowienieWiersz') ?? []

function orderValue(invoice: Invoice): readonly Found[] {
  const { fa, kind } = invoice
  const stated = fa.amount('Zamowienie/WartoscZamowienia')
  const lines = orderLines(invoice)
  const isComplete = lines.every((line) => line.has('P_11NettoZ') && line.has('P_11VatZ'))
  if (kind !== 'ZAL' || stated === undefined || !isComplete) return []
  const sum = total(lines.flatMap((line) => [line.amount('P_11NettoZ'), line.amount('P_11VatZ')]))
  return when(!isNear(stated, sum, GROSZ.times(lines.length)), fa.near('Zamowienie/WartoscZamowienia'), {
    stated: shown(stated),
    expected: shown(sum),
  })
}

const orderNet = (invoice: Invoice): readonly Found[] =>
  orderLines(invoice).flatMap((line) => {
    const [quantity, price, net] = ['P_8BZ', 'P_9AZ', 'P_11NettoZ'].map((field) => line.amount(field))
    if (quantity === undefined || price === undefined || net === undefined) return []
    const expected = rounded(quantity.times(price))
    const tolerance = GROSZ.plus(quantity.abs().times(GROSZ).div(2))
    return when(!isNear(net, expected, tolerance), line.near('P_11NettoZ'), {
      line: line.read('NrWierszaZam'),
      stated: shown(net),
      expected: shown(expected),
    })
  })

const orderTax = (invoice: Invoice): readonly Found[] =>
  orderLines(invoice).flatMap((line) => {
    const [net, vat] = [line.amount('P_11NettoZ'), line.amount('P_11VatZ')]
    const rate = line.read('P_12Z')
    if (net === undefined || vat === undefined || rate === '') return []
    const expected = rounded(percentOf(net, amountOf(rate) ?? ZERO))
    return when(!isNear(vat, expected, GROSZ), line.near('P_11VatZ'), {
      line: line.read('NrWierszaZam'),
      stated: shown(vat),
      expected: shown(expected),
    })
  })

function partialAdvances({ fa, kind }: Invoice): readonly Found[] {
  const parts = fa.all('ZaliczkaCzesciowa')
  const whole = fa.amount('P_15')
  const [first] = parts
  if (first === undefined || whole === undefined || (kind !== 'ZAL' && kind !== 'ROZ')) return []
  const sum = total(parts.map((part) => part.amount('P_15Z')))
  // What a settlement has beyond them is what is left to pay.
  const isBroken = kind === 'ZAL' ? !sum.eq(whole) : sum.gt(whole)
  return when(isBroken, first.near('P_15Z'), { sum: shown(sum), whole: shown(whole) })
}

function repeatedAdvances({ fa }: Invoice): readonly Found[] {
  const seen = new Set<string>()
  return fa.all('FakturaZaliczkowa').flatMap((node) => {
    const number = node.read('NrKSeFFaZaliczkowej') || node.read('NrFaZaliczkowej')
    const isRepeated = seen.has(number)
    seen.add(number)
    return when(isRepeated, node, { number })
  })
}

const reference = (number: string): string =>
  element('FakturaZaliczkowa', element('NrKSeFFaZaliczkowej', number))

const part = (paid: string): string =>
  element('ZaliczkaCzesciowa', element('P_6Z', '2026-11-19'), element('P_15Z', paid))

const ORDER = element(
  'Zamowienie',
  element('WartoscZamowienia', '123.00'),
  '<ZamowienieWiersz><NrWierszaZam>1</NrWierszaZam><P_7Z>Rusztowanie</P_7Z><P_11NettoZ>100.00</P_11NettoZ><P_11VatZ>23.00</P_11VatZ><P_12Z>23</P_12Z></ZamowienieWiersz>',
)

export const ADVANCES: readonly Rule[] = [
  {
    code: 'FA_ORDER_MISSING',
    severity: 'error',
    source: 'art. 106f ust. 1 pkt 4; XSD FA(3), Zamowienie',
    says: {
      pl: 'Faktura zaliczkowa nie podaje zamówienia.',
      en: 'An advance does not give the order it is for.',
    },
    help: {
      pl: 'Podaj Zamowienie z jego wartością i pozycjami.',
      en: 'Give Zamowienie with its value and lines.',
    },
    check: ({ fa, kind }) => when(kind === 'ZAL' && !fa.has('Zamowienie'), fa.near('RodzajFaktury')),
    passes: ADVANCE,
    fails: [...ADVANCE, drop('Zamowienie')],
  },
  {
    code: 'FA_ORDER_NEEDLESS',
    severity: 'warning',
    source: 'art. 106f ust. 1 pkt 4; XSD FA(3), Zamowienie („dla faktur zaliczkowych”)',
    says: {
      pl: 'Faktura rodzaju {kind} podaje zamówienie.',
      en: 'An invoice of kind {kind} gives an order.',
    },
    help: {
      pl: 'Usuń Zamowienie; numer zamówienia należy do WarunkiTransakcji/Zamowienia.',
      en: "Remove Zamowienie; an order's number belongs into WarunkiTransakcji/Zamowienia.",
    },
    check: ({ fa, kind }) =>
      when(!['ZAL', 'KOR_ZAL'].includes(kind) && fa.has('Zamowienie'), fa.near('Zamowienie'), { kind }),
    passes: ADVANCE,
    fails: [after('Platnosc', ORDER)],
  },
  {
    code: 'FA_ORDER_VALUE',
    severity: 'warning',
    source: 'art. 106f ust. 1 pkt 4; XSD FA(3), WartoscZamowienia',
    says: {
      pl: 'WartoscZamowienia wynosi {stated}, a pozycje z podatkiem dają razem {expected}.',
      en: 'WartoscZamowienia is {stated}, while its lines with their tax come to {expected}.',
    },
    help: {
      pl: 'Popraw wartość albo pozycje zamówienia.',
      en: 'Correct the value or the lines of the order.',
    },
    check: orderValue,
    passes: ADVANCE,
    fails: [...ADVANCE, set('WartoscZamowienia', '1000.00')],
  },
  {
    code: 'FA_ORDER_LINE_NET',
    severity: 'warning',
    source: 'art. 106f ust. 1 pkt 4; XSD FA(3), P_11NettoZ',
    says: {
      pl: 'Pozycja zamówienia {line}: P_11NettoZ wynosi {stated}, a ilość razy cena {expected}.',
      en: 'Order line {line}: P_11NettoZ is {stated}, while quantity by price is {expected}.',
    },
    help: { pl: 'Popraw ilość, cenę albo wartość.', en: 'Correct quantity, price or value.' },
    check: orderNet,
    passes: ADVANCE,
    fails: [...ADVANCE, set('P_9AZ', '600.00')],
  },
  {
    code: 'FA_ORDER_LINE_VAT',
    severity: 'warning',
    source: 'art. 106f ust. 1 pkt 4; XSD FA(3), P_11VatZ',
    says: {
      pl: 'Pozycja zamówienia {line}: P_11VatZ wynosi {stated}, a podatek {expected}.',
      en: 'Order line {line}: P_11VatZ is {stated}, while the tax is {expected}.',
    },
    help: { pl: 'Popraw podatek albo stawkę (P_12Z).', en: 'Correct the tax or the rate (P_12Z).' },
    check: orderTax,
    passes: ADVANCE,
    fails: [...ADVANCE, set('P_11VatZ', '80.00'), set('WartoscZamowienia', '1080.00')],
  },
  {
    code: 'FA_ADVANCE_OVER_ORDER',
    severity: 'warning',
    source: 'art. 106f ust. 1; XSD FA(3), P_15 i WartoscZamowienia',
    says: {
      pl: 'Zaliczka {stated} jest większa niż wartość zamówienia {order}.',
      en: 'The advance of {stated} is more than the value of the order, {order}.',
    },
    help: { pl: 'Sprawdź kwotę zaliczki i zamówienia.', en: 'Check advance and order.' },
    check: ({ fa, kind }) => {
      const [stated, order] = [fa.amount('P_15'), fa.amount('Zamowienie/WartoscZamowienia')]
      if (kind !== 'ZAL' || stated === undefined || order === undefined) return []
      return when(stated.gt(order), fa.near('P_15'), { stated: shown(stated), order: shown(order) })
    },
    passes: ADVANCE,
    fails: [...ADVANCE, set('P_13_1', '2000.00'), set('P_14_1', '460.00'), set('P_15', '2460.00')],
  },
  {
    code: 'FA_PARTIAL_ADVANCES_SUM',
    severity: 'error',
    source: 'art. 106b ust. 1 pkt 4; XSD FA(3), P_15Z („składająca się na kwotę w polu P_15”)',
    says: {
      pl: 'Płatności (P_15Z) dają razem {sum}, a P_15 wynosi {whole}.',
      en: 'The payments (P_15Z) come to {sum}, while P_15 is {whole}.',
    },
    help: { pl: 'Popraw P_15Z albo P_15.', en: 'Correct P_15Z or P_15.' },
    check: partialAdvances,
    passes: [...ADVANCE, after('RodzajFaktury', part('300.00') + part('69.00'))],
    fails: [...ADVANCE, after('RodzajFaktury', part('300.00') + part('60.00'))],
  },
  {
    code: 'FA_ADVANCES_MISSING',
    severity: 'error',
    source: 'art. 106f ust. 3; XSD FA(3), FakturaZaliczkowa',
    says: {
      pl: 'Faktura rozliczeniowa nie podaje faktur zaliczkowych.',
      en: 'A settlement does not name the advances it settles.',
    },
    help: {
      pl: 'Podaj FakturaZaliczkowa z numerem KSeF każdej z nich.',
      en: 'Give FakturaZaliczkowa with the KSeF number of each.',
    },
    check: ({ fa, kind }) => when(kind === 'ROZ' && !fa.has('FakturaZaliczkowa'), fa.near('RodzajFaktury')),
    passes: SETTLEMENT,
    fails: [...SETTLEMENT, drop('FakturaZaliczkowa')],
  },
  {
    code: 'FA_ADVANCES_NEEDLESS',
    severity: 'warning',
    source: 'art. 106f ust. 3 i 4; XSD FA(3), FakturaZaliczkowa',
    says: {
      pl: 'Faktura rodzaju {kind} podaje faktury zaliczkowe.',
      en: 'An invoice of kind {kind} names advances.',
    },
    help: {
      pl: 'Podaj rodzaj ROZ (albo ZAL dla ostatniej zaliczki) lub usuń FakturaZaliczkowa.',
      en: 'Give the kind ROZ (or ZAL for the last advance), or remove FakturaZaliczkowa.',
    },
    check: ({ fa, kind }) =>
      when(
        ['VAT', 'UPR', 'KOR'].includes(kind) && fa.has('FakturaZaliczkowa'),
        fa.near('FakturaZaliczkowa'),
        { kind },
      ),
    passes: SETTLEMENT,
    fails: [before('FaWiersz', reference(KSEF_NUMBER))],
  },
  {
    code: 'FA_ADVANCE_NUMBER_CHECKSUM',
    severity: 'error-on-production',
    source: 'art. 106f ust. 3; KSeF, „Numer KSeF”',
    says: {
      pl: 'Numer KSeF {number} faktury zaliczkowej nie ma poprawnej sumy kontrolnej.',
      en: 'The KSeF number {number} of an advance fails its checksum.',
    },
    help: { pl: 'Przepisz numer z UPO albo z KSeF.', en: 'Copy the number from the UPO or from KSeF.' },
    check: ({ fa }) =>
      fa.all('FakturaZaliczkowa').flatMap((node) => {
        const number = node.read('NrKSeFFaZaliczkowej')
        // Numbers of KSeF 1.0 have 36 characters and another checksum.
        const isWrong = number.length === 35 && parseKsefNumber(number) === null
        return when(isWrong, node.near('NrKSeFFaZaliczkowej'), { number })
      }),
    passes: SETTLEMENT,
    fails: [...SETTLEMENT, set('NrKSeFFaZaliczkowej', WRONG_KSEF_NUMBER)],
  },
  {
    code: 'FA_ADVANCE_REPEATED',
    severity: 'warning',
    source: 'XSD FA(3), FakturaZaliczkowa',
    says: { pl: 'Fakturę zaliczkową {number} podano dwa razy.', en: 'The advance {number} is named twice.' },
    help: { pl: 'Zostaw jedną.', en: 'Keep one.' },
    check: repeatedAdvances,
    passes: SETTLEMENT,
    fails: [...SETTLEMENT, after('FakturaZaliczkowa', reference(KSEF_NUMBER))],
  },
]
