/**
 * Sums by rate (art. 106e ust. 1 pkt 13 and 14, ust. 7 to 11). VAT is that of the sum, of net values or of gross ones, or
 * the sum of the VAT of each line; where lines stand before and after a correction, the difference of both.
 */
import { type Exact, round, sum, ZERO } from './exact.ts'
import type { Bucket, RateMeaning } from './rates.ts'

/** A line as far as tax is concerned. At least one of net and gross is known. */
export type TaxRow = RateMeaning & {
  readonly before: boolean
  readonly net: Exact | null
  readonly gross: Exact | null
  readonly vat: Exact | null
  readonly exchangeRate: Exact | null
}

export type Sums = { readonly net: Exact; readonly vat: Exact }
/** Of one bucket: the first of `lawful` is what is worked out, the others are as good when a caller brings them. */
export type BucketSummary = { readonly lawful: readonly [Sums, ...Sums[]]; readonly inPln: ToPln | null }
/** VAT in PLN; null where no exchange rate is known. */
export type ToPln = (vat: Exact) => Exact

export type TaxSummary = ReadonlyMap<Bucket, BucketSummary>

/** Buckets with net values and gross ones side by side, of which no sum can be made. */
export class MixedPrices extends Error {
  readonly bucket: Bucket
  constructor(bucket: Bucket) {
    super(`net and gross values of ${bucket}`)
    this.bucket = bucket
  }
}

/** @throws MixedPrices */
export function summarise(rows: readonly TaxRow[]): TaxSummary {
  return new Map(
    [...Map.groupBy(rows, ({ bucket }) => bucket)].map(([bucket, those]) => [bucket, summary(bucket, those)]),
  )
}

function summary(bucket: Bucket, rows: readonly TaxRow[]): BucketSummary {
  const [first] = rows
  if (first?.percent === null || first === undefined) {
    const net = sum(rows.map((row) => signed(row, row.net ?? row.gross ?? ZERO)))
    return { lawful: [{ net, vat: ZERO }], inPln: null }
  }
  const basis = basisOf(bucket, rows)
  const bySum = total(rows, basis, (group) => ofSide(group, basis))
  const byLine = total(rows, basis, (group) => group.map((row) => vatOfRow(row, basis)).reduce(plus, ZERO))
  const byDifference = differenceOf(rows, basis)
  const lawful: [Sums, ...Sums[]] = rows.every(({ vat }) => vat !== null)
    ? [byLine, bySum, byDifference]
    : [bySum, byLine, byDifference]
  return { lawful, inPln: toPln(rows, basis) }
}

type Basis = 'net' | 'gross'
const plus = (one: Exact, other: Exact): Exact => one.plus(other)
const signed = ({ before }: TaxRow, amount: Exact): Exact => (before ? amount.times(-1) : amount)

function basisOf(bucket: Bucket, rows: readonly TaxRow[]): Basis {
  if (rows.every(({ net }) => net !== null)) return 'net'
  if (rows.every(({ gross }) => gross !== null)) return 'gross'
  throw new MixedPrices(bucket)
}

/** VAT of an amount without VAT, or within an amount with VAT (art. 106e ust. 7). */
export function vatOf(amount: Exact, percent: Exact, basis: Basis): Exact {
  return round(
    basis === 'net' ? amount.times(percent).div(100) : amount.times(percent).div(percent.plus(100)),
  )
}

const amountOf = (row: TaxRow, basis: Basis): Exact => row[basis] ?? ZERO
const percentOf = (rows: readonly TaxRow[]): Exact => rows[0]?.percent ?? ZERO
const byRate = (rows: readonly TaxRow[]): TaxRow[][] => [
  ...Map.groupBy(rows, ({ percent }) => String(percent)).values(),
]

const ofSide = (rows: readonly TaxRow[], basis: Basis): Exact =>
  vatOf(sum(rows.map((row) => amountOf(row, basis))), percentOf(rows), basis)
const vatOfRow = (row: TaxRow, basis: Basis): Exact =>
  row.vat ?? vatOf(amountOf(row, basis), row.percent ?? ZERO, basis)

function withNet(rows: readonly TaxRow[], basis: Basis, vat: Exact): Sums {
  const amount = sum(rows.map((row) => signed(row, amountOf(row, basis))))
  return { net: basis === 'net' ? amount : amount.minus(vat), vat }
}

/** Each rate by itself, and what stood before taken off what stands now. */
function total(rows: readonly TaxRow[], basis: Basis, vatOfGroup: (group: TaxRow[]) => Exact): Sums {
  const vats = byRate(rows).flatMap((ofRate) =>
    [true, false].map((before) => {
      const side = ofRate.filter((row) => row.before === before)
      const vat = side.length === 0 ? ZERO : vatOfGroup(side)
      return before ? vat.times(-1) : vat
    }),
  )
  return withNet(rows, basis, sum(vats))
}

function differenceOf(rows: readonly TaxRow[], basis: Basis): Sums {
  const vats = byRate(rows).map((ofRate) =>
    vatOf(sum(ofRate.map((row) => signed(row, amountOf(row, basis)))), percentOf(ofRate), basis),
  )
  return withNet(rows, basis, sum(vats))
}

/** All VAT at the one exchange rate, or each part at its own. */
function toPln(rows: readonly TaxRow[], basis: Basis): ToPln | null {
  const rates = Map.groupBy(rows, ({ exchangeRate }) => exchangeRate?.toFixed() ?? '')
  if (rates.has('')) return null
  const [only] = rates.keys()
  if (rates.size === 1 && only !== undefined) return (vat) => round(vat.times(only))
  const parts = sum(
    [...rates].map(([rate, those]) =>
      round(total(those, basis, (group) => ofSide(group, basis)).vat.times(rate)),
    ),
  )
  return () => parts
}
