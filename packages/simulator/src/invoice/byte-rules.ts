/**
 * What an invoice file must satisfy as bytes and characters, before any schema (weryfikacja-faktury.md, section
 * "Weryfikacja XML"). Pure: bytes in, findings out.
 */
const DISCOURAGED =
  /[\u007F-\u0084\u0086-\u009F\uFDD0-\uFDEF]|[\u{1FFFE}\u{1FFFF}\u{2FFFE}\u{2FFFF}\u{3FFFE}\u{3FFFF}\u{4FFFE}\u{4FFFF}\u{5FFFE}\u{5FFFF}\u{6FFFE}\u{6FFFF}\u{7FFFE}\u{7FFFF}\u{8FFFE}\u{8FFFF}\u{9FFFE}\u{9FFFF}\u{AFFFE}\u{AFFFF}\u{BFFFE}\u{BFFFF}\u{CFFFE}\u{CFFFF}\u{DFFFE}\u{DFFFF}\u{EFFFE}\u{EFFFF}\u{FFFFE}\u{FFFFF}\u{10FFFE}\u{10FFFF}]/u

const isDiscouraged = (codePoint: number): boolean =>
  codePoint <= 0x10ffff && DISCOURAGED.test(String.fromCodePoint(codePoint))

function referencesDiscouraged(text: string): boolean {
  for (const [, hexadecimal, decimal] of text.matchAll(/&#(?:x([0-9a-fA-F]{1,8})|(\d{1,9}));/g)) {
    const codePoint = hexadecimal === undefined ? Number(decimal) : Number.parseInt(hexadecimal, 16)
    if (isDiscouraged(codePoint)) return true
  }
  return false
}

function prologFinding(text: string): string | undefined {
  const prolog = /^<\?xml\s([^?]*)\?>/.exec(text)?.[1]
  if (prolog === undefined) return undefined
  if (!/version\s*=\s*["']1\.0["']/.test(prolog)) return 'Dokument musi być zgodny z XML 1.0.'
  const encoding = /encoding\s*=\s*["']([^"']*)["']/.exec(prolog)?.[1]
  return encoding !== undefined && encoding.toUpperCase() !== 'UTF-8'
    ? `Prolog wskazuje kodowanie ${encoding}.`
    : undefined
}

/** The text of the file, or why its bytes are refused. */
export function decodeInvoice(bytes: Uint8Array): { text: string } | { finding: string } {
  if (bytes[0] === 0xef && bytes[1] === 0xbb && bytes[2] === 0xbf)
    return { finding: 'Plik zawiera znacznik BOM.' }
  let text: string
  try {
    text = new TextDecoder('utf-8', { fatal: true, ignoreBOM: true }).decode(bytes)
  } catch {
    return { finding: 'Plik nie jest zapisany w UTF-8.' }
  }
  const finding = prologFinding(text)
  if (finding !== undefined) return { finding }
  if (DISCOURAGED.test(text) || referencesDiscouraged(text))
    return { finding: 'Plik zawiera niezalecane znaki Unicode.' }
  return { text }
}
