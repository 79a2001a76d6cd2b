import { GROSZ, isNear, shown, total } from '../document/amount.ts'
import type { Invoice } from '../document/invoice.ts'
import { RATE_GROUPS } from '../document/rate-groups.ts'
import { drop, element, replace, set } from '../examples/edit-invoice.ts'
import { BY_GROSS, SIMPLIFIED } from '../examples/kinds.ts'
import { type Found, type Rule, when } from '../rule.ts'

const SUM_FIELDS = Object.values(RATE_GROUPS).flatMap(({ net, vat }) => (vat === null ? [net] : [net, vat]))

function totalOfSums({ fa, kind }: Invoice): readonly Found[] {
  const stated = fa.amount('P_15')
  const parts = SUM_FIELDS.map((field) => fa.amount(field))
  const isWithoutSums = parts.every((part) => part === undefined)
  if (stated === undefined || (kind === 'UPR' && isWithoutSums)) return []
  const sum = total(parts)
  return when(!stated.eq(sum), fa.near('P_15'), { stated: shown(stated), expected: shown(sum) })
}

function totalOfGrossLines({ fa, kind, lines }: Invoice): readonly Found[] {
  const stated = fa.amount('P_15')
  const isByGross = lines.length > 0 && lines.every(({ gross }) => gross !== undefined)
  if (stated === undefined || !isByGross || (kind !== 'VAT' && kind !== 'UPR')) return []
  const sum = total(lines.map(({ gross }) => gross))
  return when(!isNear(stated, sum, GROSZ.times(lines.length)), fa.near('P_15'), {
    stated: shown(stated),
    expected: shown(sum),
  })
}

export const TOTALS: readonly Rule[] = [
  {
    code: 'FA_TOTAL',
    severity: 'error',
    source: 'art. 106e ust. 1 pkt 15; XSD FA(3), P_15',
    says: {
      pl: 'P_15 wynosi {stated}, a pola P_13_… i P_14_… dają razem {expected}.',
      en: 'P_15 is {stated}, while the fields P_13_… and P_14_… come to {expected}.',
    },
    help: {
      pl: 'Wpisz w P_15 sumę wartości netto i podatku; kwoty spoza sprzedaży należą do Rozliczenie.',
      en: 'Give in P_15 the sum of net values and tax; what is no sale belongs into Rozliczenie.',
    },
    check: totalOfSums,
    passes: [],
    fails: [set('P_15', '340.00')],
  },
  {
    code: 'FA_TOTAL_GROSS_LINES',
    severity: 'warning',
    source: 'art. 106e ust. 7 i 8; XSD FA(3), P_11A',
    says: {
      pl: 'P_15 wynosi {stated}, a wartości brutto wierszy (P_11A) dają razem {expected}.',
      en: 'P_15 is {stated}, while the gross values of the lines (P_11A) come to {expected}.',
    },
    help: {
      pl: 'Sprawdź wartości brutto wierszy; różnią się od należności o więcej niż grosz na wiersz.',
      en: 'Check the gross values of the lines; they differ from the total by more than a grosz for each line.',
    },
    check: totalOfGrossLines,
    passes: BY_GROSS,
    fails: [
      ...SIMPLIFIED,
      ...BY_GROSS,
      drop('P_13_1'),
      drop('P_14_1'),
      drop('P_13_2'),
      drop('P_14_2'),
      set('P_15', '300.00'),
    ],
  },
  {
    code: 'FA_TOTAL_NEGATIVE',
    severity: 'warning',
    source: 'art. 106e ust. 1 pkt 15, art. 106j ust. 1',
    says: {
      pl: 'Faktura rodzaju {kind} ma ujemną kwotę należności: {stated}.',
      en: 'An invoice of kind {kind} has a negative total: {stated}.',
    },
    help: {
      pl: 'Zmniejszenie należności dokumentuje faktura korygująca (KOR).',
      en: 'What lowers a total is a correction (KOR).',
    },
    check: ({ fa, kind, isCorrection }) =>
      when(!isCorrection && fa.amount('P_15')?.lt(0) === true, fa.near('P_15'), {
        kind,
        stated: shown(fa.amount('P_15')),
      }),
    passes: [],
    fails: [
      set('P_13_1', '-100.00'),
      set('P_14_1', '-23.00'),
      drop('P_13_2'),
      drop('P_14_2'),
      set('P_15', '-123.00'),
      drop('FaWiersz[2]'),
      set('FaWiersz/P_8B', '-2'),
      set('FaWiersz/P_11', '-100.00'),
    ],
  },
  {
    code: 'FA_LINES_MISSING',
    severity: 'error',
    source: 'art. 106e ust. 1 pkt 7; XSD FA(3), FaWiersz',
    says: {
      pl: 'Faktura rodzaju {kind} nie ma ani jednego wiersza.',
      en: 'An invoice of kind {kind} has no line.',
    },
    help: {
      pl: 'Dodaj FaWiersz. Bez wierszy może być tylko faktura zaliczkowa, jej korekta i korekta zbiorcza.',
      en: 'Add FaWiersz. Only an advance, its correction and a correction of a whole period go without lines.',
    },
    check: ({ fa, kind, lines }) =>
      when(['VAT', 'ROZ', 'UPR'].includes(kind) && lines.length === 0, fa, { kind }),
    passes: [],
    fails: [drop('FaWiersz[2]'), drop('FaWiersz')],
  },
  {
    code: 'FA_SUMS_MISSING',
    severity: 'error',
    source: 'art. 106e ust. 1 pkt 13 i 14',
    says: {
      pl: 'Faktura rodzaju {kind} nie ma żadnego pola P_13_….',
      en: 'An invoice of kind {kind} has no field P_13_….',
    },
    help: {
      pl: 'Podaj sumy sprzedaży w podziale na stawki; pominąć je może tylko faktura uproszczona (UPR).',
      en: 'Give the sums of sales by rate; only a simplified invoice (UPR) goes without.',
    },
    check: ({ fa, kind, lines }) => {
      const hasSum = Object.values(RATE_GROUPS).some(({ net }) => fa.has(net))
      return when(['VAT', 'ZAL'].includes(kind) && !hasSum && lines.length > 0, fa, { kind })
    },
    passes: [],
    fails: [
      drop('P_13_1'),
      drop('P_14_1'),
      drop('P_13_2'),
      drop('P_14_2'),
      replace('P_15', element('P_15', '0.00')),
      drop('FaWiersz[2]'),
      set('FaWiersz/P_9A', '0.00'),
      set('FaWiersz/P_11', '0.00'),
    ],
  },
]
