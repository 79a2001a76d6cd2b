/** The tree between data and XML: elements in order, each with the place in the data it came from. */
import { XMLParser } from 'fast-xml-parser'
import * as z from 'zod'
import { xmlText } from '../../xml-text.ts'

export type XmlElement = {
  readonly name: string
  readonly attributes?: Readonly<Record<string, string>>
  readonly content: string | readonly XmlElement[]
  /** JSON pointer to the value it was made of; none for elements read from XML. */
  readonly pointer?: string
}

export const xmlElement = (name: string, content: XmlElement['content'], pointer?: string): XmlElement => ({
  name,
  content,
  ...(pointer === undefined ? {} : { pointer }),
})

export const withAttributes = (
  element: XmlElement,
  attributes: Record<string, string> | undefined,
): XmlElement => (attributes === undefined ? element : { ...element, attributes })

const quoted = (text: string): string => xmlText(text).replaceAll('"', '&quot;')

/** The element as XML, without white space of its own: the same tree is always the same text. */
export function printXml({ name, attributes = {}, content }: XmlElement): string {
  const head = Object.entries(attributes).map(([key, value]) => ` ${key}="${quoted(value)}"`)
  const inside = typeof content === 'string' ? xmlText(content) : content.map(printXml).join('')
  return inside === '' ? `<${name}${head.join('')}/>` : `<${name}${head.join('')}>${inside}</${name}>`
}

const parser = new XMLParser({
  preserveOrder: true,
  ignoreAttributes: false,
  attributeNamePrefix: '',
  parseTagValue: false,
  parseAttributeValue: false,
  trimValues: false,
  htmlEntities: true,
  ignoreDeclaration: true,
  ignorePiTags: true,
})

const Node = z.record(z.string(), z.unknown())
const Nodes = z.array(Node)
const Text = z.array(z.object({ '#text': z.coerce.string() }))
const localName = (name: string): string => name.slice(name.indexOf(':') + 1)

/** Names lose their prefixes, declarations of namespaces go; text between elements is white space. */
function elementOf(node: z.infer<typeof Node>): XmlElement | null {
  const name = Object.keys(node).find((key) => key !== ':@')
  if (name === undefined || name === '#text') return null
  const children = Nodes.parse(node[name])
  const given = Object.entries(z.record(z.string(), z.string()).parse(node[':@'] ?? {}))
  const attributes = given.filter(([key]) => !/^(xmlns|xsi)(:|$)/.test(key))
  const elements = children.map(elementOf).filter((child) => child !== null)
  const content = elements.length > 0 ? elements : textOf(children)
  return withAttributes(
    xmlElement(localName(name), content),
    attributes.length === 0 ? undefined : Object.fromEntries(attributes),
  )
}

const textOf = (nodes: z.infer<typeof Nodes>): string =>
  Text.parse(nodes)
    .map((node) => node['#text'])
    .join('')

/**
 * Reads a document's root. The bytes have passed `checkInvoiceBytes` or come from there: no document type, UTF-8.
 *
 * @throws Error when it is not well-formed
 */
export function parseXml(bytes: Uint8Array): XmlElement {
  const nodes = Nodes.parse(parser.parse(Buffer.from(bytes).toString('utf8'), true))
  const [root, ...more] = nodes.map(elementOf).filter((element) => element !== null)
  if (root === undefined || more.length > 0) throw new Error('The file has no single root element.')
  return root
}

const STEP = /^([^[]+)(?:\[(\d+)\])?$/

/** The place in the data of what an XPath like `/Faktura/Fa/FaWiersz[3]/P_11` names, or of the nearest element around it. */
export function pointerAt(root: XmlElement, xpath: string): string | undefined {
  let at: XmlElement | undefined = root
  let pointer = root.pointer
  for (const step of xpath.split('/').slice(2)) {
    const [, name, position = '1'] = STEP.exec(step) ?? []
    const named: XmlElement[] =
      typeof at.content === 'string' ? [] : at.content.filter((child) => child.name === name)
    at = named[Number(position) - 1]
    if (at === undefined) break
    pointer = at.pointer ?? pointer
  }
  return pointer
}
