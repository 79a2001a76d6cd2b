import { XMLParser } from 'fast-xml-parser'
import { InvoiceNode } from './invoice-node.ts'

const CDATA = '#cdata'

const parser = new XMLParser({
  preserveOrder: true,
  captureMetaData: true,
  ignoreAttributes: false,
  attributeNamePrefix: '',
  parseTagValue: false,
  parseAttributeValue: false,
  trimValues: false,
  // Decoded below: the parser counts references, and a long invoice lawfully has many.
  processEntities: false,
  // Kept apart, since what looks like a reference there is none.
  cdataPropName: CDATA,
})

const METADATA = XMLParser.getMetaDataSymbol().valueOf()
type Raw = Record<string | symbol, unknown>

/**
 * The tree of an invoice that passed its schema: names without prefixes, texts with white space collapsed.
 *
 * @throws Error for what is no XML; the schema comes first
 */
export function parseNodes(bytes: Uint8Array): InvoiceNode {
  const text = Buffer.from(bytes).toString('utf8')
  const lineOf = lineCounter(text)
  const roots = listOf(parser.parse(text)).filter((raw) => elementName(raw)?.startsWith('?') === false)
  const [root] = roots
  if (root === undefined) throw new Error('the document has no root element')
  return nodeOf(root, null, lineOf)
}

const listOf = (value: unknown): Raw[] => (Array.isArray(value) ? value : [])

const elementName = (raw: Raw): string | undefined =>
  Object.keys(raw).find((key) => key !== ':@' && key !== '#text' && key !== CDATA)

function nodeOf(raw: Raw, parent: InvoiceNode | null, lineOf: (offset: number) => number): InvoiceNode {
  const name = elementName(raw) ?? ''
  const inner = listOf(raw[name])
  const node = new InvoiceNode({
    name: name.slice(name.indexOf(':') + 1),
    text: textOf(inner),
    parent,
    attributes: attributesOf(raw[':@']),
    line: lineOf(startOf(raw[METADATA])),
  })
  parent?.append(node)
  for (const each of inner) if (elementName(each) !== undefined) nodeOf(each, node, lineOf)
  return node
}

const startOf = (metadata: unknown): number =>
  typeof metadata === 'object' && metadata !== null && 'startIndex' in metadata
    ? Number(metadata.startIndex)
    : 0

const textOf = (inner: readonly Raw[]): string =>
  inner
    .map((each) => {
      const section = listOf(each[CDATA])[0]?.['#text']
      const written = each['#text']
      return typeof section === 'string' ? section : typeof written === 'string' ? decoded(written) : ''
    })
    .join('')
    .replace(/[ \t\r\n]+/g, ' ')
    .trim()

const attributesOf = (raw: unknown): Record<string, string> =>
  Object.fromEntries(Object.entries(raw ?? {}).map(([name, value]) => [name, decoded(String(value))]))

const PREDEFINED: Readonly<Record<string, string>> = { lt: '<', gt: '>', amp: '&', quot: '"', apos: "'" }

/** There is no document type, so no entity of anyone's own. */
const decoded = (text: string): string =>
  text.includes('&')
    ? text.replace(/&(#x[0-9a-fA-F]+|#\d+|\w+);/g, (whole, name) => characterOf(name) ?? whole)
    : text

function characterOf(name: string): string | undefined {
  if (!name.startsWith('#')) return PREDEFINED[name]
  const isHex = name.startsWith('#x')
  return String.fromCodePoint(Number.parseInt(name.slice(isHex ? 2 : 1), isHex ? 16 : 10))
}

/** Elements come in document order, so one walk over the text counts all their lines. */
function lineCounter(text: string): (offset: number) => number {
  let line = 1
  let counted = 0
  return (offset) => {
    for (
      let next = text.indexOf('\n', counted);
      next !== -1 && next < offset;
      next = text.indexOf('\n', counted)
    ) {
      line += 1
      counted = next + 1
    }
    return line
  }
}
