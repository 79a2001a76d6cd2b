import { type Amount, amount, shown } from '../document/amount.ts'
import type { Invoice } from '../document/invoice.ts'
import { after, type Edit, element, set } from '../examples/edit-invoice.ts'
import { type Rule, when } from '../rule.ts'

/** Above it the split payment is a duty (art. 108a ust. 1a). */
const THRESHOLD = amount(15_000)

/** P_15 in PLN; undefined where no line tells the exchange rate. */
function totalInPln({ fa, currency, lines }: Invoice): Amount | undefined {
  const whole = fa.amount('P_15')
  if (currency === 'PLN') return whole
  const exchange = fa.amount('KursWalutyZ') ?? lines.find((line) => line.exchange !== undefined)?.exchange
  return exchange === undefined ? undefined : whole?.times(exchange)
}

const isListed = ({ lines, fa }: Invoice): boolean =>
  lines.some(({ node }) => node.says('P_12_Zal_15', '1')) ||
  (fa.get('Zamowienie')?.all('ZamowienieWiersz') ?? []).some((line) => line.says('P_12Z_Zal_15', '1'))

const LARGE: readonly Edit[] = [
  set('P_13_1', '20000.00'),
  set('P_14_1', '4600.00'),
  set('P_15', '24816.00'),
  set('FaWiersz/P_9A', '10000.00'),
  set('FaWiersz/P_11', '20000.00'),
]
const LISTED = after('FaWiersz/P_12', element('P_12_Zal_15', '1'))
const SPLIT = set('P_18A', '1')

export const SPLIT_PAYMENT: readonly Rule[] = [
  {
    code: 'FA_SPLIT_PAYMENT_MISSING',
    severity: 'error',
    source: 'art. 106e ust. 1 pkt 18a, art. 108a ust. 1a; XSD FA(3), P_18A',
    says: {
      pl: 'Należność {whole} zł przekracza 15 000 zł, jest towar lub usługa z załącznika nr 15, a P_18A = 2.',
      en: 'The total of {whole} PLN is above 15,000 PLN, there are goods or services of annex 15, and P_18A = 2.',
    },
    help: { pl: 'Podaj P_18A = 1.', en: 'Give P_18A = 1.' },
    check: (invoice) => {
      const whole = totalInPln(invoice)
      const isOwed = whole?.gt(THRESHOLD) === true && isListed(invoice) && !invoice.isCorrection
      const isBusiness = !invoice.buyer.has('DaneIdentyfikacyjne/BrakID')
      return when(isOwed && isBusiness && !invoice.notes.says('P_18A', '1'), invoice.notes.near('P_18A'), {
        whole: shown(whole),
      })
    },
    passes: [...LARGE, LISTED, SPLIT],
    fails: [...LARGE, LISTED],
  },
  {
    code: 'FA_SPLIT_PAYMENT_BELOW',
    severity: 'warning',
    source: 'art. 108a ust. 1 i 1a; XSD FA(3), P_18A („przekracza kwotę 15 000 zł”)',
    says: {
      pl: 'P_18A = 1, a należność {whole} zł nie przekracza 15 000 zł.',
      en: 'P_18A = 1, and the total of {whole} PLN is not above 15,000 PLN.',
    },
    help: {
      pl: 'Podaj P_18A = 2; nabywca może i tak zapłacić w mechanizmie podzielonej płatności.',
      en: 'Give P_18A = 2; the buyer may still pay by split payment.',
    },
    check: (invoice) => {
      const whole = totalInPln(invoice)
      const isBelow = whole?.lte(THRESHOLD) === true && !invoice.isCorrection
      return when(isBelow && invoice.notes.says('P_18A', '1'), invoice.notes.near('P_18A'), {
        whole: shown(whole),
      })
    },
    passes: [...LARGE, LISTED, SPLIT],
    fails: [LISTED, SPLIT],
  },
  {
    code: 'FA_SPLIT_PAYMENT_UNLISTED',
    severity: 'warning',
    source: 'art. 106e ust. 1 pkt 18a, załącznik nr 15; XSD FA(3), P_12_Zal_15',
    says: {
      pl: 'P_18A = 1, a żaden wiersz nie jest oznaczony jako towar lub usługa z załącznika nr 15.',
      en: 'P_18A = 1, and no line is marked as goods or services of annex 15.',
    },
    help: {
      pl: 'Oznacz wiersze P_12_Zal_15 = 1 albo podaj P_18A = 2.',
      en: 'Mark lines with P_12_Zal_15 = 1, or give P_18A = 2.',
    },
    check: (invoice) =>
      when(
        invoice.notes.says('P_18A', '1') && !isListed(invoice) && !invoice.isCorrection,
        invoice.notes.near('P_18A'),
      ),
    passes: [...LARGE, LISTED, SPLIT],
    fails: [...LARGE, SPLIT],
  },
  {
    code: 'FA_SPLIT_PAYMENT_NOT_BY_TRANSFER',
    severity: 'warning',
    source: 'art. 108a ust. 2 i 3; XSD FA(3), FormaPlatnosci',
    says: {
      pl: 'P_18A = 1, a forma płatności {form} nie jest przelewem.',
      en: 'P_18A = 1, and the form of payment {form} is no transfer.',
    },
    help: {
      pl: 'Mechanizm podzielonej płatności działa tylko przelewem (FormaPlatnosci = 6) na rachunek rozliczeniowy.',
      en: 'Split payment works by transfer (FormaPlatnosci = 6) to a settlement account only.',
    },
    check: ({ fa, notes }) => {
      const form = fa.read('Platnosc/FormaPlatnosci')
      const isOther = form !== '' && form !== '6'
      return when(notes.says('P_18A', '1') && isOther, fa.near('Platnosc/FormaPlatnosci'), { form })
    },
    passes: [...LARGE, LISTED, SPLIT],
    fails: [...LARGE, LISTED, SPLIT, set('FormaPlatnosci', '2')],
  },
]
