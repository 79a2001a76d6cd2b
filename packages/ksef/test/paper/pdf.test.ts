/** PDFs, read back by another program than the one that made them. */
import { readFileSync } from 'node:fs'
import { fileURLToPath } from 'node:url'
import { beforeAll, describe, expect, test } from 'vitest'
import { sampleInvoice } from '../../src/documents/sample-invoice.ts'
import { makePaper, PaperError, renderPdf } from '../../src/paper/index.ts'
import { labelPixels } from '../../src/qr/label-pixels.ts'
import { pagesOf, squeezed } from './read-paper.ts'

const LINES = 400
const code = { link: 'https://qr.example/invoice/1', label: '5265877635-20261128-0100A0D6723E-C2' }
const lines = Array.from({ length: LINES }, (_, index) => ({
  name: `Zażółcona gęślą jaźń ${index + 1}, z opisem, który w jednym wierszu tabeli na pewno się nie zmieści`,
  quantity: (index % 9) + 1,
  unitPriceGrosze: 100_000 + index,
}))
const request = {
  form: 'FA (3)',
  sellerNip: '5265877635',
  buyerNip: '7980332920',
  number: 'FV/400',
  issueDate: '2026-11-28',
} as const
const long = sampleInvoice({ ...request, lines })
const fixture = (name: string): Uint8Array =>
  readFileSync(fileURLToPath(new URL(`../fixtures/papers/${name}.xml`, import.meta.url)))

describe('an invoice of 400 lines', () => {
  let pages: string[]
  beforeAll(async () => {
    pages = await pagesOf(
      await renderPdf(makePaper({ xml: long, language: 'pl', ksefNumber: code.label, codes: [code] })),
    )
  })

  test('has all of them in order, and on each page of them the head of the table', () => {
    const names = pages.flatMap((page) =>
      [...page.matchAll(/Zażółcona gęślą jaźń (\d+),/g)].map(([, nth]) => nth),
    )
    expect(names).toEqual(lines.map((_, index) => String(index + 1)))
    const ofLines = pages.filter((page) => page.includes('Zażółcona gęślą jaźń'))
    expect(ofLines.length).toBeGreaterThan(5)
    for (const page of ofLines) expect(squeezed(page)).toContain('Nazwatowarulubusługi')
  })

  test('says on each page which it is, of how many, and of what', () => {
    for (const [index, page] of pages.entries()) {
      expect(page).toContain(`${index + 1} / ${pages.length}`)
      expect(page).toContain('FV/400')
    }
  })

  test('has the sums as computed here', () => {
    const net = lines.reduce((all, { quantity, unitPriceGrosze }) => all + quantity * unitPriceGrosze, 0)
    const vat = Math.round(net * 0.23)
    const polish = (grosze: number): string =>
      squeezed((grosze / 100).toLocaleString('pl', { minimumFractionDigits: 2 }))
    const text = squeezed(pages.join(' '))
    for (const amount of [net, vat, net + vat]) expect(text).toContain(polish(amount))
    expect(text).toContain(`Kwotanależnościogółem:${polish(net + vat)}PLN`)
  })

  test('has its KSeF number in its head, beneath its code, and the address of the code', () => {
    expect(squeezed(pages.join(' ')).split(code.label).length - 1).toBeGreaterThan(2)
    expect(squeezed(pages.at(-1) ?? '')).toContain(code.link)
  })
})

test('a correction shows both states beside each other, and both of the buyer', async () => {
  const text = (
    await pagesOf(await renderPdf(makePaper({ xml: fixture('correction'), language: 'en' })))
  ).join(' ')
  expect(text).toMatch(/Before correction\s+After correction/)
  expect(text).toMatch(/Quantity\s+2\s+1\b/)
  expect(text).toMatch(/Name\s+Bootsbau Müller e\.K\.\s+Bootsbau Müller & Söhne GmbH/)
  expect(text).toMatch(/Line 3/)
})

test('the same document gives the same bytes', async () => {
  const print = () => renderPdf(makePaper({ xml: fixture('advance'), language: 'pl', codes: [code] }))
  expect(Buffer.compare(await print(), await print())).toBe(0)
})

test('a letter the font does not have is named by its number, not lost', async () => {
  const xml = sampleInvoice({
    ...request,
    lines: [{ name: 'Grzyb 🍄 żółty, 漢', quantity: 1, unitPriceGrosze: 1 }],
  })
  const [page = ''] = await pagesOf(await renderPdf(makePaper({ xml, language: 'pl' })))
  expect(page).toContain('Grzyb [U+1F344] żółty, [U+6F22]')
})

test('what was drawn before a document changes nothing of what is read in it', async () => {
  // The shape of the first is made of that of the second, which no text has asked for yet.
  labelPixels('Ѓ', 100, 20)
  const xml = sampleInvoice({ ...request, lines: [{ name: 'ГОСТ', quantity: 1, unitPriceGrosze: 1 }] })
  const pages = await pagesOf(await renderPdf(makePaper({ xml, language: 'pl' })))
  expect(pages.join(' ')).toContain('ГОСТ')
})

test('a word wider than the page goes over lines, a text longer than a page over pages', async () => {
  const name = `${'Ł'.repeat(300)} ${'dwa słowa '.repeat(20)}`
  const stopka = 'Bardzo długa stopka. '.repeat(600)
  const xml = Buffer.from(
    Buffer.from(sampleInvoice({ ...request, lines: [{ name, quantity: 1, unitPriceGrosze: 1 }] }))
      .toString()
      .replace(
        '</Fa>',
        `</Fa><Stopka><Informacje><StopkaFaktury>${stopka}</StopkaFaktury></Informacje></Stopka>`,
      ),
  )
  const pages = await pagesOf(await renderPdf(makePaper({ xml, language: 'pl' })))
  expect(pages.join(' ').match(/długa/g)).toHaveLength(600)
  expect(pages.length).toBeGreaterThan(1)
  expect(pages.join(' ').match(/Ł/g)).toHaveLength(300)
})

test.each([
  ['PAPER_NOT_XML', '<Faktura'],
  ['PAPER_UNKNOWN_FORM', '<Faktura xmlns="http://example/"/>'],
  ['PAPER_UNKNOWN_FORM', '<html/>'],
])('there is no paper, with %s, of %s', (expected, text) => {
  const make = () => makePaper({ xml: Buffer.from(text), language: 'pl' })
  expect(make).toThrow(PaperError)
  expect(make).toThrow(expect.objectContaining({ code: expected }))
})

test('an external entity is not read', () => {
  const xml =
    '<!DOCTYPE a [<!ENTITY x SYSTEM "file:///etc/hostname">]><Potwierdzenie xmlns="http://upo.schematy.mf.gov.pl/KSeF/v4-3"><KodFormularza>&x;</KodFormularza></Potwierdzenie>'
  const paper = makePaper({ xml: Buffer.from(xml), language: 'pl' })
  expect(JSON.stringify(paper.blocks)).not.toContain(readFileSync('/etc/hostname', 'utf8').trim())
})
