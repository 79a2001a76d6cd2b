/**
 * An advance is one payment for an order of several rates: each rate takes its share of the payment, by its part of the
 * order's value with VAT (art. 106f ust. 1 pkt 3).
 */
import { type Exact, round, sum, ZERO } from './exact.ts'
import type { RateMeaning } from './rates.ts'
import type { TaxRow } from './tax-summary.ts'

export type OrderedRow = RateMeaning & { readonly before: boolean; readonly gross: Exact }

/** @returns one row a rate, together exactly the payment; none without an order */
export function shareAdvance(
  payment: Exact,
  ordered: readonly OrderedRow[],
  row: { before: boolean; exchangeRate: Exact | null },
): TaxRow[] {
  const rates = [...Map.groupBy(ordered, ({ bucket, percent }) => `${bucket} ${percent}`).values()]
  const worth = sum(ordered.map(({ gross }) => gross))
  let left = payment
  return rates.flatMap((those, index) => {
    const [first] = those
    if (first === undefined) return []
    const part = sum(those.map(({ gross }) => gross))
    const isLast = index === rates.length - 1
    const share = isLast || worth.eq(ZERO) ? left : round(payment.times(part).div(worth))
    left = left.minus(share)
    return [{ ...row, bucket: first.bucket, percent: first.percent, gross: share, net: null, vat: null }]
  })
}
