import { total } from '../document/amount.ts'
import { hasSales, type Invoice } from '../document/invoice.ts'
import { RATE_GROUPS, type RateGroup, TAXED_GROUPS } from '../document/rate-groups.ts'
import { element, replace, set } from '../examples/edit-invoice.ts'
import { EXEMPT, GERMAN_BUYER, INTRA_UNION, NOT_BUSINESS, thirdParty, untaxed } from '../examples/kinds.ts'
import { type Rule, when } from '../rule.ts'
import { hasForeignUnionBuyer } from './buyer.ts'

const hasReverseCharge = (invoice: Invoice): boolean => hasSales(invoice, 'oo', 'P_13_10')

const isAbroad = (invoice: Invoice): boolean =>
  hasSales(invoice, 'np I', 'P_13_8') ||
  hasSales(invoice, 'np II', 'P_13_9') ||
  invoice.notes.says('P_23', '1')

/** Groups of sales whose tax does not become due for the seller in Poland by payment. */
const ELSEWHERE: ReadonlySet<RateGroup> = new Set(['0 WDT', 'np I', 'np II', 'oo'])

const REVERSE = [...untaxed('oo', 'P_13_10'), set('P_18', '1')]
const TRIANGULAR = [...GERMAN_BUYER, ...untaxed('np I', 'P_13_8'), set('P_18', '1'), set('P_23', '1')]

export const ANNOTATIONS: readonly Rule[] = [
  {
    code: 'FA_EXEMPTION_WITHOUT_BASIS',
    severity: 'error',
    source: 'art. 106e ust. 1 pkt 19; XSD FA(3), P_19',
    says: {
      pl: 'Jest sprzedaż zwolniona („zw”, P_13_7), a adnotacje mówią, że jej nie ma (P_19N).',
      en: 'There are exempt sales ("zw", P_13_7), and the annotations say there are none (P_19N).',
    },
    help: {
      pl: 'Podaj P_19 = 1 i podstawę zwolnienia: P_19A, P_19B albo P_19C.',
      en: 'Give P_19 = 1 and the basis of the exemption: P_19A, P_19B or P_19C.',
    },
    check: (invoice) =>
      when(
        hasSales(invoice, 'zw', 'P_13_7') && !invoice.notes.says('Zwolnienie/P_19', '1'),
        invoice.notes.near('Zwolnienie'),
      ),
    passes: EXEMPT,
    fails: untaxed('zw', 'P_13_7'),
  },
  {
    code: 'FA_BASIS_WITHOUT_EXEMPTION',
    severity: 'warning',
    source: 'art. 106e ust. 1 pkt 19; XSD FA(3), P_19',
    says: {
      pl: 'Adnotacje mówią o zwolnieniu (P_19 = 1), a nie ma sprzedaży zwolnionej.',
      en: 'The annotations tell of an exemption (P_19 = 1), and there are no exempt sales.',
    },
    help: { pl: 'Podaj P_19N = 1 albo oznacz wiersze „zw”.', en: 'Give P_19N = 1, or mark lines as "zw".' },
    check: (invoice) => {
      const isClaimed = invoice.notes.says('Zwolnienie/P_19', '1') && !invoice.isCorrection
      return when(isClaimed && !hasSales(invoice, 'zw', 'P_13_7'), invoice.notes.near('Zwolnienie/P_19'))
    },
    passes: EXEMPT,
    fails: [set('Zwolnienie', element('P_19', '1') + element('P_19A', 'art. 43 ust. 1 pkt 37'))],
  },
  {
    code: 'FA_REVERSE_CHARGE_MISSING',
    severity: 'error',
    source: 'art. 17 ust. 1 pkt 7 i 8, art. 106e ust. 1 pkt 18; XSD FA(3), P_18',
    says: {
      pl: 'Jest odwrotne obciążenie („oo”, P_13_10), a P_18 = 2.',
      en: 'There is reverse charge ("oo", P_13_10), and P_18 = 2.',
    },
    help: { pl: 'Podaj P_18 = 1.', en: 'Give P_18 = 1.' },
    check: (invoice) =>
      when(hasReverseCharge(invoice) && !invoice.notes.says('P_18', '1'), invoice.notes.near('P_18')),
    passes: REVERSE,
    fails: untaxed('oo', 'P_13_10'),
  },
  {
    code: 'FA_REVERSE_CHARGE_UNION',
    severity: 'warning',
    source: 'art. 106e ust. 1 pkt 18, art. 100 ust. 1 pkt 4; XSD FA(3), P_18',
    says: {
      pl: 'Jest usługa, którą rozlicza nabywca z Unii („np II”, P_13_9), a P_18 = 2.',
      en: 'There is a service that a buyer within the Union accounts for ("np II", P_13_9), and P_18 = 2.',
    },
    help: { pl: 'Podaj P_18 = 1.', en: 'Give P_18 = 1.' },
    check: (invoice) =>
      when(
        hasSales(invoice, 'np II', 'P_13_9') && !invoice.notes.says('P_18', '1'),
        invoice.notes.near('P_18'),
      ),
    passes: [...GERMAN_BUYER, ...untaxed('np II', 'P_13_9'), set('P_18', '1')],
    fails: [...GERMAN_BUYER, ...untaxed('np II', 'P_13_9')],
  },
  {
    code: 'FA_REVERSE_CHARGE_NEEDLESS',
    severity: 'warning',
    source: 'art. 106e ust. 1 pkt 18; XSD FA(3), P_18',
    says: {
      pl: 'P_18 = 1, a nie ma sprzedaży, którą rozlicza nabywca („oo”, „np”).',
      en: 'P_18 = 1, and there are no sales that the buyer accounts for ("oo", "np").',
    },
    help: {
      pl: 'Podaj P_18 = 2 albo popraw stawki wierszy.',
      en: 'Give P_18 = 2, or correct the rates of the lines.',
    },
    check: (invoice) => {
      const isClaimed = invoice.notes.says('P_18', '1') && !invoice.isCorrection
      const isKnown = invoice.linesAreComplete && !hasReverseCharge(invoice) && !isAbroad(invoice)
      return when(isClaimed && isKnown, invoice.notes.near('P_18'))
    },
    passes: REVERSE,
    fails: [set('P_18', '1')],
  },
  {
    code: 'FA_REVERSE_CHARGE_BUYER',
    severity: 'error',
    source: 'art. 17 ust. 1 pkt 7 i 8, art. 106e ust. 1 pkt 5; XSD FA(3), P_13_10',
    says: {
      pl: 'Krajowe odwrotne obciążenie („oo”) wymaga podatnika, a nabywca nie ma identyfikatora.',
      en: 'Domestic reverse charge ("oo") needs a taxpayer, and the buyer has no tax number.',
    },
    help: { pl: 'Podaj NIP nabywcy albo zastosuj stawkę.', en: "Give the buyer's NIP, or apply a rate." },
    check: (invoice) =>
      when(
        hasReverseCharge(invoice) && invoice.buyer.has('DaneIdentyfikacyjne/BrakID'),
        invoice.buyer.near('DaneIdentyfikacyjne/BrakID'),
      ),
    passes: REVERSE,
    fails: [...NOT_BUSINESS, ...REVERSE],
  },
  {
    code: 'FA_SELF_BILLING_BUYER',
    severity: 'error',
    source: 'art. 106d ust. 1, art. 106e ust. 1 pkt 17; XSD FA(3), P_17',
    says: {
      pl: 'Samofakturowanie (P_17 = 1) wymaga nabywcy podatnika, a nabywca nie ma identyfikatora.',
      en: 'Self-billing (P_17 = 1) needs a buyer that is a taxpayer, and the buyer has no tax number.',
    },
    help: { pl: 'Podaj numer nabywcy albo P_17 = 2.', en: "Give the buyer's number, or P_17 = 2." },
    check: ({ notes, buyer }) =>
      when(
        notes.says('P_17', '1') && buyer.has('DaneIdentyfikacyjne/BrakID'),
        buyer.near('DaneIdentyfikacyjne/BrakID'),
      ),
    passes: [set('P_17', '1')],
    fails: [...NOT_BUSINESS, set('P_17', '1')],
  },
  {
    code: 'FA_SELF_BILLING_ISSUER',
    severity: 'warning',
    source: 'art. 106d ust. 1; XSD FA(3), P_17 i Rola 5',
    says: {
      pl: 'Jest samofakturowanie (P_17 = 1), a jako wystawcę (rola 5) podano kogoś trzeciego.',
      en: 'There is self-billing (P_17 = 1), and a third party is named as the issuer (role 5).',
    },
    help: {
      pl: 'Przy samofakturowaniu wystawia nabywca: usuń Podmiot3 z rolą 5 albo podaj P_17 = 2.',
      en: 'In self-billing the buyer issues: remove the Podmiot3 of role 5, or give P_17 = 2.',
    },
    check: ({ notes, thirdParties }) =>
      thirdParties.flatMap((party) =>
        when(notes.says('P_17', '1') && party.says('Rola', '5'), party.near('Rola')),
      ),
    passes: [set('P_17', '1')],
    fails: [set('P_17', '1'), thirdParty('5')],
  },
  {
    code: 'FA_CASH_METHOD_ABROAD',
    severity: 'warning',
    source: 'art. 106e ust. 1 pkt 16, art. 20 ust. 1; XSD FA(3), P_16',
    says: {
      pl: 'P_16 = 1 (metoda kasowa), a cała sprzedaż to dostawa do Unii, sprzedaż poza krajem lub odwrotne obciążenie.',
      en: 'P_16 = 1 (cash method), and all sales are to the Union, outside of Poland or under reverse charge.',
    },
    help: {
      pl: 'Podaj P_16 = 2: obowiązek podatkowy od zapłaty powstaje tylko dla sprzedaży, którą rozlicza sprzedawca w kraju.',
      en: 'Give P_16 = 2: only for sales the seller accounts for in Poland does the tax become due by payment.',
    },
    check: ({ notes, sums }) => {
      const isElsewhere = sums.size > 0 && [...sums.keys()].every((group) => ELSEWHERE.has(group))
      return when(notes.says('P_16', '1') && isElsewhere, notes.near('P_16'))
    },
    passes: [set('P_16', '1')],
    fails: [...INTRA_UNION, set('P_16', '1')],
  },
  {
    code: 'FA_TRIANGULAR_BUYER',
    severity: 'error',
    source: 'art. 135 ust. 1 pkt 4, art. 136 ust. 1 pkt 4; XSD FA(3), P_23',
    says: {
      pl: 'Procedura trójstronna (P_23 = 1), a nabywca nie ma numeru VAT innego kraju Unii.',
      en: 'The triangular procedure (P_23 = 1) applies, and the buyer has no VAT number of another member state.',
    },
    help: { pl: 'Podaj KodUE i NrVatUE nabywcy.', en: "Give the buyer's KodUE and NrVatUE." },
    check: (invoice) =>
      when(
        invoice.notes.says('P_23', '1') && !hasForeignUnionBuyer(invoice),
        invoice.buyer.near('DaneIdentyfikacyjne'),
      ),
    passes: TRIANGULAR,
    fails: [...TRIANGULAR, replace('KodUE', ''), replace('NrVatUE', element('BrakID', '1'))],
  },
  {
    code: 'FA_TRIANGULAR_TAXED',
    severity: 'error',
    source: 'art. 136 ust. 1 pkt 2; XSD FA(3), P_23',
    says: {
      pl: 'Procedura trójstronna (P_23 = 1): podatek rozlicza ostatni nabywca, a faktura wykazuje polski VAT.',
      en: 'The triangular procedure (P_23 = 1): the last buyer accounts for the tax, and the invoice shows Polish VAT.',
    },
    help: { pl: 'Usuń podatek albo podaj P_23 = 2.', en: 'Remove the tax, or give P_23 = 2.' },
    check: ({ fa, notes }) => {
      const tax = total(TAXED_GROUPS.map((group) => fa.amount(RATE_GROUPS[group].vat)))
      return when(notes.says('P_23', '1') && !tax.eq(0), notes.near('P_23'))
    },
    passes: TRIANGULAR,
    fails: [...GERMAN_BUYER, set('P_23', '1')],
  },
]
