import { warsawDay } from '../../wire-date.ts'
import { after, element, replace, set } from '../examples/edit-invoice.ts'
import { ADVANCE } from '../examples/kinds.ts'
import { type Rule, when } from '../rule.ts'

const DAY_MS = 86_400_000

const dayAfter = (day: string, days: number): string =>
  new Date(Date.parse(day) + days * DAY_MS).toISOString().slice(0, 10)

/** The 15th of the month that follows. */
function issueDeadline(day: string): string {
  const [year = 0, month = 1] = day.split('-').map(Number)
  return new Date(Date.UTC(year, month, 15)).toISOString().slice(0, 10)
}

const PERIOD = (from: string, to: string): string =>
  element('OkresFa', element('P_6_Od', from), element('P_6_Do', to))

export const DATES: readonly Rule[] = [
  {
    code: 'INVOICE_DATED_IN_FUTURE',
    severity: 'error',
    ksefRefuses: true,
    forms: ['FA (2)', 'FA (3)', 'FA_RR (1)'],
    source: 'KSeF, „Weryfikacja faktury”: walidacja dat; art. 106na ust. 1',
    says: {
      pl: 'Data wystawienia to {issued}, a w Polsce jest dziś {today}.',
      en: 'The date of issue is {issued}, while today is {today} in Poland.',
    },
    help: {
      pl: 'Wyślij fakturę w dniu jej wystawienia albo później.',
      en: 'Send the invoice on its date of issue or later.',
    },
    check: ({ facts, fa }, { now }) => {
      const today = warsawDay(now)
      const field = fa.has('P_1') ? 'P_1' : 'P_4B'
      return when(facts.issueDate > today, fa.near(field), { issued: facts.issueDate, today })
    },
    passes: [],
    fails: [set('P_1', '2026-11-21')],
  },
  {
    code: 'FA_ISSUED_BEFORE_TODAY',
    severity: 'warning',
    source: 'KSeF, „Automatyczne określanie trybu wysyłki offline”; art. 106nda',
    says: {
      pl: 'Data wystawienia to {issued}, a dziś jest {today}: KSeF oznaczy fakturę jako wystawioną offline.',
      en: 'The date of issue is {issued} and today is {today}: KSeF will mark the invoice as issued offline.',
    },
    help: {
      pl: 'Podaj w P_1 dzień wysyłki, chyba że faktura naprawdę powstała offline.',
      en: 'Give in P_1 the day of sending, unless the invoice was really issued offline.',
    },
    check: ({ facts, fa }, { now }) => {
      const today = warsawDay(now)
      return when(facts.issueDate < today, fa.near('P_1'), { issued: facts.issueDate, today })
    },
    passes: [],
    fails: [set('P_1', '2026-11-19')],
  },
  {
    code: 'FA_MADE_IN_FUTURE',
    severity: 'warning',
    source: 'XSD FA(3), DataWytworzeniaFa',
    says: {
      pl: 'Plik miał powstać {made}, czyli w przyszłości.',
      en: 'The file is said to be made at {made}, which is in the future.',
    },
    help: {
      pl: 'Sprawdź zegar i strefę czasową programu, który tworzy fakturę.',
      en: 'Check clock and time zone of the program that makes the invoice.',
    },
    check: ({ root }, { now }) => {
      const made = root.read('Naglowek/DataWytworzeniaFa')
      return when(Date.parse(made) > now.getTime() + DAY_MS, root.near('Naglowek/DataWytworzeniaFa'), {
        made,
      })
    },
    passes: [],
    fails: [set('DataWytworzeniaFa', '2026-11-23T08:00:00Z')],
  },
  {
    code: 'FA_PERIOD_REVERSED',
    severity: 'error',
    source: 'art. 106e ust. 1 pkt 6; XSD FA(3), OkresFa',
    says: {
      pl: 'Okres faktury zaczyna się {from}, a kończy wcześniej, {to}.',
      en: 'The period of the invoice begins on {from} and ends before that, on {to}.',
    },
    help: {
      pl: 'Zamień P_6_Od i P_6_Do albo popraw datę.',
      en: 'Swap P_6_Od and P_6_Do, or correct the date.',
    },
    check: ({ fa }) => {
      const [from, to] = [fa.read('OkresFa/P_6_Od'), fa.read('OkresFa/P_6_Do')]
      return when(from > to, fa.near('OkresFa/P_6_Do'), { from, to })
    },
    passes: [after('P_2', PERIOD('2026-10-01', '2026-10-31'))],
    fails: [after('P_2', PERIOD('2026-10-31', '2026-10-01'))],
  },
  {
    code: 'FA_ISSUED_TOO_EARLY',
    severity: 'warning',
    source: 'art. 106i ust. 7 i 8',
    says: {
      pl: 'Sprzedaż ma nastąpić {sold}, ponad 60 dni po wystawieniu faktury ({issued}).',
      en: 'The sale is to be on {sold}, more than 60 days after the date of issue ({issued}).',
    },
    help: {
      pl: 'Wystaw fakturę nie wcześniej niż 60 dni przed sprzedażą; dla usług ciągłych podaj okres (OkresFa).',
      en: 'Issue it no earlier than 60 days before the sale; for continuous services give the period (OkresFa).',
    },
    check: ({ fa, facts }) => {
      const sold = fa.read('P_6')
      const isTooEarly = sold !== '' && sold > dayAfter(facts.issueDate, 60)
      return when(isTooEarly, fa.near('P_6'), { sold, issued: facts.issueDate })
    },
    passes: [after('P_2', element('P_6', '2027-01-19'))],
    fails: [after('P_2', element('P_6', '2027-01-20'))],
  },
  {
    code: 'FA_ISSUED_LATE',
    severity: 'warning',
    source: 'art. 106i ust. 1 i 2',
    says: {
      pl: 'Sprzedaż lub zapłata była {sold}, a termin na fakturę minął {deadline}; wystawiono ją {issued}.',
      en: 'The sale or payment was on {sold} and the invoice was due by {deadline}; it is issued on {issued}.',
    },
    help: {
      pl: 'Sprawdź P_6; fakturę wystawia się do 15. dnia miesiąca po miesiącu sprzedaży lub zapłaty.',
      en: 'Check P_6; an invoice is due by the 15th of the month after that of the sale or payment.',
    },
    check: ({ fa, facts, isCorrection }) => {
      const sold = fa.read('P_6')
      const deadline = sold === '' ? '' : issueDeadline(sold)
      const isLate = deadline !== '' && !isCorrection && facts.issueDate > deadline
      return when(isLate, fa.near('P_6'), { sold, deadline, issued: facts.issueDate })
    },
    passes: [after('P_2', element('P_6', '2026-11-01'))],
    fails: [after('P_2', element('P_6', '2026-10-31'))],
  },
  {
    code: 'FA_DUE_BEFORE_ISSUE',
    severity: 'warning',
    source: 'XSD FA(3), TerminPlatnosci/Termin',
    says: {
      pl: 'Termin płatności {due} jest wcześniejszy niż data wystawienia {issued}.',
      en: 'Payment is due on {due}, before the date of issue {issued}.',
    },
    help: {
      pl: 'Popraw termin albo oznacz fakturę jako zapłaconą.',
      en: 'Correct the date, or mark the invoice as paid.',
    },
    check: ({ fa, facts }) =>
      (fa.get('Platnosc')?.all('TerminPlatnosci') ?? []).flatMap((term) => {
        const due = term.read('Termin')
        return when(due !== '' && due < facts.issueDate, term.near('Termin'), {
          due,
          issued: facts.issueDate,
        })
      }),
    passes: [],
    fails: [set('Termin', '2026-11-19')],
  },
  {
    code: 'FA_PAID_AFTER_ISSUE',
    severity: 'warning',
    source: 'XSD FA(3), DataZaplaty („jeśli do wystawienia faktury płatność została dokonana”)',
    says: {
      pl: 'Zapłata ma być z {paid}, po wystawieniu faktury ({issued}).',
      en: 'Payment is said to be of {paid}, after the date of issue ({issued}).',
    },
    help: {
      pl: 'Podaj datę dokonanej zapłaty; przyszła należy do TerminPlatnosci.',
      en: 'Give the date of a payment that was made; one to come belongs into TerminPlatnosci.',
    },
    check: ({ fa, facts }) => {
      const paid = fa.read('Platnosc/DataZaplaty')
      return when(paid > facts.issueDate, fa.near('Platnosc/DataZaplaty'), { paid, issued: facts.issueDate })
    },
    passes: [replace('TerminPlatnosci', element('Zaplacono', '1') + element('DataZaplaty', '2026-11-20'))],
    fails: [replace('TerminPlatnosci', element('Zaplacono', '1') + element('DataZaplaty', '2026-11-21'))],
  },
  {
    code: 'FA_ADVANCE_RECEIVED_AFTER_ISSUE',
    severity: 'warning',
    source: 'art. 106b ust. 1 pkt 4; XSD FA(3), P_6Z',
    says: {
      pl: 'Zaliczka ma być otrzymana {received}, po wystawieniu faktury ({issued}).',
      en: 'An advance is said to be received on {received}, after the date of issue ({issued}).',
    },
    help: { pl: 'Popraw P_6Z albo P_1.', en: 'Correct P_6Z or P_1.' },
    check: ({ fa, facts }) =>
      fa.all('ZaliczkaCzesciowa').flatMap((advance) => {
        const received = advance.read('P_6Z')
        return when(received > facts.issueDate, advance.near('P_6Z'), { received, issued: facts.issueDate })
      }),
    passes: [
      ...ADVANCE,
      after(
        'RodzajFaktury',
        element('ZaliczkaCzesciowa', element('P_6Z', '2026-11-19'), element('P_15Z', '369.00')),
      ),
    ],
    fails: [
      ...ADVANCE,
      after(
        'RodzajFaktury',
        element('ZaliczkaCzesciowa', element('P_6Z', '2026-11-21'), element('P_15Z', '369.00')),
      ),
    ],
  },
  {
    code: 'FA_TRANSPORT_REVERSED',
    severity: 'warning',
    source: 'XSD FA(3), DataGodzRozpTransportu i DataGodzZakTransportu',
    says: {
      pl: 'Transport zaczyna się {from}, a kończy wcześniej, {to}.',
      en: 'Transport begins at {from} and ends before that, at {to}.',
    },
    help: { pl: 'Popraw jedną z dat.', en: 'Correct one of the two.' },
    check: ({ fa }) =>
      (fa.get('WarunkiTransakcji')?.all('Transport') ?? []).flatMap((transport) => {
        const [from, to] = [transport.read('DataGodzRozpTransportu'), transport.read('DataGodzZakTransportu')]
        return when(Date.parse(from) > Date.parse(to), transport.near('DataGodzZakTransportu'), { from, to })
      }),
    passes: [after('Platnosc', transport('2026-11-18T08:00:00Z', '2026-11-18T12:00:00Z'))],
    fails: [after('Platnosc', transport('2026-11-18T12:00:00Z', '2026-11-18T08:00:00Z'))],
  },
]

function transport(from: string, to: string): string {
  return element(
    'WarunkiTransakcji',
    element(
      'Transport',
      element('RodzajTransportu', '3'),
      element('OpisLadunku', '13'),
      element('DataGodzRozpTransportu', from),
      element('DataGodzZakTransportu', to),
    ),
  )
}
