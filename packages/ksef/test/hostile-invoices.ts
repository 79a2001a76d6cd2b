// Hostile and harmless documents for the acceptance check, made here so that each says what it tries.

import { sampleInvoice } from '../src/documents/sample-invoice.ts'
import type { InvoiceFaultCode } from '../src/index.ts'

export type Hostile = {
  readonly tries: string
  readonly bytes: Uint8Array
  readonly expected: InvoiceFaultCode
}

const SELLER = '5265877635'
const request = {
  sellerNip: SELLER,
  buyerNip: '1111111111',
  number: 'FV/1',
  issueDate: '2026-11-20',
  form: 'FA (3)',
} as const
export const valid = sampleInvoice(request)
const text = Buffer.from(valid).toString('utf8')
const DECLARATION = '<?xml version="1.0" encoding="UTF-8"?>\n'
const body = text.slice(DECLARATION.length)

const utf8 = (content: string): Uint8Array => Buffer.from(content, 'utf8')
const hostile = (tries: string, content: string | Uint8Array, expected: InvoiceFaultCode): Hostile => ({
  tries,
  bytes: typeof content === 'string' ? utf8(content) : content,
  expected,
})
/** The sample with something in place of the seller's name, where any text is legal. */
const named = (content: string): string => text.replace('Rusztowania Wisła sp. z o.o.', content)
const within = (content: string): string => text.replace('<Naglowek>', `${content}<Naglowek>`)
const doctype = (definition: string, use = ''): string =>
  `${DECLARATION}<!DOCTYPE Faktura ${definition}>${body.replace('Rusztowania', `${use}Rusztowania`)}`

const reachingOut: Hostile[] = [
  hostile(
    'an external entity reads a file',
    doctype('[<!ENTITY x SYSTEM "file:///etc/passwd">]', '&x;'),
    'INVOICE_HAS_DOCTYPE',
  ),
  hostile(
    'an external entity asks a web server',
    doctype('[<!ENTITY x SYSTEM "http://127.0.0.1:9/">]', '&x;'),
    'INVOICE_HAS_DOCTYPE',
  ),
  hostile('an external document type', doctype('SYSTEM "http://127.0.0.1:9/x.dtd"'), 'INVOICE_HAS_DOCTYPE'),
  hostile(
    'a public document type',
    doctype('PUBLIC "-//X//Y" "http://127.0.0.1:9/x.dtd"'),
    'INVOICE_HAS_DOCTYPE',
  ),
  hostile(
    'a parameter entity',
    doctype('[<!ENTITY % p SYSTEM "http://127.0.0.1:9/p"> %p;]'),
    'INVOICE_HAS_DOCTYPE',
  ),
  hostile('an entity without a definition', named('&x;'), 'INVOICE_NOT_XML'),
  hostile(
    'XInclude',
    within('<xi:include xmlns:xi="http://www.w3.org/2001/XInclude" href="file:///etc/passwd" parse="text"/>'),
    'INVOICE_XSD',
  ),
  hostile(
    'a schema location of its own',
    text
      .replace(
        '<Faktura ',
        '<Faktura xmlns:xsi="http://www.w3.org/2001/XMLSchema-instance" xsi:schemaLocation="http://crd.gov.pl/wzor/2025/06/25/13775/ http://127.0.0.1:9/x.xsd" ',
      )
      .replace(`<NIP>${SELLER}`, '<NIP>x'),
    'INVOICE_XSD',
  ),
]

const laughs = Array.from(
  { length: 10 },
  (_, level) => `<!ENTITY l${level + 1} "${`&l${level};`.repeat(10)}">`,
).join('')
const expansion: Hostile[] = [
  hostile('a billion laughs', doctype(`[<!ENTITY l0 "ha">${laughs}]`, '&l10;'), 'INVOICE_HAS_DOCTYPE'),
  hostile(
    'quadratic expansion',
    doctype(`[<!ENTITY q "${'q'.repeat(50_000)}">]`, '&q;'.repeat(5_000)),
    'INVOICE_HAS_DOCTYPE',
  ),
  hostile(
    'entities that name each other',
    doctype('[<!ENTITY a "&b;"><!ENTITY b "&a;">]', '&a;'),
    'INVOICE_HAS_DOCTYPE',
  ),
  hostile('a redefined lt', doctype('[<!ENTITY lt "x">]', '&lt;'), 'INVOICE_HAS_DOCTYPE'),
  hostile(
    'defaults for attributes',
    doctype(`[<!ATTLIST Faktura x CDATA "${'x'.repeat(50_000)}">]`),
    'INVOICE_HAS_DOCTYPE',
  ),
  hostile(
    'a document type after a comment',
    `${DECLARATION}<!-- <x> --><!DOCTYPE Faktura [<!ENTITY a "b">]>${body}`,
    'INVOICE_HAS_DOCTYPE',
  ),
]

const attributes = (count: number): string =>
  Array.from({ length: count }, (_, index) => ` a${index}="1"`).join('')
const size: Hostile[] = [
  hostile(
    'one byte over the limit',
    sampleInvoice({ ...request, padToBytes: 1_000_001 }),
    'INVOICE_TOO_LARGE',
  ),
  hostile(
    'one byte over the limit with an attachment',
    utf8(within('<Zalacznik/>').padEnd(3_000_000, ' ')),
    'INVOICE_TOO_LARGE',
  ),
  hostile(
    '2 MB and an attachment only in a comment',
    utf8(text.replace('<Naglowek>', `<!--<Zalacznik>${'.'.repeat(2_000_000)}--><Naglowek>`)),
    'INVOICE_TOO_LARGE',
  ),
  hostile('depth 100,000', within(`${'<a>'.repeat(100_000)}${'</a>'.repeat(100_000)}`), 'INVOICE_NOT_XML'),
  hostile(
    '100,000 attributes on the root',
    text.replace('<Faktura', `<Faktura${attributes(80_000)}`),
    'INVOICE_TOO_COMPLEX',
  ),
  hostile(
    'many elements with many attributes each',
    within(`<a${attributes(800)}/>`.repeat(80)),
    'INVOICE_XSD',
  ),
  hostile('200,000 empty elements', within('<a/>'.repeat(200_000)), 'INVOICE_XSD'),
  hostile(
    '10,000 lines with wrong amounts',
    text.replace(
      /<FaWiersz>.*<\/FaWiersz>/,
      '<FaWiersz><NrWierszaFa>x</NrWierszaFa></FaWiersz>'.repeat(10_000),
    ),
    'INVOICE_XSD',
  ),
]

const bytesAt = (marker: string, ...inserted: number[]): Uint8Array => {
  const at = Buffer.from(text).indexOf(marker)
  return Buffer.concat([valid.subarray(0, at), Buffer.from(inserted), valid.subarray(at)])
}
const declared = (encoding: string): string => text.replace('encoding="UTF-8"', `encoding="${encoding}"`)
const utf16 = (content: string): Buffer => Buffer.from(content, 'utf16le')
const encoding: Hostile[] = [
  hostile('a byte order mark', Buffer.concat([Buffer.from([0xef, 0xbb, 0xbf]), valid]), 'INVOICE_HAS_BOM'),
  hostile('UTF-16 with its mark', utf16(`\ufeff${declared('UTF-16')}`), 'INVOICE_NOT_UTF8'),
  hostile('UTF-16 without a mark', utf16(declared('UTF-16')), 'INVOICE_NOT_UTF8'),
  hostile('UTF-16, the other way round', utf16(`\ufeff${declared('UTF-16')}`).swap16(), 'INVOICE_NOT_UTF8'),
  hostile('ISO-8859-2 declared', declared('ISO-8859-2'), 'INVOICE_NOT_UTF8'),
  hostile(
    'windows-1250 declared and used',
    Buffer.from(
      declared('windows-1250')
        .replaceAll(/[^\0-\x7f]/g, 'x')
        .replace('Rusztowania', '\xb3'),
      'latin1',
    ),
    'INVOICE_NOT_UTF8',
  ),
  hostile('UTF-7 declared', declared('UTF-7'), 'INVOICE_NOT_UTF8'),
  hostile('an overlong slash', bytesAt('Rusztowania', 0xc0, 0xaf), 'INVOICE_NOT_UTF8'),
  hostile('an overlong NUL', bytesAt('Rusztowania', 0xc0, 0x80), 'INVOICE_NOT_UTF8'),
  hostile('an encoded surrogate', bytesAt('Rusztowania', 0xed, 0xa0, 0x80), 'INVOICE_NOT_UTF8'),
  hostile('a code point beyond Unicode', bytesAt('Rusztowania', 0xf4, 0x90, 0x80, 0x80), 'INVOICE_NOT_UTF8'),
  hostile('a NUL', bytesAt('Rusztowania', 0), 'INVOICE_FORBIDDEN_CHARACTER'),
]

/** Written out a second time, from the published list, so that a slip in the table shows. */
const PUBLISHED = (
  '7F-84 86-9F FDD0-FDEF 1FFFE-1FFFF 2FFFE-2FFFF 3FFFE-3FFFF 4FFFE-4FFFF 5FFFE-5FFFF 6FFFE-6FFFF 7FFFE-7FFFF ' +
  '8FFFE-8FFFF 9FFFE-9FFFF AFFFE-AFFFF BFFFE-BFFFF CFFFE-CFFFF DFFFE-DFFFF EFFFE-EFFFF FFFFE-FFFFF 10FFFE-10FFFF'
)
  .split(' ')
  .flatMap((range) => range.split('-').map((bound) => Number.parseInt(bound, 16)))
const characters: Hostile[] = PUBLISHED.map((codePoint, index) => {
  const reference = `&#x${codePoint.toString(16)};`
  const spelling = index % 3 === 2 ? reference : String.fromCodePoint(codePoint)
  return hostile(
    `U+${codePoint.toString(16)}${spelling === reference ? ' as a reference' : ''}`,
    named(`a${spelling}b`),
    'INVOICE_DISCOURAGED_CHARACTER',
  )
})

const FA3 = 'http://crd.gov.pl/wzor/2025/06/25/13775/'
const structure: Hostile[] = [
  hostile('a processing instruction', within('<?php echo 1 ?>'), 'INVOICE_HAS_PROCESSING_INSTRUCTION'),
  hostile(
    'a style sheet',
    `${DECLARATION}<?xml-stylesheet href="x"?>${body}`,
    'INVOICE_HAS_PROCESSING_INSTRUCTION',
  ),
  hostile('a declaration that is not at the start', `\n${text}`, 'INVOICE_HAS_PROCESSING_INSTRUCTION'),
  hostile('a harmless document type', doctype(''), 'INVOICE_HAS_DOCTYPE'),
  hostile('XML 1.1', text.replace('version="1.0"', 'version="1.1"'), 'INVOICE_NOT_XML'),
  hostile('another root', text.replaceAll('Faktura', 'Rachunek'), 'INVOICE_UNKNOWN_FORM'),
  hostile('another namespace', text.replace(FA3, 'http://example.com/'), 'INVOICE_UNKNOWN_FORM'),
  hostile(
    'the form code of another form',
    text.replace('kodSystemowy="FA (3)"', 'kodSystemowy="FA (2)"'),
    'INVOICE_XSD',
  ),
  hostile(
    'the number twice',
    text.replace('<P_2>FV/1</P_2>', '<P_2>FV/1</P_2><P_2>FV/2</P_2>'),
    'INVOICE_XSD',
  ),
  hostile('two roots', `${text}<Faktura xmlns="${FA3}"/>`, 'INVOICE_NOT_XML'),
]

const references: Hostile[] = [
  hostile('150,000 numeric references in a name', named('&#65;'.repeat(150_000)), 'INVOICE_XSD'),
  hostile('600,000 numeric references', named('&#65;'.repeat(600_000)), 'INVOICE_TOO_LARGE'),
]

export const HOSTILE: readonly Hostile[] = [
  ...reachingOut,
  ...expansion,
  ...size,
  ...encoding,
  ...characters,
  ...structure,
  ...references,
]

export const HARMLESS: readonly { readonly says: string; readonly bytes: Uint8Array }[] = [
  { says: 'FA(3)', bytes: valid },
  { says: 'FA(2)', bytes: sampleInvoice({ ...request, form: 'FA (2)' }) },
  { says: 'exactly 1,000,000 bytes', bytes: sampleInvoice({ ...request, padToBytes: 1_000_000 }) },
  {
    says: 'a prefix, CDATA, references, a comment that looks like a document type, and no declaration',
    bytes: utf8(
      body
        .replaceAll(/<(\/?)(?=[A-Z])/g, '<$1t:')
        .replace('xmlns=', 'xmlns:t=')
        .replace('Rusztowania', '<!-- <!DOCTYPE x> <?php ?> --><![CDATA[<!DOCTYPE & <?x ?> &#x7F;]]>&#x141;')
        .replace('>FV/1<', '> F<![CDATA[V]]>&#x2F;&#49;\n<'),
    ),
  },
  { says: 'U+0085, an allowed neighbour', bytes: utf8(named('a\u0085b')) },
  { says: 'U+FDCF and U+1FFFD, allowed neighbours', bytes: utf8(named('a\ufdcf\u{1fffd}b')) },
]
