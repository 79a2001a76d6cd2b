import { amount, shown, total } from '../document/amount.ts'
import type { Invoice } from '../document/invoice.ts'
import type { InvoiceNode } from '../document/invoice-node.ts'
import { after, before, drop, element, replace, set } from '../examples/edit-invoice.ts'
import { NOT_BUSINESS } from '../examples/kinds.ts'
import { type Found, type Rule, when } from '../rule.ts'

const settlement = ({ fa }: Invoice): InvoiceNode | undefined => fa.get('Rozliczenie')

function sumOfParts(invoice: Invoice, of: { parts: string; sum: string }): readonly Found[] {
  const node = settlement(invoice)
  const stated = node?.amount(of.sum)
  if (node === undefined || stated === undefined) return []
  const sum = total(node.all(of.parts).map((part) => part.amount('Kwota')))
  return when(!stated.eq(sum), node.near(of.sum), { stated: shown(stated), expected: shown(sum) })
}

/** What is to pay, by the schema: P_15, more by charges, less by deductions. */
function expectedDue(invoice: Invoice) {
  const node = settlement(invoice)
  const parts = (name: string) => total((node?.all(name) ?? []).map((part) => part.amount('Kwota')))
  const charges = node?.amount('SumaObciazen') ?? parts('Obciazenia')
  const deductions = node?.amount('SumaOdliczen') ?? parts('Odliczenia')
  return invoice.fa.amount('P_15')?.plus(charges).minus(deductions)
}

function due(invoice: Invoice, of: { field: 'DoZaplaty' | 'DoRozliczenia'; sign: 1 | -1 }): readonly Found[] {
  const node = settlement(invoice)
  const stated = node?.amount(of.field)
  const expected = expectedDue(invoice)?.times(of.sign)
  if (node === undefined || stated === undefined || expected === undefined) return []
  return when(!stated.eq(expected), node.near(of.field), { stated: shown(stated), expected: shown(expected) })
}

const partialPayments = ({ fa }: Invoice): readonly InvoiceNode[] =>
  fa.get('Platnosc')?.all('ZaplataCzesciowa') ?? []

function partialsAgainstTotal(
  invoice: Invoice,
  isBroken: (paid: string, whole: string) => boolean,
): readonly Found[] {
  const payments = partialPayments(invoice)
  const [first] = payments
  const whole = expectedDue(invoice)
  if (first === undefined || whole === undefined) return []
  const paid = total(payments.map((payment) => payment.amount('KwotaZaplatyCzesciowej')))
  return when(isBroken(paid.toFixed(), whole.toFixed()), first.near('KwotaZaplatyCzesciowej'), {
    paid: shown(paid),
    whole: shown(whole),
  })
}

const CASH = '1'
/** Art. 19 of the Entrepreneurs' Law. */
const CASH_LIMIT = amount(15_000)

const SETTLED = (parts: Readonly<Record<string, string>>): string =>
  element(
    'Rozliczenie',
    element('Obciazenia', element('Kwota', '10.00'), element('Powod', 'Kaucja')),
    element('SumaObciazen', parts['SumaObciazen'] ?? '10.00'),
    element('Odliczenia', element('Kwota', '4.00'), element('Powod', 'Nadpłata')),
    element('SumaOdliczen', parts['SumaOdliczen'] ?? '4.00'),
    parts['DoRozliczenia'] === undefined
      ? element('DoZaplaty', parts['DoZaplaty'] ?? '345.00')
      : element('DoRozliczenia', parts['DoRozliczenia']),
  )

const PARTLY = (flag: string, paid: string): string =>
  element('ZnacznikZaplatyCzesciowej', flag) +
  element(
    'ZaplataCzesciowa',
    element('KwotaZaplatyCzesciowej', paid),
    element('DataZaplatyCzesciowej', '2026-11-20'),
  )

const LINK = (id: string): string =>
  element('LinkDoPlatnosci', `https://pay.example.pl/p?IPKSeF=${id}`) + element('IPKSeF', '123abcdefghij')

const LARGE = [
  set('P_13_1', '20000.00'),
  set('P_14_1', '4600.00'),
  set('P_15', '24816.00'),
  set('FaWiersz/P_9A', '10000.00'),
  set('FaWiersz/P_11', '20000.00'),
  set('FormaPlatnosci', CASH),
]

export const PAYMENT: readonly Rule[] = [
  {
    code: 'FA_CHARGES_SUM',
    severity: 'error',
    source: 'XSD FA(3), SumaObciazen',
    says: {
      pl: 'SumaObciazen wynosi {stated}, a obciążenia dają razem {expected}.',
      en: 'SumaObciazen is {stated}, while the charges come to {expected}.',
    },
    help: { pl: 'Popraw sumę albo obciążenia.', en: 'Correct the sum or the charges.' },
    check: (invoice) => sumOfParts(invoice, { parts: 'Obciazenia', sum: 'SumaObciazen' }),
    passes: [before('Platnosc', SETTLED({}))],
    fails: [before('Platnosc', SETTLED({ SumaObciazen: '11.00', DoZaplaty: '346.00' }))],
  },
  {
    code: 'FA_DEDUCTIONS_SUM',
    severity: 'error',
    source: 'XSD FA(3), SumaOdliczen',
    says: {
      pl: 'SumaOdliczen wynosi {stated}, a odliczenia dają razem {expected}.',
      en: 'SumaOdliczen is {stated}, while the deductions come to {expected}.',
    },
    help: { pl: 'Popraw sumę albo odliczenia.', en: 'Correct the sum or the deductions.' },
    check: (invoice) => sumOfParts(invoice, { parts: 'Odliczenia', sum: 'SumaOdliczen' }),
    passes: [before('Platnosc', SETTLED({}))],
    fails: [before('Platnosc', SETTLED({ SumaOdliczen: '5.00', DoZaplaty: '344.00' }))],
  },
  {
    code: 'FA_AMOUNT_DUE',
    severity: 'error',
    source:
      'XSD FA(3), DoZaplaty („równa polu P_15 powiększonemu o Obciazenia i pomniejszonemu o Odliczenia”)',
    says: {
      pl: 'DoZaplaty wynosi {stated}, a P_15 z obciążeniami i odliczeniami {expected}.',
      en: 'DoZaplaty is {stated}, while P_15 with charges and deductions is {expected}.',
    },
    help: { pl: 'Popraw DoZaplaty.', en: 'Correct DoZaplaty.' },
    check: (invoice) => due(invoice, { field: 'DoZaplaty', sign: 1 }),
    passes: [before('Platnosc', SETTLED({}))],
    fails: [before('Platnosc', SETTLED({ DoZaplaty: '339.00' }))],
  },
  {
    code: 'FA_AMOUNT_OVERPAID',
    severity: 'error',
    source: 'XSD FA(3), DoRozliczenia („kwota nadpłacona do rozliczenia/zwrotu”)',
    says: {
      pl: 'DoRozliczenia wynosi {stated}, a nadpłata {expected}.',
      en: 'DoRozliczenia is {stated}, while what is overpaid is {expected}.',
    },
    help: {
      pl: 'Podaj o ile odliczenia przewyższają należność z obciążeniami albo użyj DoZaplaty.',
      en: 'Give by how much the deductions exceed the total with its charges, or use DoZaplaty.',
    },
    check: (invoice) => due(invoice, { field: 'DoRozliczenia', sign: -1 }),
    passes: [
      before(
        'Platnosc',
        element(
          'Rozliczenie',
          element('Odliczenia', element('Kwota', '400.00'), element('Powod', 'Nadpłata')),
          element('DoRozliczenia', '61.00'),
        ),
      ),
    ],
    fails: [before('Platnosc', SETTLED({ DoRozliczenia: '345.00' }))],
  },
  {
    code: 'FA_PARTIAL_PAYMENTS_OVER',
    severity: 'warning',
    source: 'XSD FA(3), KwotaZaplatyCzesciowej',
    says: {
      pl: 'Zapłaty częściowe dają razem {paid}, więcej niż należność {whole}.',
      en: 'The partial payments come to {paid}, more than the {whole} that are due.',
    },
    help: {
      pl: 'Popraw kwoty; nadpłata należy do Rozliczenie.',
      en: 'Correct them; what is overpaid belongs into Rozliczenie.',
    },
    check: (invoice) =>
      partialsAgainstTotal(invoice, (paid, whole) => !invoice.isCorrection && amount(paid).gt(whole)),
    passes: [replace('TerminPlatnosci', PARTLY('1', '100.00'))],
    fails: [replace('TerminPlatnosci', PARTLY('1', '400.00'))],
  },
  {
    code: 'FA_PARTIAL_PAYMENTS_UNDER',
    severity: 'warning',
    forms: ['FA (3)'],
    source: 'XSD FA(3), ZnacznikZaplatyCzesciowej = 2 („zapłacono w całości”)',
    says: {
      pl: 'Faktura ma być zapłacona w całości, a zapłaty dają razem {paid} z {whole}.',
      en: 'The invoice is said to be paid in full, and the payments come to {paid} of {whole}.',
    },
    help: {
      pl: 'Podaj znacznik 1 albo brakującą zapłatę.',
      en: 'Give the mark 1, or the payment that is missing.',
    },
    check: (invoice) =>
      partialsAgainstTotal(
        invoice,
        (paid, whole) => invoice.fa.says('Platnosc/ZnacznikZaplatyCzesciowej', '2') && amount(paid).lt(whole),
      ),
    passes: [replace('TerminPlatnosci', PARTLY('2', '339.00'))],
    fails: [replace('TerminPlatnosci', PARTLY('2', '300.00'))],
  },
  {
    code: 'FA_PAID_BY_NOTHING',
    severity: 'warning',
    source: 'XSD FA(3), Zaplacono i FormaPlatnosci',
    says: {
      pl: 'Faktura jest zapłacona, a nie mówi jak (FormaPlatnosci).',
      en: 'The invoice is paid, and does not say how (FormaPlatnosci).',
    },
    help: { pl: 'Podaj FormaPlatnosci albo PlatnoscInna.', en: 'Give FormaPlatnosci or PlatnoscInna.' },
    check: ({ fa }) => {
      const isSilent = !fa.has('Platnosc/FormaPlatnosci') && !fa.has('Platnosc/PlatnoscInna')
      return when(fa.says('Platnosc/Zaplacono', '1') && isSilent, fa.near('Platnosc/Zaplacono'))
    },
    passes: [replace('TerminPlatnosci', element('Zaplacono', '1') + element('DataZaplaty', '2026-11-20'))],
    fails: [
      replace('TerminPlatnosci', element('Zaplacono', '1') + element('DataZaplaty', '2026-11-20')),
      drop('FormaPlatnosci'),
    ],
  },
  {
    code: 'FA_CASH_OVER_LIMIT',
    severity: 'warning',
    source: 'ustawa Prawo przedsiębiorców, art. 19',
    says: {
      pl: 'Między przedsiębiorcami gotówką płaci się najwyżej 15 000 zł, a należność to {whole}.',
      en: 'Between businesses at most 15,000 PLN are paid in cash, and {whole} are due.',
    },
    help: { pl: 'Podaj przelew i rachunek.', en: 'Give a transfer and an account.' },
    check: ({ fa, buyer, currency }) => {
      const whole = fa.amount('P_15')
      const isCash = fa.says('Platnosc/FormaPlatnosci', CASH) && currency === 'PLN'
      const isOver = whole?.gt(CASH_LIMIT) === true && buyer.has('DaneIdentyfikacyjne/NIP')
      return when(isCash && isOver, fa.near('Platnosc/FormaPlatnosci'), { whole: shown(whole) })
    },
    passes: [...NOT_BUSINESS, ...LARGE],
    fails: LARGE,
  },
  {
    code: 'FA_PAYMENT_LINK_ID',
    severity: 'warning',
    forms: ['FA (3)'],
    source: 'XSD FA(3), LinkDoPlatnosci i IPKSeF',
    says: {
      pl: 'Odnośnik do płatności ma inny IPKSeF niż faktura ({id}).',
      en: 'The payment link has another IPKSeF than the invoice ({id}).',
    },
    help: { pl: 'Podaj w obu miejscach ten sam identyfikator.', en: 'Give the same id in both places.' },
    check: ({ fa }) => {
      const [link, id] = [fa.read('Platnosc/LinkDoPlatnosci'), fa.read('Platnosc/IPKSeF')]
      const differs = link !== '' && id !== '' && !new RegExp(`[?&]IPKSeF=${id}(?:[&#]|$)`).test(link)
      return when(differs, fa.near('Platnosc/LinkDoPlatnosci'), { id })
    },
    passes: [after('RachunekBankowy', LINK('123abcdefghij'))],
    fails: [after('RachunekBankowy', LINK('123abcdefghik'))],
  },
]
