// The rules an invoice file has to keep before anybody parses it; weryfikacja-faktury.md of 09.04.2026.
import { isUtf8 } from 'node:buffer'
import { BAD_CHARACTERS, faultOfCharacter } from './characters.ts'
import { FAULTS_MAX, fault, type InvoiceFault } from './invoice-fault.ts'
import { placeOf, scanMarkup } from './markup.ts'

export const INVOICE_BYTES_MAX = 1_000_000
export const INVOICE_WITH_ATTACHMENT_BYTES_MAX = 3_000_000

const ATTACHMENT_TAG = /<(?:[\w.-]+:)?Zalacznik[\s/>]/
const DECLARATION = /^<\?xml\s[^?>]*\?>/

const startsWith = (bytes: Uint8Array, ...prefix: number[]): boolean =>
  prefix.every((byte, index) => bytes[index] === byte)

/** The first byte at which decoding and encoding again differ, as a place in the text. */
function placeOfBrokenByte(bytes: Uint8Array): { line: number; column: number } {
  const text = new TextDecoder('utf-8').decode(bytes)
  const again = Buffer.from(text, 'utf8')
  const first = again.findIndex((byte, index) => byte !== bytes[index])
  const readable = new TextDecoder('utf-8').decode(bytes.subarray(0, Math.max(0, first)))
  return placeOf(readable, readable.length)
}

/** UTF-16 and UTF-32 show a NUL next to the first `<`, with or without a byte order mark. */
const isWideEncoding = (bytes: Uint8Array): boolean =>
  startsWith(bytes, 0xfe, 0xff) || startsWith(bytes, 0xff, 0xfe) || bytes.subarray(0, 4).includes(0)

function checkEncoding(bytes: Uint8Array): InvoiceFault[] {
  if (startsWith(bytes, 0xef, 0xbb, 0xbf))
    return [fault('INVOICE_HAS_BOM', undefined, { line: 1, column: 1 })]
  if (isWideEncoding(bytes)) return [fault('INVOICE_NOT_UTF8', 'The file looks like UTF-16 or UTF-32.')]
  if (!isUtf8(bytes)) {
    return [fault('INVOICE_NOT_UTF8', 'The bytes are not valid UTF-8.', placeOfBrokenByte(bytes))]
  }
  return []
}

function checkDeclaration(text: string): InvoiceFault[] {
  const declaration = DECLARATION.exec(text)?.[0] ?? ''
  const place = { line: 1, column: 1 }
  const encoding = /\sencoding\s*=\s*["']([^"']*)["']/.exec(declaration)?.[1]
  const version = /\sversion\s*=\s*["']([^"']*)["']/.exec(declaration)?.[1]
  const faults: InvoiceFault[] = []
  if (encoding !== undefined && encoding.toLowerCase() !== 'utf-8') {
    faults.push(
      fault('INVOICE_NOT_UTF8', `The prolog declares the encoding ${encoding.slice(0, 40)}.`, place),
    )
  }
  if (version !== undefined && version !== '1.0') {
    faults.push(
      fault('INVOICE_NOT_XML', `The prolog declares XML ${version.slice(0, 10)}; KSeF takes XML 1.0.`, place),
    )
  }
  return faults
}

const codeOf = (codePoint: number): string => `U+${codePoint.toString(16).toUpperCase().padStart(4, '0')}`

/** At most as many as are reported: a file may consist of nothing else. */
function charactersIn(text: string): { offset: number; codePoint: number }[] {
  const found: { offset: number; codePoint: number }[] = []
  for (const match of text.matchAll(BAD_CHARACTERS)) {
    found.push({ offset: match.index, codePoint: match[0].codePointAt(0) ?? 0 })
    if (found.length === FAULTS_MAX) break
  }
  return found
}

function checkCharacters(
  text: string,
  references: readonly { offset: number; codePoint: number }[],
): InvoiceFault[] {
  const written = charactersIn(text)
  return [...written, ...references].slice(0, FAULTS_MAX).flatMap(({ offset, codePoint }) => {
    const code = faultOfCharacter(codePoint)
    return code === null
      ? []
      : [fault(code, `The character ${codeOf(codePoint)} is not allowed.`, placeOf(text, offset))]
  })
}

function checkText(text: string): InvoiceFault[] {
  const markup = scanMarkup(text)
  const at = (code: InvoiceFault['code']) => (offset: number) => fault(code, undefined, placeOf(text, offset))
  return [
    ...checkDeclaration(text),
    ...markup.doctypes.slice(0, FAULTS_MAX).map(at('INVOICE_HAS_DOCTYPE')),
    ...markup.processingInstructions.slice(0, FAULTS_MAX).map(at('INVOICE_HAS_PROCESSING_INSTRUCTION')),
    ...checkCharacters(text, markup.badReferences),
    ...markup.oversizedTags.slice(0, 1).map(at('INVOICE_TOO_COMPLEX')),
  ]
}

/**
 * Checks an invoice file's bytes: size, encoding, declaration, document type, processing instructions and
 * characters, also those written as references. Empty when all is well. Whether a file of more than
 * 1,000,000 bytes really has an attachment is only known after parsing; see {@link inspectInvoice}.
 */
export function checkInvoiceBytes(bytes: Uint8Array): InvoiceFault[] {
  if (bytes.length === 0) return [fault('INVOICE_NOT_XML', 'The file is empty.')]
  if (bytes.length > INVOICE_WITH_ATTACHMENT_BYTES_MAX) return [tooLarge(bytes.length)]
  const encoding = checkEncoding(bytes)
  if (encoding.length > 0) return encoding
  const text = Buffer.from(bytes.buffer, bytes.byteOffset, bytes.byteLength).toString('utf8')
  if (bytes.length > INVOICE_BYTES_MAX && !ATTACHMENT_TAG.test(text)) return [tooLarge(bytes.length)]
  return checkText(text)
}

/** The fault of a file over its limit. */
export const tooLarge = (size: number): InvoiceFault =>
  fault(
    'INVOICE_TOO_LARGE',
    `The file has ${size} bytes; the limit is 1000000, or 3000000 with an attachment.`,
  )
