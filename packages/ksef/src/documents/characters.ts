// weryfikacja-faktury.md of 09.04.2026, "Weryfikacja XML", lists the discouraged ranges.
type Range = readonly [first: number, last: number]

const PLANE_ENDS: Range[] = Array.from({ length: 16 }, (_, index) => {
  const plane = (index + 1) * 0x10000
  return [plane + 0xfffe, plane + 0xffff]
})

/** Characters XML 1.0 allows and discourages; KSeF refuses them on production since 16.07.2026. */
export const DISCOURAGED: readonly Range[] = [[0x7f, 0x84], [0x86, 0x9f], [0xfdd0, 0xfdef], ...PLANE_ENDS]

/** Characters that are no XML 1.0 characters at all, written or as a reference. */
export const FORBIDDEN: readonly Range[] = [
  [0x0, 0x8],
  [0xb, 0xc],
  [0xe, 0x1f],
  [0xd800, 0xdfff],
  [0xfffe, 0xffff],
  [0x110000, Number.MAX_SAFE_INTEGER],
]

const isWithin = (ranges: readonly Range[], codePoint: number): boolean =>
  ranges.some(([first, last]) => codePoint >= first && codePoint <= last)

/** Null for an allowed character. */
export function faultOfCharacter(
  codePoint: number,
): 'INVOICE_FORBIDDEN_CHARACTER' | 'INVOICE_DISCOURAGED_CHARACTER' | null {
  if (isWithin(FORBIDDEN, codePoint)) return 'INVOICE_FORBIDDEN_CHARACTER'
  return isWithin(DISCOURAGED, codePoint) ? 'INVOICE_DISCOURAGED_CHARACTER' : null
}

const classOf = (ranges: readonly Range[]): string =>
  ranges
    .filter(([first]) => first <= 0x10ffff)
    .map(([first, last]) => `\\u{${first.toString(16)}}-\\u{${last.toString(16)}}`)
    .join('')

/** Finds each discouraged or forbidden character of a text. Built from the table, so that the two agree. */
export const BAD_CHARACTERS = new RegExp(`[${classOf([...FORBIDDEN, ...DISCOURAGED])}]`, 'gu')
