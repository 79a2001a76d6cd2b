/** How values are written out. Nothing is rounded, shortened or left out: digits stay as the document has them. */
import { Big } from 'big.js'
import type { Language } from './labels/label.ts'

const DECIMAL = /^(-?)(\d+)(?:\.(\d+))?$/
const NO_BREAK_SPACE = '\u00a0'

/** `1234.50` is `1 234,50` in Polish and `1,234.50` in English; anything that is no decimal stays as it is. */
export function decimal(text: string, language: Language): string {
  const match = DECIMAL.exec(text)
  if (match === null) return text
  const [, sign = '', whole = '', fraction] = match
  const [group, point] = language === 'pl' ? [NO_BREAK_SPACE, ','] : [',', '.']
  const grouped = whole.replace(/\B(?=(\d{3})+$)/g, group)
  return `${sign}${grouped}${fraction === undefined ? '' : `${point}${fraction}`}`
}

/** A Polish account in groups, as banks print it: `73 1111 1111 …`. */
export function account(text: string): string {
  const [, check = '', rest = ''] = /^((?:[A-Z]{2})?\d{2})(\d{24})$/.exec(text) ?? []
  return check === '' ? text : `${check}${rest.replace(/\d{4}/g, `${NO_BREAK_SPACE}$&`)}`
}

export const percent = (text: string): string => (/^[\d.]+$/.test(text) ? `${text}%` : text)

/** The exact sum of amounts, with two decimal places or as many as they have; null when one of them is no amount. */
export function sum(amounts: readonly string[]): string | null {
  if (!amounts.every((amount) => DECIMAL.test(amount))) return null
  const places = Math.max(2, ...amounts.map((amount) => /\.(\d+)$/.exec(amount)?.[1]?.length ?? 0))
  return amounts.reduce((total, amount) => total.plus(amount), new Big(0)).toFixed(places)
}
