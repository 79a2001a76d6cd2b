/**
 * A reader of plain XML: elements, text and attributes, without prefixes, and none of what makes XML hard. It answers only where
 * it is sure to read what any parser reads; a comment, a CDATA section, an entity of anyone's own, a character that XML does not
 * know, or whatever else it does not know by heart, and it declines, which says nothing of the document.
 */
import { isUtf8 } from 'node:buffer'
import type { Element } from './elements.ts'

export type PlainXml = {
  readonly root: Element
  /** Of the root, and so of all. */
  readonly namespace: string
}

const DECLARATION =
  /^<\?xml version="1\.0"(?: encoding="(?:UTF-8|utf-8)")?(?: standalone="(?:yes|no)")?[ ]*\?>/
/**
 * What is no character of XML, what opens anything but an element, the one text that must not stand in a text, and entities of
 * anyone's own. Each is looked for alone: one expression for all takes three times as long.
 */
const HARD = [
  // biome-ignore lint/suspicious/noControlCharactersInRegex: they are what is looked for
  /[\u0000-\u0008\u000b\u000c\u000e-\u001f]/,
  /\ufffe/,
  /\uffff/,
  /<[!?]/,
  /\]\]>/,
  /&(?!(?:amp|lt|gt|quot|apos);)/,
]
const OPENING =
  /<([A-Za-z_][\w.-]{0,99})((?:[ \t\r\n]+[A-Za-z_][\w.-]*(?::[\w.-]+)?[ \t\r\n]*=[ \t\r\n]*(?:"[^"<>&]*"|'[^'<>&]*'))*)[ \t\r\n]*(\/?)>/y
const SIMPLE = /[A-Za-z_][\w.-]{0,99}>/y
const ATTRIBUTE = /([A-Za-z_][\w.-]*(?::[\w.-]+)?)[ \t\r\n]*=[ \t\r\n]*(?:"([^"]*)"|'([^']*)')/g
/** Parsers end at 256. */
const DEPTH_MAX = 100

/** Null when it would take a parser to be sure. */
export function readPlainXml(bytes: Uint8Array): PlainXml | null {
  if (!isUtf8(bytes)) return null
  const whole = Buffer.from(bytes.buffer, bytes.byteOffset, bytes.byteLength).toString('utf8')
  const source = whole.slice(DECLARATION.exec(whole)?.[0].length ?? 0)
  return HARD.some((one) => one.test(source)) ? null : readRoot(source)
}

function readRoot(source: string): PlainXml | null {
  const reading = new Reading(source)
  for (let at = source.indexOf('<'); at !== -1; at = source.indexOf('<', reading.end)) {
    if (!(source.charCodeAt(at + 1) === SLASH ? reading.closes(at) : reading.opens(at))) return null
  }
  return reading.whole()
}

type Tag = { name: string; attributes: string; isEmpty: boolean; end: number }

/** A document as far as it is read. Each step answers whether it was sure. */
class Reading {
  /** Where the last tag ends. */
  end = 0
  readonly #source: string
  readonly #above: PlainElement[] = []
  #read: PlainXml | null = null

  constructor(source: string) {
    this.#source = source
  }

  closes(at: number): boolean {
    const element = this.#above.pop()
    if (element === undefined || !this.#source.startsWith(element.name, at + 2)) return false
    const nameEnd = at + 2 + element.name.length
    this.end = this.#source.indexOf('>', nameEnd) + 1
    element.close(at)
    return this.end === nameEnd + 1 || (this.end > 0 && isSpace(this.#source.slice(nameEnd, this.end - 1)))
  }

  opens(at: number): boolean {
    const before = this.end
    const tag = this.#simpleTag(at) ?? this.#tag(at)
    if (tag === null || this.#above.length > DEPTH_MAX) return false
    this.end = tag.end
    const element = new PlainElement(this.#source, tag.name, tag.end)
    const parent = this.#above.at(-1)
    if (!tag.isEmpty) this.#above.push(element)
    if (parent === undefined)
      return isSpace(this.#source.slice(before, at)) && this.#begins(element, tag.attributes)
    parent.add(element)
    return tag.attributes === '' || isSimple(tag.attributes)
  }

  /** Nine of ten tags are a name and no more. */
  #simpleTag(at: number): Tag | null {
    SIMPLE.lastIndex = at + 1
    if (!SIMPLE.test(this.#source)) return null
    const end = SIMPLE.lastIndex
    return { name: this.#source.slice(at + 1, end - 1), attributes: '', isEmpty: false, end }
  }

  #tag(at: number): Tag | null {
    OPENING.lastIndex = at
    const [, name, attributes = '', slash] = OPENING.exec(this.#source) ?? []
    return name === undefined ? null : { name, attributes, isEmpty: slash !== '', end: OPENING.lastIndex }
  }

  #begins(root: PlainElement, attributes: string): boolean {
    const namespace = this.#read === null ? namespaceOf(attributes) : null
    this.#read = namespace === null ? null : { root, namespace }
    return this.#read !== null
  }

  whole(): PlainXml | null {
    return this.#above.length === 0 && isSpace(this.#source.slice(this.end)) ? this.#read : null
  }
}

const SLASH = 0x2f
const isSpace = (text: string): boolean => /^[ \t\r\n]*$/.test(text)

/** The default namespace of a root that binds each prefix its attributes have; null when there is more to it. */
function namespaceOf(text: string): string | null {
  const attributes = attributesIn(text)
  const namespace = attributes?.get('xmlns')
  if (attributes === null || namespace === undefined) return null
  const names = [...attributes.keys()]
  return names.every((name) => isBound(name, attributes)) ? namespace : null
}

function isBound(name: string, attributes: ReadonlyMap<string, string>): boolean {
  const [prefix = '', local] = name.split(':')
  if (local === undefined) return true
  if (prefix === 'xmlns') return !local.startsWith('xml') && attributes.get(name) !== ''
  // Two prefixes may mean one namespace, and so two names one attribute.
  const alike = [...attributes.keys()].filter((other) => other.endsWith(`:${local}`))
  return alike.length === 1 && attributes.has(`xmlns:${prefix}`)
}

/** Of an element within: nothing that has to do with namespaces. */
function isSimple(text: string): boolean {
  const attributes = attributesIn(text)
  return (
    attributes !== null && [...attributes.keys()].every((name) => name !== 'xmlns' && !name.includes(':'))
  )
}

/** Null when one stands twice. */
function attributesIn(text: string): Map<string, string> | null {
  const found = [...text.matchAll(ATTRIBUTE)]
  const attributes = new Map(found.map(([, name = '', double, single]) => [name, double ?? single ?? '']))
  return attributes.size === found.length ? attributes : null
}

const ENTITIES: Readonly<Record<string, string>> = {
  '&amp;': '&',
  '&lt;': '<',
  '&gt;': '>',
  '&quot;': '"',
  '&apos;': "'",
}
const NONE: readonly PlainElement[] = []

class PlainElement implements Element {
  readonly name: string
  readonly #source: string
  readonly #from: number
  #to: number
  #children: PlainElement[] | undefined

  constructor(source: string, name: string, from: number) {
    this.#source = source
    this.name = name
    this.#from = from
    this.#to = from
  }

  get children(): readonly PlainElement[] {
    return this.#children ?? NONE
  }

  get content(): string {
    const inside = this.#source.slice(this.#from, this.#to)
    const text = this.#children === undefined ? inside : inside.replace(/<[^>]*>/g, '')
    return text.includes('&') ? text.replace(/&[a-z]+;/g, (entity) => ENTITIES[entity] ?? entity) : text
  }

  add(child: PlainElement): void {
    this.#children ??= []
    this.#children.push(child)
  }

  close(at: number): void {
    this.#to = at
  }
}
