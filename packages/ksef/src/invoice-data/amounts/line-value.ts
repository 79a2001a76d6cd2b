/** The value of a line: quantity times price, less the discount (P_11, P_11A). */
import { Exact, round, ZERO } from './exact.ts'

export type PricedLine = {
  quantity?: string
  netUnitPrice?: string
  grossUnitPrice?: string
  discount?: string
  discountPercent?: string
  netValue?: string
  grossValue?: string
}

const GROSZ = new Exact('0.01')
const HALF_GROSZ = new Exact('0.005')

/** The discount in full: as given, or worked out of its percentage. */
export function discountOf(line: PricedLine): Exact {
  if (line.discount !== undefined) return new Exact(line.discount)
  const price = line.netUnitPrice ?? line.grossUnitPrice
  if (line.discountPercent === undefined || line.quantity === undefined || price === undefined) return ZERO
  return round(new Exact(line.quantity).times(price).times(line.discountPercent).div(100))
}

/** null when quantity or price is missing. */
export function valueAt(line: PricedLine, price: string | undefined): Exact | null {
  if (line.quantity === undefined || price === undefined) return null
  return round(new Exact(line.quantity).times(price).minus(discountOf(line)))
}

const halfOfLastDigit = (price: string): Exact =>
  new Exact(5).times(new Exact(10).pow(-((price.split('.')[1] ?? '').length + 1)))

/**
 * Whether a value can come from that price. Prices are often rounded from a more exact one, so any value within the
 * rounding of the price is right; a discount may be meant for one unit.
 */
export function fitsPrice(value: string, line: PricedLine, price: string | undefined): boolean {
  if (line.quantity === undefined || price === undefined) return true
  const quantity = new Exact(line.quantity)
  const whole = quantity.times(price)
  const discount = discountOf(line)
  const leeway = quantity.abs().times(halfOfLastDigit(price)).plus(HALF_GROSZ)
  return [whole.minus(discount), whole.minus(quantity.times(discount))].some((expected) =>
    expected.minus(value).abs().lte(leeway),
  )
}

/** VAT of one line, which may be a grosz off what its value makes. */
export const fitsVat = (vat: string, expected: Exact): boolean => expected.minus(vat).abs().lte(GROSZ)
