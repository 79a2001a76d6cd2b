import { XmlElement, XmlXPath } from 'libxml2-wasm'
import type { Element } from './elements.ts'

/** Not from sibling to sibling: the parser's bindings have no node for a processing instruction and lose the rest. */
const CHILDREN = XmlXPath.compile('*')

/** An element as libxml2 has parsed it; read only while its document lives. */
export class ParsedElement implements Element {
  readonly #element: XmlElement
  #children: readonly ParsedElement[] | undefined

  constructor(element: XmlElement) {
    this.#element = element
  }

  get name(): string {
    return this.#element.name
  }

  get namespaceUri(): string {
    return this.#element.namespaceUri
  }

  get content(): string {
    return this.#element.content
  }

  get children(): readonly ParsedElement[] {
    this.#children ??= this.#element
      .find(CHILDREN)
      .flatMap((node) => (node instanceof XmlElement ? [new ParsedElement(node)] : []))
    return this.#children
  }

  attribute(name: string): string | null {
    return this.#element.attr(name)?.value ?? null
  }
}
