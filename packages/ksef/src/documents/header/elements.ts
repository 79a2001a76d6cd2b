/** An element of an invoice, whichever reader it comes from. Prefixes are gone. */
export type Element = {
  readonly name: string
  /** All text within, as it stands. */
  readonly content: string
  readonly children: readonly Element[]
}

/** Of a form's texts the longest are 512 characters; what is longer is no name and no number. */
const TEXT_LENGTH_MAX = 512

/** The first at the end of the path, or null. */
export function childOf(parent: Element | null, ...path: readonly string[]): Element | null {
  let at = parent
  for (const name of path) at = at?.children.find((child) => child.name === name) ?? null
  return at
}

/** The text at the end of the path, its white space collapsed; null when there is none. */
export const textOf = (parent: Element | null, ...path: readonly string[]): string | null =>
  contentOf(childOf(parent, ...path))

export function contentOf(element: Element | null): string | null {
  if (element === null) return null
  const text = element.content.replace(/[ \t\r\n]+/g, ' ').trim()
  // By characters, so that none is cut in two.
  return text === '' ? null : text.length > TEXT_LENGTH_MAX ? cut(text) : text
}

const cut = (text: string): string => text.slice(0, TEXT_LENGTH_MAX).replace(/[\uD800-\uDBFF]$/, '')

/** What is older is a typing error, and of some of it a database knows no day. */
const EARLIEST_DAY = '1900'

/** A day that exists, or null. */
export function dayOf(text: string | null): string | null {
  const day = text?.slice(0, 10) ?? ''
  if (!/^\d{4}-\d{2}-\d{2}$/.test(day) || day < EARLIEST_DAY) return null
  const at = new Date(`${day}T00:00:00Z`)
  return Number.isNaN(at.getTime()) || at.toISOString().slice(0, 10) !== day ? null : day
}

export const currencyOf = (text: string | null): string | null =>
  text !== null && /^[A-Z]{3}$/.test(text) ? text : null
