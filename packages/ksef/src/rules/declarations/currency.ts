import { type Amount, amountOf, GROSZ, isNear, rounded, shown, total } from '../document/amount.ts'
import type { Invoice } from '../document/invoice.ts'
import { vatOfLine } from '../document/line-sums.ts'
import { RATE_GROUPS, TAXED_GROUPS, type TaxedGroup } from '../document/rate-groups.ts'
import { after, drop, element, set } from '../examples/edit-invoice.ts'
import { ADVANCE, IN_EURO } from '../examples/kinds.ts'
import { type Found, type Rule, when } from '../rule.ts'

const isForeign = ({ currency }: Invoice): boolean => currency !== 'PLN'

const taxInPln = (
  { fa }: Invoice,
  condition: (stated: Amount | undefined, tax: Amount) => boolean,
): readonly Found[] =>
  TAXED_GROUPS.flatMap((group) => {
    const { vat, vatPln } = RATE_GROUPS[group]
    const tax = fa.amount(vat)
    if (tax === undefined) return []
    const stated = fa.amount(vatPln)
    return when(condition(stated, tax), fa.near(vatPln), {
      field: vatPln,
      taxField: vat,
      tax: shown(tax),
      stated: shown(stated),
    })
  })

/** Line by line; where there are no lines, at the one rate of an advance (KursWalutyZ). Undefined when a rate is not stated. */
function expectedInPln(
  { fa, lines }: Invoice,
  group: TaxedGroup,
): { tax: Amount; tolerance: Amount } | undefined {
  const own = lines.filter((line) => line.group === group)
  const common = fa.amount('KursWalutyZ')
  const tax = fa.amount(RATE_GROUPS[group].vat)
  if (own.length === 0) {
    return common === undefined || tax === undefined
      ? undefined
      : { tax: rounded(tax.times(common)), tolerance: GROSZ }
  }
  if (own.some(({ exchange }) => exchange === undefined)) return undefined
  const parts = own.map((line) => {
    const ofLine = vatOfLine(line).times(line.exchange ?? 0)
    return line.isBefore ? ofLine.neg() : ofLine
  })
  // Each line's tax may be off by half a cent before it is converted.
  const spread = total(own.map(({ exchange }) => exchange))
    .times(GROSZ)
    .div(2)
  return { tax: rounded(total(parts)), tolerance: GROSZ.plus(spread) }
}

const taxAtItsRate = (invoice: Invoice): readonly Found[] =>
  TAXED_GROUPS.flatMap((group) => {
    const { vatPln } = RATE_GROUPS[group]
    const stated = invoice.fa.amount(vatPln)
    const expected = expectedInPln(invoice, group)
    if (!isForeign(invoice) || stated === undefined || expected === undefined) return []
    return when(!isNear(stated, expected.tax, expected.tolerance), invoice.fa.near(vatPln), {
      field: vatPln,
      stated: shown(stated),
      expected: shown(expected.tax),
    })
  })

const isTaxed = (group: string | undefined): boolean => TAXED_GROUPS.some((taxed) => taxed === group)

function rateMissing(invoice: Invoice): readonly Found[] {
  const { fa, lines } = invoice
  if (!isForeign(invoice) || fa.has('KursWalutyZ')) return []
  const line = lines.find(({ group, exchange }) => isTaxed(group) && exchange === undefined)
  return line === undefined ? [] : when(true, line.node, { line: line.number })
}

/** Metals, units of account, and the code of no currency at all, which is three X. */
const NOT_MONEY = new Set([
  'X'.repeat(3),
  'XAG',
  'XAU',
  'XPD',
  'XPT',
  'XBA',
  'XBB',
  'XBC',
  'XBD',
  'XSU',
  'XUA',
])
const CONTRACT = (currency: string): string =>
  element('WarunkiTransakcji', element('KursUmowny', '4.0000'), element('WalutaUmowna', currency))

export const CURRENCY: readonly Rule[] = [
  {
    code: 'FA_VAT_PLN_MISSING',
    severity: 'error',
    source: 'art. 106e ust. 11; XSD FA(3), P_14_1W',
    says: {
      pl: 'Faktura jest w walucie obcej, {taxField} wynosi {tax}, a brakuje {field}: podatku w złotych.',
      en: 'The invoice is in a foreign currency, {taxField} is {tax}, and {field} is missing: the tax in PLN.',
    },
    help: { pl: 'Podaj podatek przeliczony na złote.', en: 'Give the tax converted to PLN.' },
    check: (invoice) =>
      taxInPln(invoice, (stated, tax) => isForeign(invoice) && stated === undefined && !tax.eq(0)),
    passes: IN_EURO,
    fails: [...IN_EURO, drop('P_14_2W')],
  },
  {
    code: 'FA_VAT_PLN_NEEDLESS',
    severity: 'warning',
    source:
      'art. 106e ust. 11; XSD FA(3), P_14_1W („w przypadku gdy faktura jest wystawiona w walucie obcej”)',
    says: {
      pl: 'Faktura jest w złotych, a ma {field} = {stated}.',
      en: 'The invoice is in PLN and yet has {field} = {stated}.',
    },
    help: { pl: 'Usuń pola P_14_…W.', en: 'Remove the fields P_14_…W.' },
    check: (invoice) => taxInPln(invoice, (stated) => !isForeign(invoice) && stated !== undefined),
    passes: [],
    fails: [after('P_14_1', element('P_14_1W', '23.00'))],
  },
  {
    code: 'FA_VAT_PLN_RATE',
    severity: 'warning',
    source: 'art. 31a, art. 106e ust. 11; XSD FA(3), P_14_1W i KursWaluty',
    says: {
      pl: '{field} wynosi {stated}, a podatek po podanym kursie {expected}.',
      en: '{field} is {stated}, while the tax at the stated exchange rate is {expected}.',
    },
    help: {
      pl: 'Przelicz podatek kursem z KursWaluty (KursWalutyZ) albo popraw kurs.',
      en: 'Convert the tax at KursWaluty (KursWalutyZ), or correct that rate.',
    },
    check: taxAtItsRate,
    passes: [
      ...ADVANCE,
      set('KodWaluty', 'EUR'),
      after('P_14_1', element('P_14_1W', '276.00')),
      after('P_15', element('KursWalutyZ', '4.0000')),
    ],
    fails: [...IN_EURO, set('P_14_1W', '93.00')],
  },
  {
    code: 'FA_RATE_IN_PLN',
    severity: 'warning',
    source: 'art. 31a; XSD FA(3), KursWaluty',
    says: {
      pl: 'Faktura jest w złotych, a podaje kurs waluty {rate}.',
      en: 'The invoice is in PLN and yet states an exchange rate, {rate}.',
    },
    help: {
      pl: 'Usuń kurs; kurs umowny faktury w złotych należy do WarunkiTransakcji/KursUmowny.',
      en: 'Remove it; a contractual rate of an invoice in PLN belongs into WarunkiTransakcji/KursUmowny.',
    },
    check: ({ fa, lines, currency }) => {
      const line = lines.find(({ exchange }) => exchange !== undefined)
      const at = fa.get('KursWalutyZ') ?? line?.node.get('KursWaluty')
      return currency !== 'PLN' || at === undefined ? [] : when(true, at, { rate: at.text })
    },
    passes: [after('Platnosc', CONTRACT('EUR'))],
    fails: [after('FaWiersz/P_12', element('KursWaluty', '4.0000'))],
  },
  {
    code: 'FA_RATE_MISSING',
    severity: 'warning',
    source: 'art. 31a; XSD FA(3), KursWaluty',
    says: {
      pl: 'Faktura jest w walucie obcej, a wiersz {line} nie podaje kursu (KursWaluty).',
      en: 'The invoice is in a foreign currency, and line {line} does not state the exchange rate (KursWaluty).',
    },
    help: {
      pl: 'Podaj kurs, którym przeliczono podatek na złote.',
      en: 'State the rate by which the tax was converted to PLN.',
    },
    check: rateMissing,
    passes: IN_EURO,
    fails: [...IN_EURO, drop('FaWiersz[2]/KursWaluty')],
  },
  {
    code: 'FA_RATE_NOT_POSITIVE',
    severity: 'error',
    source: 'art. 31a; XSD FA(3), KursWaluty',
    says: { pl: 'Kurs waluty wynosi {rate}.', en: 'The exchange rate is {rate}.' },
    help: { pl: 'Podaj kurs większy od zera.', en: 'Give a rate greater than zero.' },
    check: ({ fa, lines }) =>
      [fa.get('KursWalutyZ'), ...lines.map(({ node }) => node.get('KursWaluty'))].flatMap((at) =>
        at === undefined ? [] : when(amountOf(at.text)?.lte(0) === true, at, { rate: at.text }),
      ),
    passes: IN_EURO,
    fails: [...IN_EURO, set('FaWiersz/KursWaluty', '0'), set('P_14_1W', '0.00')],
  },
  {
    code: 'FA_CONTRACT_RATE_FOREIGN',
    severity: 'warning',
    source: 'XSD FA(3), KursUmowny („nie dotyczy przypadków, o których mowa w dziale VI ustawy”)',
    says: {
      pl: 'Kurs umowny jest dla kwot w złotych, a faktura jest w {currency} i waluta umowna to {contract}.',
      en: 'A contractual rate is for amounts in PLN; the invoice is in {currency}, the contract in {contract}.',
    },
    help: {
      pl: 'Użyj KursUmowny na fakturze w złotych z umową w walucie obcej; kurs podatku to KursWaluty.',
      en: 'Use KursUmowny in PLN for a contract in a foreign currency; the rate of the tax is KursWaluty.',
    },
    check: ({ fa, currency }) => {
      const contract = fa.read('WarunkiTransakcji/WalutaUmowna')
      const isOutOfPlace = contract !== '' && (currency !== 'PLN' || contract === 'PLN')
      return when(isOutOfPlace, fa.near('WarunkiTransakcji/WalutaUmowna'), { currency, contract })
    },
    passes: [after('Platnosc', CONTRACT('EUR'))],
    fails: [after('Platnosc', CONTRACT('PLN'))],
  },
  {
    code: 'FA_CURRENCY_NO_MONEY',
    severity: 'error',
    source: 'art. 106e ust. 1 pkt 15; XSD FA(3), KodWaluty',
    says: { pl: 'KodWaluty {currency} nie oznacza pieniądza.', en: 'KodWaluty {currency} is no money.' },
    help: {
      pl: 'Podaj walutę, w której kupujący ma zapłacić.',
      en: 'Give the currency the buyer is to pay in.',
    },
    check: ({ fa, currency }) => when(NOT_MONEY.has(currency), fa.near('KodWaluty'), { currency }),
    passes: IN_EURO,
    fails: [...IN_EURO, set('KodWaluty', 'XAU')],
  },
  {
    code: 'FA_CORRECTION_RATE_BEFORE',
    severity: 'warning',
    source: 'XSD FA(3), KursWalutyZK',
    says: {
      pl: 'Faktura jest w złotych, a podaje kurs sprzed korekty (KursWalutyZK): {rate}.',
      en: 'The invoice is in PLN and yet states the exchange rate before the correction (KursWalutyZK): {rate}.',
    },
    help: { pl: 'Usuń KursWalutyZK.', en: 'Remove KursWalutyZK.' },
    check: ({ fa, currency }) =>
      when(currency === 'PLN' && fa.has('KursWalutyZK'), fa.near('KursWalutyZK'), {
        rate: fa.read('KursWalutyZK'),
      }),
    passes: [],
    fails: correctionInPln(),
  },
]

/** A corrected advance in PLN that states a rate all the same. */
function correctionInPln() {
  return [
    ...ADVANCE,
    set('RodzajFaktury', 'KOR_ZAL'),
    after(
      'RodzajFaktury',
      element('PrzyczynaKorekty', 'kurs') +
        element('TypKorekty', '1') +
        element(
          'DaneFaKorygowanej',
          element('DataWystFaKorygowanej', '2026-10-15'),
          element('NrFaKorygowanej', 'ZAL/9'),
          element('NrKSeFN', '1'),
        ) +
        element('P_15ZK', '0.00') +
        element('KursWalutyZK', '4.1'),
    ),
  ]
}
