import { type Amount, amountOf } from './amount.ts'

/** An element of an invoice: what rules read, with the place that findings name. */
export class InvoiceNode {
  readonly name: string
  readonly text: string
  readonly parent: InvoiceNode | null
  readonly attributes: Readonly<Record<string, string>>
  /** Counts from 1. */
  readonly line: number
  readonly #children = new Map<string, InvoiceNode[]>()

  constructor(of: {
    name: string
    text: string
    parent: InvoiceNode | null
    attributes: Readonly<Record<string, string>>
    line: number
  }) {
    this.name = of.name
    this.text = of.text
    this.parent = of.parent
    this.attributes = of.attributes
    this.line = of.line
  }

  /** Called by the parser, once for each child in document order. */
  append(child: InvoiceNode): void {
    const same = this.#children.get(child.name)
    if (same === undefined) this.#children.set(child.name, [child])
    else same.push(child)
  }

  /** Children of that name, in document order. */
  all(name: string): readonly InvoiceNode[] {
    return this.#children.get(name) ?? []
  }

  /** The first element down a path of names such as `Adnotacje/P_16`. */
  get(path: string): InvoiceNode | undefined {
    let node: InvoiceNode | undefined = this
    for (const name of path.split('/')) node = node?.all(name)[0]
    return node
  }

  has(path: string): boolean {
    return this.get(path) !== undefined
  }

  /** The element down the path, or this one where there is none: the nearest place to point at. */
  near(path: string): InvoiceNode {
    return this.get(path) ?? this
  }

  /** Text down the path, white space collapsed; empty when there is no such element. */
  read(path: string): string {
    return this.get(path)?.text ?? ''
  }

  /** The choice an element states, such as P_16 = 1. */
  says(path: string, value: string): boolean {
    return this.read(path) === value
  }

  amount(path: string): Amount | undefined {
    const text = this.read(path)
    return text === '' ? undefined : amountOf(text)
  }

  /** `/Faktura/Fa/FaWiersz[3]/P_11`; positions only among siblings of the same name. */
  get xpath(): string {
    if (this.parent === null) return `/${this.name}`
    const same = this.parent.all(this.name)
    const position = same.length > 1 ? `[${same.indexOf(this) + 1}]` : ''
    return `${this.parent.xpath}/${this.name}${position}`
  }
}
