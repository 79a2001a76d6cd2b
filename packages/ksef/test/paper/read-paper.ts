/** Reads papers back as a reader does: with other programs than those that made them. */
import { XmlDocument } from 'libxml2-wasm'
import { getDocument } from 'pdfjs-dist/legacy/build/pdf.mjs'

/** The text of each page, in the order in which it is selected. */
export async function pagesOf(pdf: Uint8Array): Promise<string[]> {
  const task = getDocument({ data: Uint8Array.from(pdf), useSystemFonts: false, verbosity: 0 })
  const document = await task.promise
  const pages: string[] = []
  for (let number = 1; number <= document.numPages; number++) {
    const page = await document.getPage(number)
    const { items } = await page.getTextContent()
    pages.push(items.map((item) => ('str' in item ? item.str : '')).join(' '))
  }
  await task.destroy()
  return pages
}

const VOID = /<(meta|br|hr)\b([^>]*)>/g

/** A page of HTML as XML, which ours is but for its head: so that nothing in it can be read in two ways. */
export function parsePage(html: string): XmlDocument {
  const wellFormed = html.replace(/^<!doctype html>/, '').replace(VOID, '<$1$2/>')
  return XmlDocument.fromBuffer(Buffer.from(wellFormed))
}

export function textOfPage(html: string): string {
  const document = parsePage(html)
  const text = document.root.content
  document.dispose()
  return text
}

/** Without white space: values are broken over lines, and grouped by spaces. */
export const squeezed = (text: string): string => text.replace(/[\s\u00a0]+/g, '')
