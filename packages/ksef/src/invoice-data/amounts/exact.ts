/** Money without floats. */
import BigJs from 'big.js'

/** Enough digits that no quotient of two amounts is rounded twice. */
const QUOTIENT_DIGITS = 40
export const Exact = BigJs()
Exact.DP = QUOTIENT_DIGITS
Exact.RM = Exact.roundHalfUp

export type Exact = BigJs
export const ZERO = new Exact(0)

/** To the full grosz, half a grosz away from zero (art. 106e ust. 11). */
export const round = (amount: Exact): Exact => amount.round(2, Exact.roundHalfUp)
export const sum = (amounts: readonly Exact[]): Exact =>
  amounts.reduce((total, amount) => total.plus(amount), ZERO)
export const exactOrNull = (text: string | undefined): Exact | null =>
  text === undefined ? null : new Exact(text)
/** As it stands in the XML: two decimals, and no minus before zero. */
export const amountText = (amount: Exact): string => amount.toFixed(2).replace(/^-(0\.00)$/, '$1')
