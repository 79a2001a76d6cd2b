/** HTML papers load nothing, run nothing, and write values as text whatever these hold. */
import { createHash } from 'node:crypto'
import { readFileSync } from 'node:fs'
import { fileURLToPath } from 'node:url'
import { XmlElement, type XmlTreeNode } from 'libxml2-wasm'
import { expect, test } from 'vitest'
import { sampleInvoice } from '../../src/documents/sample-invoice.ts'
import { makePaper, PAPER_POLICY, renderHtml } from '../../src/paper/index.ts'
import { parsePage, textOfPage } from './read-paper.ts'

const HOSTILE = `"><script>alert(1)</script><img src=x onerror='alert(2)'> &lt;b&gt; javascript:alert(3)`
const hostile = sampleInvoice({
  form: 'FA (3)',
  sellerNip: '5265877635',
  buyerNip: '7980332920',
  number: HOSTILE,
  issueDate: '2026-11-28',
  lines: [{ name: HOSTILE, quantity: 1, unitPriceGrosze: 100 }],
})
const codes = [{ link: 'https://qr.example/"><script>alert(4)</script>', label: 'OFFLINE' }]
const correction = readFileSync(fileURLToPath(new URL('../fixtures/papers/correction.xml', import.meta.url)))

function elementsOf(html: string): { name: string; attributes: string[] }[] {
  const document = parsePage(html)
  const walk = (element: XmlElement): { name: string; attributes: string[] }[] => {
    const found = [{ name: element.name, attributes: element.attrs.map(({ name }) => name) }]
    for (let node: XmlTreeNode | null = element.firstChild; node !== null; node = node.next)
      if (node instanceof XmlElement) found.push(...walk(node))
    return found
  }
  const elements = walk(document.root)
  document.dispose()
  return elements
}

const ELEMENTS =
  /^(html|head|meta|title|style|body|header|main|section|p|h[1-6]|dl|dt|dd|div|table|thead|tbody|tr|th|td|span|figure|figcaption|svg|path|rect|text)$/
const ATTRIBUTES =
  /^(lang|charset|http-equiv|content|name|class|role|colspan|viewBox|width|height|fill|shape-rendering|d|x|y|text-anchor|font-family|font-size)$/

test.each([
  ['a hostile invoice', hostile],
  ['a correction', correction],
])('%s makes elements and attributes that load and run nothing', (_, xml) => {
  for (const { name, attributes } of elementsOf(renderHtml(makePaper({ xml, language: 'en', codes })))) {
    expect(name).toMatch(ELEMENTS)
    for (const attribute of attributes) expect(attribute).toMatch(ATTRIBUTES)
  }
})

test('hostile values are read as they are written', () => {
  const text = textOfPage(renderHtml(makePaper({ xml: hostile, language: 'pl', codes })))
  expect(text.split(HOSTILE).length - 1).toBeGreaterThan(2)
  expect(text).toContain('"><script>alert(4)</script>')
})

test('the policy permits the one style sheet by its hash, in the page and beside it', () => {
  const html = renderHtml(makePaper({ xml: correction, language: 'pl' }))
  const [, style = ''] = /<style>([\s\S]*?)<\/style>/.exec(html) ?? []
  const hash = createHash('sha256').update(style).digest('base64')
  expect(PAPER_POLICY).toContain(`style-src 'sha256-${hash}'`)
  expect(PAPER_POLICY).toContain("default-src 'none'")
  expect(html).toContain(`content="${PAPER_POLICY}"`)
  expect(style).not.toMatch(/url\(|@import/)
})

test('a paper says that KSeF rejected its document before it says anything else of it', () => {
  const html = renderHtml(makePaper({ xml: correction, language: 'en', notice: 'rejected' }))
  expect(html.indexOf('KSeF rejected this document')).toBeGreaterThan(0)
  expect(html.indexOf('KSeF rejected this document')).toBeLessThan(html.indexOf('Seller'))
})
