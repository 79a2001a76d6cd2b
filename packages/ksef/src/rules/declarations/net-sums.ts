import { type Amount, isNear, shown, ZERO } from '../document/amount.ts'
import type { Invoice } from '../document/invoice.ts'
import { RATE_GROUPS, type RateGroup } from '../document/rate-groups.ts'
import { type Edit, element, replace, set } from '../examples/edit-invoice.ts'
import { EXEMPT, GERMAN_BUYER, INTRA_UNION, MARGIN, untaxed } from '../examples/kinds.ts'
import { type Found, type Rule, when } from '../rule.ts'

/** Kinds whose sums are those of their lines. An advance sums up a payment, a settlement what is left to pay. */
const SUMMED = new Set(['VAT', 'UPR'])

function sumAgainstLines(invoice: Invoice, group: RateGroup): readonly Found[] {
  const { fa, kind, lines, linesAreComplete, sums } = invoice
  const field = RATE_GROUPS[group].net
  const stated = fa.amount(field)
  if (!SUMMED.has(kind) || !linesAreComplete || lines.length === 0) return []
  // A simplified invoice may leave its sums out (art. 106e ust. 5 pkt 3).
  if (kind === 'UPR' && stated === undefined) return []
  const { net, tolerance }: { net: Amount; tolerance: Amount } = sums.get(group) ?? {
    net: ZERO,
    tolerance: ZERO,
  }
  return when(!isNear(stated ?? ZERO, net, tolerance), fa.near(field), {
    stated: shown(stated),
    expected: shown(net),
  })
}

/** A rule for each sum. Of FA(2) only those whose rates are those of FA(3): its `0` and `np` do not tell which sum they go to. */
function netSum(of: {
  group: RateGroup
  suffix: string
  lines: { pl: string; en: string }
  passes: readonly Edit[]
  fails: readonly Edit[]
  isOfFa3?: true
  alongside?: readonly string[]
}): Rule {
  const field = RATE_GROUPS[of.group].net
  return {
    code: `FA_SUM_NET_${of.suffix}`,
    severity: 'error',
    source: `art. 106e ust. 1 pkt 13; XSD FA(3), ${field}`,
    says: {
      pl: `${field} wynosi {stated}, a wiersze ${of.lines.pl} dają razem {expected}.`,
      en: `${field} is {stated}, while the lines ${of.lines.en} come to {expected}.`,
    },
    help: {
      pl: `Wpisz w ${field} sumę wartości tych wierszy albo popraw wiersze.`,
      en: `Give in ${field} the sum of those lines, or correct the lines.`,
    },
    ...(of.isOfFa3 === true ? { forms: ['FA (3)'] } : {}),
    check: (invoice) => sumAgainstLines(invoice, of.group),
    passes: of.passes,
    fails: of.fails,
    ...(of.alongside === undefined ? {} : { alongside: of.alongside }),
  }
}

/** The sum of a lawful example is 100.00; here it is another, and P_15 follows it. */
const wrong = (edits: readonly Edit[], field: string): readonly Edit[] => [
  ...edits,
  set(field, '101.00'),
  set('P_15', '101.00'),
]

const REVERSE: readonly Edit[] = [...untaxed('oo', 'P_13_10'), set('P_18', '1')]
const ABROAD: readonly Edit[] = untaxed('np I', 'P_13_8')
const UNION_SERVICE: readonly Edit[] = [...GERMAN_BUYER, ...untaxed('np II', 'P_13_9'), set('P_18', '1')]
const OSS: readonly Edit[] = [
  ...untaxed('23', 'P_13_5'),
  replace('FaWiersz/P_12', element('P_12_XII', '19')),
  replace('P_13_5', element('P_13_5', '100.00') + element('P_14_5', '19.00')),
  set('P_15', '119.00'),
]

export const NET_SUMS: readonly Rule[] = [
  netSum({
    group: '23',
    suffix: '23',
    lines: { pl: 'ze stawką 23 % albo 22 %', en: 'at 23 % or 22 %' },
    passes: [],
    fails: [set('P_13_1', '99.99'), set('P_15', '338.99')],
  }),
  netSum({
    group: '8',
    suffix: '8',
    lines: { pl: 'ze stawką 8 % albo 7 %', en: 'at 8 % or 7 %' },
    passes: [],
    fails: [set('P_13_2', '200.05'), set('P_15', '339.05')],
  }),
  netSum({
    group: '5',
    suffix: '5',
    lines: { pl: 'ze stawką 5 %', en: 'at 5 %' },
    passes: [
      replace('P_13_2', element('P_13_3', '200.00')),
      replace('P_14_2', element('P_14_3', '10.00')),
      set('P_15', '333.00'),
      set('FaWiersz[2]/P_12', '5'),
    ],
    fails: [
      replace('P_13_2', element('P_13_3', '200.05')),
      replace('P_14_2', element('P_14_3', '10.00')),
      set('P_15', '333.05'),
      set('FaWiersz[2]/P_12', '5'),
    ],
  }),
  netSum({
    group: 'taxi',
    suffix: 'TAXI',
    lines: { pl: 'ze stawką 4 % albo 3 % (ryczałt taksówek)', en: 'at 4 % or 3 % (taxi flat rate)' },
    passes: [
      replace('P_13_2', element('P_13_4', '200.00')),
      replace('P_14_2', element('P_14_4', '8.00')),
      set('P_15', '331.00'),
      set('FaWiersz[2]/P_12', '4'),
    ],
    fails: [
      replace('P_13_2', element('P_13_4', '200.05')),
      replace('P_14_2', element('P_14_4', '8.00')),
      set('P_15', '331.05'),
      set('FaWiersz[2]/P_12', '4'),
    ],
  }),
  netSum({
    group: 'oss',
    suffix: 'OSS',
    lines: { pl: 'z P_12_XII (procedura OSS)', en: 'with P_12_XII (OSS procedure)' },
    passes: OSS,
    fails: [...OSS, set('P_13_5', '100.02'), set('P_15', '119.02')],
  }),
  netSum({
    group: '0 KR',
    suffix: '0_KR',
    lines: { pl: 'ze stawką „0 KR”', en: 'at "0 KR"' },
    isOfFa3: true,
    passes: untaxed('0 KR', 'P_13_6_1'),
    fails: wrong(untaxed('0 KR', 'P_13_6_1'), 'P_13_6_1'),
  }),
  netSum({
    group: '0 WDT',
    suffix: '0_WDT',
    lines: { pl: 'ze stawką „0 WDT”', en: 'at "0 WDT"' },
    isOfFa3: true,
    passes: INTRA_UNION,
    fails: wrong(INTRA_UNION, 'P_13_6_2'),
  }),
  netSum({
    group: '0 EX',
    suffix: '0_EX',
    lines: { pl: 'ze stawką „0 EX”', en: 'at "0 EX"' },
    isOfFa3: true,
    passes: untaxed('0 EX', 'P_13_6_3'),
    fails: wrong(untaxed('0 EX', 'P_13_6_3'), 'P_13_6_3'),
  }),
  netSum({
    group: 'zw',
    suffix: 'ZW',
    lines: { pl: 'zwolnione („zw”)', en: 'that are exempt ("zw")' },
    passes: EXEMPT,
    fails: wrong(EXEMPT, 'P_13_7'),
  }),
  netSum({
    group: 'np I',
    suffix: 'NP_I',
    lines: { pl: '„np I” (poza terytorium kraju)', en: '"np I" (outside of Poland)' },
    isOfFa3: true,
    passes: ABROAD,
    fails: wrong(ABROAD, 'P_13_8'),
  }),
  netSum({
    group: 'np II',
    suffix: 'NP_II',
    lines: {
      pl: '„np II” (usługi z art. 100 ust. 1 pkt 4)',
      en: '"np II" (services of art. 100 ust. 1 pkt 4)',
    },
    isOfFa3: true,
    passes: UNION_SERVICE,
    fails: wrong(UNION_SERVICE, 'P_13_9'),
  }),
  netSum({
    group: 'oo',
    suffix: 'OO',
    lines: { pl: 'z odwrotnym obciążeniem („oo”)', en: 'under reverse charge ("oo")' },
    passes: REVERSE,
    fails: wrong(REVERSE, 'P_13_10'),
  }),
  netSum({
    group: 'margin',
    suffix: 'MARGIN',
    lines: { pl: 'w procedurze marży', en: 'under a margin procedure' },
    passes: MARGIN,
    fails: wrong(MARGIN, 'P_13_11'),
    alongside: ['FA_TOTAL_GROSS_LINES'],
  }),
]
