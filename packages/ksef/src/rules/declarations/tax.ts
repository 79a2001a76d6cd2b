import { type Amount, amount, GROSZ, isNear, percentOf, rounded, shown, ZERO } from '../document/amount.ts'
import type { Invoice } from '../document/invoice.ts'
import { RATE_GROUPS, type TaxedGroup } from '../document/rate-groups.ts'
import { after, type Edit, element, replace, set } from '../examples/edit-invoice.ts'
import { type Found, type Rule, when } from '../rule.ts'

/**
 * Amounts that are differences of rounded ones are off by a grosz for each invoice behind them: those that a correction
 * corrects, those of advances that a settlement takes off.
 */
const toleranceOf = ({ fa }: Invoice): Amount =>
  GROSZ.times(1 + fa.all('DaneFaKorygowanej').length + fa.all('FakturaZaliczkowa').length)

/** What the tax may lawfully be: of the sum, or of the lines by any method of art. 106e. */
function lawfulTaxes({ sums, linesAreComplete }: Invoice, group: TaxedGroup, net: Amount): readonly Amount[] {
  const sum = sums.get(group)
  const ofLines = sum !== undefined && linesAreComplete ? sum : { vat: [], percents: [] }
  const rates = ofLines.percents.length > 0 ? ofLines.percents : RATE_GROUPS[group].rates.map(amount)
  // Of several rates in one sum, only the lines know how much is of which.
  const ofSum = ofLines.percents.length > 1 ? [] : rates.map((rate) => rounded(percentOf(net, rate)))
  return [...ofSum, ...ofLines.vat]
}

function taxAgainstRate(invoice: Invoice, group: TaxedGroup): readonly Found[] {
  const { fa } = invoice
  const { net: netField, vat: vatField } = RATE_GROUPS[group]
  const net = fa.amount(netField)
  const stated = fa.amount(vatField)
  if (net === undefined || stated === undefined) return []
  const lawful = lawfulTaxes(invoice, group, net)
  const tolerance = toleranceOf(invoice)
  return when(!lawful.some((tax) => isNear(stated, tax, tolerance)), fa.near(vatField), {
    stated: shown(stated),
    net: shown(net),
    expected: shown(lawful[0]),
  })
}

function tax(of: {
  group: TaxedGroup
  suffix: string
  passes: readonly Edit[]
  fails: readonly Edit[]
}): Rule {
  const { net, vat, rates } = RATE_GROUPS[of.group]
  return {
    code: `FA_VAT_${of.suffix}`,
    severity: 'error',
    source: `art. 106e ust. 1 pkt 14 i ust. 7-11; XSD FA(3), ${vat}`,
    says: {
      pl: `${vat} wynosi {stated}; podatek od {net} (${net}) wynosi {expected}.`,
      en: `${vat} is {stated}; the tax on {net} (${net}) is {expected}.`,
    },
    help: {
      pl: `Policz podatek stawką ${rates.join(' % albo ')} % od sumy albo jako sumę podatku wierszy, do grosza.`,
      en: `Compute the tax at ${rates.join(' % or ')} % of the sum, or as the sum of the lines' tax, to the grosz.`,
    },
    check: (invoice) => taxAgainstRate(invoice, of.group),
    passes: of.passes,
    fails: of.fails,
  }
}

const FIVE: readonly Edit[] = [
  replace('P_13_2', element('P_13_3', '200.00')),
  replace('P_14_2', element('P_14_3', '10.00')),
  set('P_15', '333.00'),
  set('FaWiersz[2]/P_12', '5'),
]
const TAXI: readonly Edit[] = [
  replace('P_13_2', element('P_13_4', '200.00')),
  replace('P_14_2', element('P_14_4', '8.00')),
  set('P_15', '331.00'),
  set('FaWiersz[2]/P_12', '4'),
]
const OSS: readonly Edit[] = [
  replace('P_13_2', element('P_13_5', '200.00')),
  replace('P_14_2', element('P_14_5', '38.00')),
  set('P_15', '361.00'),
  replace('FaWiersz[2]/P_12', element('P_12_XII', '19')),
]

function taxOfLine({ lines }: Invoice): readonly Found[] {
  return lines.flatMap(({ node, vat, net, percent }) => {
    if (vat === undefined || net === undefined || percent === undefined) return []
    const expected = rounded(percentOf(net, percent))
    return when(!isNear(vat, expected, GROSZ), node.near('P_11Vat'), {
      stated: shown(vat),
      net: shown(net),
      expected: shown(expected),
    })
  })
}

function taxOfUnion({ fa, sums, linesAreComplete }: Invoice): readonly Found[] {
  const stated = fa.amount('P_14_5')
  const sum = sums.get('oss')
  if (stated === undefined || sum === undefined || !linesAreComplete) return []
  return when(!sum.vat.some((lawful) => isNear(stated, lawful, GROSZ)), fa.near('P_14_5'), {
    stated: shown(stated),
    expected: shown(sum.vat[0] ?? ZERO),
  })
}

export const TAX: readonly Rule[] = [
  tax({
    group: '23',
    suffix: '23',
    passes: [set('P_14_1', '23.01'), set('P_15', '339.01')],
    fails: [set('P_14_1', '23.02'), set('P_15', '339.02')],
  }),
  tax({ group: '8', suffix: '8', passes: [], fails: [set('P_14_2', '46.00'), set('P_15', '369.00')] }),
  tax({
    group: '5',
    suffix: '5',
    passes: FIVE,
    fails: [...FIVE, set('P_14_3', '11.00'), set('P_15', '334.00')],
  }),
  tax({
    group: 'taxi',
    suffix: 'TAXI',
    passes: TAXI,
    fails: [...TAXI, set('P_14_4', '9.00'), set('P_15', '332.00')],
  }),
  {
    code: 'FA_VAT_OSS',
    severity: 'error',
    source: 'dział XII rozdział 6a; XSD FA(3), P_14_5',
    says: {
      pl: 'P_14_5 wynosi {stated}, a podatek wierszy z P_12_XII {expected}.',
      en: 'P_14_5 is {stated}, while the tax of the lines with P_12_XII is {expected}.',
    },
    help: {
      pl: 'Policz podatek od wartości dodanej stawką kraju konsumpcji (P_12_XII).',
      en: 'Compute the tax at the rate of the country of consumption (P_12_XII).',
    },
    check: taxOfUnion,
    passes: OSS,
    fails: [...OSS, set('P_14_5', '40.00'), set('P_15', '363.00')],
  },
  {
    code: 'FA_VAT_LINE',
    severity: 'warning',
    source: 'art. 106e ust. 10; XSD FA(3), P_11Vat',
    says: {
      pl: 'P_11Vat wynosi {stated}; podatek od {net} wynosi {expected}.',
      en: 'P_11Vat is {stated}; the tax on {net} is {expected}.',
    },
    help: { pl: 'Popraw kwotę podatku wiersza.', en: "Correct the line's tax." },
    check: taxOfLine,
    passes: [after('FaWiersz/P_11', element('P_11Vat', '23.00'))],
    fails: [after('FaWiersz/P_11', element('P_11Vat', '25.00'))],
  },
]
