import { ParseOption, XmlDocument, XmlElement } from 'libxml2-wasm'
import { PaperError } from './paper-error.ts'

/** One element of a document: either a leaf with text or a group of elements. */
export type Element = {
  /** Without prefix. */
  readonly name: string
  readonly namespace: string
  readonly attributes: Readonly<Record<string, string>>
  readonly children: readonly Element[]
  /** White space collapsed, as the schemas' token types say; empty for a group. */
  readonly text: string
}

const OPTIONS = ParseOption.XML_PARSE_NONET | ParseOption.XML_PARSE_NO_XXE

function read(element: XmlElement): Element {
  const children: Element[] = []
  for (let node = element.firstChild; node !== null; node = node.next)
    if (node instanceof XmlElement) children.push(read(node))
  return {
    name: element.name,
    namespace: element.namespaceUri,
    attributes: Object.fromEntries(element.attrs.map(({ name, value }) => [name, value])),
    children,
    text: children.length > 0 ? '' : element.content.replace(/[ \t\r\n]+/g, ' ').trim(),
  }
}

/** Reads a document: no external entity, no DTD of anyone's, no network. @throws PaperError PAPER_NOT_XML */
export function readElement(xml: Uint8Array): Element {
  let document: XmlDocument
  try {
    document = XmlDocument.fromBuffer(xml, { option: OPTIONS })
  } catch {
    throw new PaperError('PAPER_NOT_XML')
  }
  try {
    return read(document.root)
  } finally {
    document.dispose()
  }
}

export const isLeaf = ({ children }: Element): boolean => children.length === 0

export const childrenOf = (element: Element, name: string): readonly Element[] =>
  element.children.filter((child) => child.name === name)

/** The first descendant by these names, one below the other. */
export const find = (element: Element, ...path: readonly string[]): Element | undefined =>
  path.reduce<Element | undefined>((at, name) => at?.children.find((child) => child.name === name), element)

export const textAt = (element: Element, ...path: readonly string[]): string =>
  find(element, ...path)?.text ?? ''

/** The element without those of its children that are shown elsewhere. */
export const without = (element: Element, names: Iterable<string>): Element => {
  const gone = new Set(names)
  return { ...element, children: element.children.filter(({ name }) => !gone.has(name)) }
}
