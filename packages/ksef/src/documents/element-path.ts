import { type XmlDocument, XmlElement, type XmlNode, type XmlTreeNode } from 'libxml2-wasm'

function sameNameBefore(element: XmlElement): number {
  let count = 0
  for (let node: XmlTreeNode | null = element.prev; node !== null; node = node.prev) {
    if (node instanceof XmlElement && node.name === element.name) count += 1
  }
  return count
}

function sameNameAfter(element: XmlElement): boolean {
  for (let node: XmlTreeNode | null = element.next; node !== null; node = node.next) {
    if (node instanceof XmlElement && node.name === element.name) return true
  }
  return false
}

const stepOf = (element: XmlElement): string => {
  const before = sameNameBefore(element)
  return before > 0 || sameNameAfter(element) ? `${element.name}[${before + 1}]` : element.name
}

/** Steps with a prefix are names already, and could not be looked up without their namespace. */
const STARS_ONLY = /^(?:\/\*(?:\[\d+\])?)+$/

/**
 * Turns libxml2's path of stars and positions into one of names, `/Faktura/Fa/FaWiersz[3]/P_11`, which says
 * more to a person. Prefixes are left out.
 */
export function elementPath(document: XmlDocument, xpath: string): string {
  if (!STARS_ONLY.test(xpath)) return xpath
  let node: XmlNode | null = document.get(xpath)
  const steps: string[] = []
  for (; node instanceof XmlElement; node = node.parent) steps.unshift(stepOf(node))
  return steps.length === 0 ? xpath : `/${steps.join('/')}`
}
