/** Where each rate is summed up. */
import { Exact } from './exact.ts'

/** Totals with VAT of their own. */
export const TAXED = ['standard', 'reduced', 'superReduced', 'taxi', 'oss'] as const
export const UNTAXED = [
  'zeroDomestic',
  'zeroIntraCommunity',
  'zeroExport',
  'exempt',
  'outsidePoland',
  'euServices',
  'reverseCharge',
  'margin',
] as const
export type Bucket = (typeof TAXED)[number] | (typeof UNTAXED)[number]

/** @property percent null: no VAT is worked out */
export type RateMeaning = { readonly bucket: Bucket; readonly percent: Exact | null }

const taxed = (bucket: Bucket, percent: string | number): RateMeaning => ({
  bucket,
  percent: new Exact(percent),
})
const untaxed = (bucket: Bucket): RateMeaning => ({ bucket, percent: null })

/** FA(2) knows one 0 and one np; the places are told apart by nothing, so the domestic ones are meant. */
const MEANINGS: Readonly<Record<string, RateMeaning>> = {
  23: taxed('standard', 23),
  22: taxed('standard', 22),
  8: taxed('reduced', 8),
  7: taxed('reduced', 7),
  5: taxed('superReduced', 5),
  4: taxed('taxi', 4),
  3: taxed('taxi', 3),
  '0 KR': untaxed('zeroDomestic'),
  '0 WDT': untaxed('zeroIntraCommunity'),
  '0 EX': untaxed('zeroExport'),
  0: untaxed('zeroDomestic'),
  zw: untaxed('exempt'),
  'np I': untaxed('outsidePoland'),
  'np II': untaxed('euServices'),
  np: untaxed('outsidePoland'),
  oo: untaxed('reverseCharge'),
  margin: untaxed('margin'),
}

/** null when neither rate is given. */
export function meaningOfRate(rates: { vatRate?: string; ossVatRate?: string }): RateMeaning | null {
  if (rates.ossVatRate !== undefined) return taxed('oss', rates.ossVatRate)
  return rates.vatRate === undefined ? null : (MEANINGS[rates.vatRate] ?? null)
}
