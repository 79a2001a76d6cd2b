/** Changes of an invoice's text, by which rules show an invoice that keeps them and one that does not. */
import { ksefNumberCrc } from '../../ksef-number.ts'

export type Edit = (xml: string) => string

type Span = { open: number; inner: number; close: number; end: number }

/**
 * The first element down a path such as `Podmiot2/NIP` or `FaWiersz[2]/P_11`: each step is the first, or n-th, of its name
 * after the one before.
 */
function spanOf(xml: string, path: string): Span {
  let span: Span = { open: 0, inner: 0, close: xml.length, end: xml.length }
  for (const step of path.split('/')) {
    const [, name = '', position = '1'] = /^(\w+)(?:\[(\d+)\])?$/.exec(step) ?? []
    let open = span.inner - 1
    for (let count = 0; count < Number(position); count += 1) {
      open = xml.indexOf(`<${name}>`, open + 1)
      if (open === -1) throw new Error(`the example has no ${path}`)
    }
    const close = xml.indexOf(`</${name}>`, open)
    span = { open, inner: open + name.length + 2, close, end: close + name.length + 3 }
  }
  return span
}

const spliced = (xml: string, at: { from: number; to: number }, text: string): string =>
  xml.slice(0, at.from) + text + xml.slice(at.to)

/** Gives an element other content. */
export const set =
  (path: string, content: string): Edit =>
  (xml) => {
    const { inner, close } = spanOf(xml, path)
    return spliced(xml, { from: inner, to: close }, content)
  }

/** Puts other elements in the place of one; none removes it. */
export const replace =
  (path: string, elements: string): Edit =>
  (xml) => {
    const { open, end } = spanOf(xml, path)
    return spliced(xml, { from: open, to: end }, elements)
  }

export const drop = (path: string): Edit => replace(path, '')

export const after =
  (path: string, elements: string): Edit =>
  (xml) => {
    const { end } = spanOf(xml, path)
    return spliced(xml, { from: end, to: end }, elements)
  }

export const before =
  (path: string, elements: string): Edit =>
  (xml) => {
    const { open } = spanOf(xml, path)
    return spliced(xml, { from: open, to: open }, elements)
  }

/** `element('P_11', '5.00')`; content may be elements. */
export const element = (name: string, ...content: readonly string[]): string =>
  `<${name}>${content.join('')}</${name}>`

/** A KSeF number with its checksum. */
export const numbered = (head: string): string => `${head}-${ksefNumberCrc(head)}`

export const edited = (xml: string, edits: readonly Edit[]): string =>
  edits.reduce((text, edit) => edit(text), xml)
