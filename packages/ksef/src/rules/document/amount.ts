/** Exact decimals: an amount never passes through a float. */
import { Big } from 'big.js'

export type Amount = Big

export const ZERO: Amount = new Big(0)
export const HUNDRED: Amount = new Big(100)
export const GROSZ: Amount = new Big('0.01')

export const amount = (text: string | number): Amount => new Big(text)

/** Undefined for anything that is no decimal of the schema. */
export function amountOf(text: string): Amount | undefined {
  return /^[+-]?(\d+(\.\d*)?|\.\d+)$/.test(text) ? new Big(text.replace(/^\+/, '')) : undefined
}

/** To grosze, half away from zero, as art. 106e ust. 11 rounds. */
export const rounded = (exact: Amount): Amount => exact.round(2, Big.roundHalfUp)

export const total = (amounts: Iterable<Amount | undefined>): Amount => {
  let sum = ZERO
  for (const each of amounts) if (each !== undefined) sum = sum.plus(each)
  return sum
}

/** `percent` of a net amount, exact. */
export const percentOf = (net: Amount, percent: Amount): Amount => net.times(percent).div(HUNDRED)

/** The tax within a gross amount, exact to the precision of a division. */
export const percentWithin = (gross: Amount, percent: Amount): Amount =>
  gross.times(percent).div(percent.plus(HUNDRED))

export const isNear = (one: Amount, other: Amount, tolerance: Amount): boolean =>
  one.minus(other).abs().lte(tolerance)

/** As people write it: two places, more where there are more. */
export const shown = (value: Amount | undefined): string => {
  if (value === undefined) return '—'
  const places = (value.toFixed().split('.')[1] ?? '').length
  return value.toFixed(Math.max(2, places))
}
