import { faultOfCharacter } from './characters.ts'

/** A place in a text, counted from 1, as editors count. */
export type TextPlace = { readonly line: number; readonly column: number }

export function placeOf(text: string, offset: number): TextPlace {
  const before = text.slice(0, offset)
  const lineStart = before.lastIndexOf('\n') + 1
  const line = before.split('\n').length
  return { line, column: [...before.slice(lineStart)].length + 1 }
}

/** What the surface of an XML text shows without parsing it. Offsets are into the text. */
export type Markup = {
  readonly doctypes: readonly number[]
  readonly processingInstructions: readonly number[]
  /** Characters written as references that must not be written at all. */
  readonly badReferences: readonly { readonly offset: number; readonly codePoint: number }[]
  readonly oversizedTags: readonly number[]
}

const TAG_LENGTH_MAX = 10_000
const FOUND_MAX = 20

const TOKEN = /<!--|<!\[CDATA\[|<\?|<!DOCTYPE|&#(?:x([0-9A-Fa-f]{1,8})|(\d{1,8}));|<[^!?<>&]{10000}/g

const CLOSING: { readonly [opening: string]: string } = { '<!--': '-->', '<![CDATA[': ']]>', '<?': '?>' }

type Found = {
  doctypes: number[]
  processingInstructions: number[]
  badReferences: { offset: number; codePoint: number }[]
  oversizedTags: number[]
}

/** The declaration may stand at the very start and nowhere else. */
const isDeclaration = (match: RegExpExecArray): boolean => match.index === 0 && /^<\?xml\s/.test(match.input)

function note(found: Found, match: RegExpExecArray): void {
  const [what, hexadecimal, decimal] = match
  const offset = match.index
  if (hexadecimal !== undefined || decimal !== undefined) {
    const codePoint = hexadecimal === undefined ? Number(decimal) : Number.parseInt(hexadecimal, 16)
    // Only what has to be reported is kept: a file may consist of references.
    const { length } = found.badReferences
    if (length < FOUND_MAX && faultOfCharacter(codePoint) !== null)
      found.badReferences.push({ offset, codePoint })
  } else if (what === '<?' && !isDeclaration(match)) found.processingInstructions.push(offset)
  else if (what === '<!DOCTYPE') found.doctypes.push(offset)
  else if (what.length > TAG_LENGTH_MAX) found.oversizedTags.push(offset)
}

/**
 * Scans for what has to be refused before a parser sees it. Comments and CDATA sections are skipped, since
 * what looks like markup there is text. One pass, linear in the length of the text.
 */
export function scanMarkup(text: string): Markup {
  const found: Found = {
    doctypes: [],
    processingInstructions: [],
    badReferences: [],
    oversizedTags: [],
  }
  const token = new RegExp(TOKEN)
  for (let match = token.exec(text); match !== null; match = token.exec(text)) {
    note(found, match)
    if (found.doctypes.length + found.processingInstructions.length >= FOUND_MAX) break
    const closing = CLOSING[match[0]]
    if (closing === undefined) continue
    const end = text.indexOf(closing, match.index + match[0].length)
    if (end < 0) break // the parser will say what is not closed
    token.lastIndex = end + closing.length
  }
  return found
}
