/** A document made from a schema alone, with every element it knows, each with a value of its own. */
import { XmlDocument, XmlElement } from 'libxml2-wasm'
import { xmlText } from '../../src/xml-text.ts'

const childElements = (element: XmlElement): XmlElement[] => {
  const found: XmlElement[] = []
  for (let node = element.firstChild; node !== null; node = node.next)
    if (node instanceof XmlElement) found.push(node)
  return found
}
const attribute = (element: XmlElement, name: string): string => element.attr(name)?.value ?? ''

/** Elements a type is made of, whichever of them exclude each other. */
function partsOf(element: XmlElement): XmlElement[] {
  return childElements(element).flatMap((child) => {
    if (child.name === 'element') return [child]
    return ['complexType', 'sequence', 'choice', 'all'].includes(child.name) ? partsOf(child) : []
  })
}

export type WholeDocument = {
  readonly xml: Uint8Array
  /** Name and value of each leaf. */
  readonly leaves: readonly { readonly name: string; readonly value: string }[]
  readonly names: ReadonlySet<string>
}

/** @param leaveOut elements that change the meaning of what stands beside them */
export function wholeDocument(
  schema: Uint8Array,
  rootName: string,
  leaveOut: readonly string[] = [],
): WholeDocument {
  const document = XmlDocument.fromBuffer(schema)
  const types = new Map<string, XmlElement>()
  const declared = childElements(document.root)
  for (const one of declared) if (one.name === 'complexType') types.set(attribute(one, 'name'), one)
  const leaves: { name: string; value: string }[] = []
  const names = new Set<string>()
  const write = (element: XmlElement): string => {
    const name = attribute(element, 'name')
    if (leaveOut.includes(name)) return ''
    names.add(name)
    const type = types.get(attribute(element, 'type').replace(/^.*:/, ''))
    const parts = partsOf(type ?? element)
    const times = ['', '0', '1'].includes(attribute(element, 'maxOccurs')) ? 1 : 2
    return Array.from({ length: times }, () => {
      if (parts.length > 0) return `<${name}>${parts.map(write).join('')}</${name}>`
      const value = `Żółć-${leaves.length} <${name}>`
      leaves.push({ name, value })
      return `<${name}>${xmlText(value)}</${name}>`
    }).join('')
  }
  const root = declared.find((one) => one.name === 'element' && attribute(one, 'name') === rootName)
  if (root === undefined) throw new Error(`the schema has no ${rootName}`)
  const namespace = attribute(document.root, 'targetNamespace')
  const xml = write(root).replace(`<${rootName}>`, `<${rootName} xmlns="${namespace}">`)
  document.dispose()
  return { xml: Buffer.from(xml), leaves, names }
}

/** Every value that stands in a document. */
export function leavesOf(xml: Uint8Array): { name: string; value: string }[] {
  const document = XmlDocument.fromBuffer(xml)
  const walk = (element: XmlElement): { name: string; value: string }[] => {
    const inner = childElements(element)
    if (inner.length > 0) return inner.flatMap(walk)
    return [{ name: element.name, value: element.content.trim() }]
  }
  const found = walk(document.root).filter(({ value }) => value !== '')
  document.dispose()
  return found
}
