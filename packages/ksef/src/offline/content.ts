/** What an invoice says, place by place, whatever its XML looks like. */
import type { XmlElement } from '../invoice-data/grammar/xml-element.ts'

/** Texts and attributes; the key is the place with every step counted, `/Faktura[1]/Fa[1]/P_1[1]`. */
export type Content = {
  readonly values: ReadonlyMap<string, { readonly text: string; readonly xpath: string }>
  /** The places of all elements. */
  readonly elements: ReadonlySet<string>
}

/** Of the form, the program and the moment of writing, not of the business. */
const HEADER = 'Naglowek'

const collapsed = (text: string): string => text.replace(/[ \t\r\n]+/g, ' ').trim()

/** `/Faktura/Fa/FaWiersz[3]/P_11` as `/Faktura[1]/Fa[1]/FaWiersz[3]/P_11[1]`. */
export const everyStepCounted = (xpath: string): string =>
  xpath.replace(/\/([^/[]+)(?=\/|$)/g, (_, name: string) => `/${name}[1]`)

/** The place of the element around; empty for the root. */
export const parentOf = (place: string): string => place.slice(0, place.lastIndexOf('/'))

/** Child elements with their steps: as counted, and as people write them, without a number where there is no other. */
function* childrenOf(content: readonly XmlElement[]) {
  const total = new Map<string, number>()
  for (const { name } of content) total.set(name, (total.get(name) ?? 0) + 1)
  const seen = new Map<string, number>()
  for (const child of content) {
    const count = (seen.get(child.name) ?? 0) + 1
    seen.set(child.name, count)
    const counted = `/${child.name}[${count}]`
    yield { child, counted, written: total.get(child.name) === 1 ? `/${child.name}` : counted }
  }
}

export function contentOf(root: XmlElement): Content {
  const values = new Map<string, { text: string; xpath: string }>()
  const elements = new Set<string>()
  const put = (place: string, value: { text: string; xpath: string }): void => {
    if (value.text !== '') values.set(place, value)
  }
  const visit = (element: XmlElement, place: string, xpath: string): void => {
    elements.add(place)
    for (const [name, value] of Object.entries(element.attributes ?? {}))
      put(`${place}/@${name}`, { text: collapsed(value), xpath: `${xpath}/@${name}` })
    if (typeof element.content === 'string') {
      put(place, { text: collapsed(element.content), xpath })
      return
    }
    for (const { child, counted, written } of childrenOf(element.content))
      visit(child, place + counted, xpath + written)
  }
  const told = typeof root.content === 'string' ? [] : root.content.filter(({ name }) => name !== HEADER)
  visit({ ...root, content: told }, `/${root.name}[1]`, `/${root.name}`)
  return { values, elements }
}
