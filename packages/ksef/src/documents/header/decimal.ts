/** Amounts as the forms write them: 18 digits, of which some are decimals. No float ever holds one. */
const DECIMAL = /^[+-]?(\d{1,18})(?:\.(\d{1,8}))?$/

/** The amount with at least two decimals and no sign but a minus; null when the text is none. */
export const decimalOf = (text: string | null): string | null => sumOf(text === null ? [] : [text])

/** The exact sum; null when there is nothing to add, or something that is no amount. */
export function sumOf(texts: readonly string[]): string | null {
  if (texts.length === 0) return null
  const parts = texts.map((text) => DECIMAL.exec(text))
  const scale = Math.max(2, ...parts.map((part) => part?.[2]?.length ?? 0))
  let sum = 0n
  for (const part of parts) {
    if (part === null) return null
    const size = BigInt(`${part[1]}${(part[2] ?? '').padEnd(scale, '0')}`)
    sum += part[0].startsWith('-') ? -size : size
  }
  return written(sum, scale)
}

function written(amount: bigint, scale: number): string {
  const digits = String(amount < 0n ? -amount : amount).padStart(scale + 1, '0')
  const decimals = digits.slice(-scale).replace(/0+$/, '').padEnd(2, '0')
  return `${amount < 0n ? '-' : ''}${digits.slice(0, -scale)}.${decimals}`
}
