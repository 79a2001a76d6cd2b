import type { Invoice } from '../document/invoice.ts'
import type { InvoiceLine } from '../document/invoice-line.ts'
import { after, drop, element, replace, set } from '../examples/edit-invoice.ts'
import { CORRECTION, MARGIN, SIMPLIFIED } from '../examples/kinds.ts'
import { type Found, type Rule, when } from '../rule.ts'

/** Kinds whose lines say all that art. 106e ust. 1 asks for. Corrections and advances show what they are about. */
const isOrdinary = ({ kind }: Invoice): boolean => kind === 'VAT' || kind === 'ROZ'

const ofLines = (
  { lines }: Invoice,
  breaks: (line: InvoiceLine) => boolean,
  field?: string,
): readonly Found[] =>
  lines.flatMap((line) =>
    when(breaks(line), field === undefined ? line.node : line.node.near(field), { line: line.number }),
  )

const needsNoRate = ({ isMargin, notes }: Invoice): boolean =>
  isMargin || notes.says('P_18', '1') || notes.says('Zwolnienie/P_19', '1')

const OUT_OF_FORCE: Readonly<Record<string, string>> = { '22': '23', '7': '8', '3': '4' }

export const LINE_CONTENTS: readonly Rule[] = [
  {
    code: 'FA_LINE_NAME_MISSING',
    severity: 'error',
    source: 'art. 106e ust. 1 pkt 7; XSD FA(3), P_7',
    says: {
      pl: 'Wiersz {line} nie ma nazwy towaru lub usługi (P_7).',
      en: 'Line {line} does not name what is sold (P_7).',
    },
    help: {
      pl: 'Podaj P_7; pominąć je może tylko faktura korygująca.',
      en: 'Give P_7; only a correction goes without.',
    },
    check: (invoice) => ofLines(invoice, ({ node }) => !invoice.isCorrection && !node.has('P_7')),
    passes: CORRECTION,
    fails: [drop('FaWiersz[2]/P_7')],
  },
  {
    code: 'FA_LINE_QUANTITY_MISSING',
    severity: 'warning',
    source: 'art. 106e ust. 1 pkt 8 i ust. 5 pkt 3; XSD FA(3), P_8A i P_8B',
    says: {
      pl: 'Wiersz {line} nie podaje miary i ilości (P_8A, P_8B).',
      en: 'Line {line} does not give measure and quantity (P_8A, P_8B).',
    },
    help: {
      pl: 'Podaj P_8A i P_8B; pominąć je może tylko faktura uproszczona (UPR).',
      en: 'Give P_8A and P_8B; only a simplified invoice (UPR) goes without.',
    },
    check: (invoice) =>
      ofLines(invoice, ({ node }) => isOrdinary(invoice) && !(node.has('P_8A') && node.has('P_8B'))),
    passes: [...SIMPLIFIED, drop('FaWiersz/P_8A'), drop('FaWiersz/P_8B')],
    fails: [drop('FaWiersz/P_8A'), drop('FaWiersz/P_8B')],
  },
  {
    code: 'FA_LINE_PRICE_MISSING',
    severity: 'warning',
    source: 'art. 106e ust. 1 pkt 9, ust. 2, 3 i ust. 5 pkt 3; XSD FA(3), P_9A',
    says: {
      pl: 'Wiersz {line} nie ma ceny jednostkowej (P_9A albo P_9B).',
      en: 'Line {line} has no unit price (P_9A or P_9B).',
    },
    help: {
      pl: 'Podaj cenę netto (P_9A) albo brutto (P_9B); bez ceny może być faktura marży i uproszczona.',
      en: 'Give the net price (P_9A) or the gross one (P_9B); margin and simplified invoices go without.',
    },
    check: (invoice) =>
      ofLines(
        invoice,
        ({ unitNet, unitGross }) =>
          isOrdinary(invoice) && !invoice.isMargin && unitNet === undefined && unitGross === undefined,
      ),
    passes: [...MARGIN, drop('FaWiersz/P_9B')],
    fails: [drop('FaWiersz/P_9A')],
  },
  {
    code: 'FA_LINE_VALUE_MISSING',
    severity: 'error',
    source: 'art. 106e ust. 1 pkt 11 i ust. 7; XSD FA(3), P_11',
    says: {
      pl: 'Wiersz {line} nie ma wartości sprzedaży (P_11 albo P_11A).',
      en: 'Line {line} has no value (P_11 or P_11A).',
    },
    help: {
      pl: 'Podaj wartość netto (P_11) albo brutto (P_11A).',
      en: 'Give the net value (P_11) or the gross one (P_11A).',
    },
    check: (invoice) =>
      ofLines(
        invoice,
        ({ net, gross }) =>
          isOrdinary(invoice) && !invoice.isMargin && net === undefined && gross === undefined,
      ),
    passes: [...SIMPLIFIED, drop('FaWiersz/P_11')],
    fails: [drop('FaWiersz/P_11')],
  },
  {
    code: 'FA_LINE_RATE_MISSING',
    severity: 'error',
    source: 'art. 106e ust. 1 pkt 12, ust. 2-4; XSD FA(3), P_12',
    says: {
      pl: 'Wiersz {line} nie ma stawki podatku (P_12 albo P_12_XII).',
      en: 'Line {line} has no rate (P_12 or P_12_XII).',
    },
    help: {
      pl: 'Podaj P_12; bez stawki może być tylko wiersz marży, zwolnienia i odwrotnego obciążenia.',
      en: 'Give P_12; only lines under a margin procedure, an exemption or reverse charge go without.',
    },
    check: (invoice) =>
      ofLines(
        invoice,
        ({ node }) =>
          isOrdinary(invoice) && !needsNoRate(invoice) && !node.has('P_12') && !node.has('P_12_XII'),
      ),
    passes: MARGIN,
    fails: [drop('FaWiersz/P_12')],
  },
  {
    code: 'FA_LINE_RATE_TWICE',
    severity: 'error',
    source: 'XSD FA(3), P_12 i P_12_XII',
    says: {
      pl: 'Wiersz {line} ma stawkę krajową (P_12) i stawkę OSS (P_12_XII) naraz.',
      en: 'Line {line} has a Polish rate (P_12) and one of OSS (P_12_XII) at once.',
    },
    help: { pl: 'Zostaw jedną z nich.', en: 'Keep one of them.' },
    check: (invoice) => ofLines(invoice, ({ node }) => node.has('P_12') && node.has('P_12_XII'), 'P_12_XII'),
    passes: [],
    fails: [after('FaWiersz/P_12', element('P_12_XII', '19'))],
  },
  {
    code: 'FA_LINE_RATE_OUT_OF_FORCE',
    severity: 'warning',
    source: 'art. 146ef ust. 1; XSD FA(3), P_12',
    says: {
      pl: 'Wiersz {line} ma stawkę {rate} %, w jej miejsce obowiązuje {current} %.',
      en: 'Line {line} is at {rate} %, in the place of which {current} % is in force.',
    },
    help: {
      pl: 'Użyj obowiązującej stawki; dawna jest tylko dla korekt dawnych faktur.',
      en: 'Use the rate in force; the former one is for corrections of former invoices only.',
    },
    check: ({ lines, isCorrection }) =>
      lines.flatMap(({ node, number, rate }) =>
        when(!isCorrection && rate in OUT_OF_FORCE, node.near('P_12'), {
          line: number,
          rate,
          current: OUT_OF_FORCE[rate] ?? '',
        }),
      ),
    passes: [],
    fails: [set('FaWiersz[2]/P_12', '7'), set('P_14_2', '14.00'), set('P_15', '337.00')],
  },
  {
    code: 'FA_LINE_DATE_TWICE',
    severity: 'warning',
    source: 'art. 106e ust. 1 pkt 6; XSD FA(3), P_6 i P_6A',
    says: {
      pl: 'Wiersz {line} ma własną datę sprzedaży (P_6A), a faktura datę wspólną dla wszystkich (P_6).',
      en: 'Line {line} has a date of sale of its own (P_6A), while the invoice has one for all (P_6).',
    },
    help: {
      pl: 'Zostaw P_6, gdy data jest wspólna, albo P_6A w każdym wierszu.',
      en: 'Keep P_6 where the date is that of all lines, or P_6A on each.',
    },
    check: (invoice) => ofLines(invoice, ({ node }) => invoice.fa.has('P_6') && node.has('P_6A'), 'P_6A'),
    passes: [after('FaWiersz/NrWierszaFa', element('P_6A', '2026-11-18'))],
    fails: [
      after('P_2', element('P_6', '2026-11-18')),
      after('FaWiersz/NrWierszaFa', element('P_6A', '2026-11-17')),
    ],
  },
  {
    code: 'FA_LINE_BEFORE_IN_ORDINARY',
    severity: 'error',
    source: 'art. 106j ust. 2; XSD FA(3), StanPrzed',
    says: {
      pl: 'Wiersz {line} pokazuje stan przed korektą (StanPrzed), a faktura nie jest korektą.',
      en: 'Line {line} shows the state before a correction (StanPrzed), while the invoice corrects nothing.',
    },
    help: {
      pl: 'Usuń StanPrzed albo wystaw fakturę korygującą.',
      en: 'Remove StanPrzed, or issue a correction.',
    },
    check: (invoice) => ofLines(invoice, ({ isBefore }) => isBefore && !invoice.isCorrection, 'StanPrzed'),
    passes: CORRECTION,
    fails: [
      after('FaWiersz/P_12', element('StanPrzed', '1')),
      replace('P_13_1', element('P_13_1', '-100.00')),
      set('P_14_1', '-23.00'),
      set('P_15', '93.00'),
    ],
  },
]
