/** Nothing of a document is left out of its paper, in either language, as HTML or as PDF. */
import { existsSync, readdirSync, readFileSync } from 'node:fs'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { describe, expect, test } from 'vitest'
import { FORMS } from '../../src/documents/form-code.ts'
import { validateInvoice } from '../../src/documents/validate-invoice.ts'
import { FA_WORDING, RR_WORDING, UPO_WORDING } from '../../src/paper/form-wording.ts'
import { makePaper, renderHtml, renderPdf } from '../../src/paper/index.ts'
import { pagesOf, squeezed, textOfPage } from './read-paper.ts'
import { leavesOf, wholeDocument } from './whole-document.ts'

const schemas = fileURLToPath(new URL('../../schemas/', import.meta.url))
const fixtures = fileURLToPath(new URL('../fixtures/papers/', import.meta.url))
const contract = process.env['KSEF_CONTRACT_DIR'] ?? ''
const hasContract = contract !== '' && existsSync(join(contract, 'samples'))

const FILLED: Record<string, string> = {
  nip: '5265877635',
  nipOdbiorca: '7980332920',
  invoice_number: '17',
  invoicing_date: '2026-11-22',
}
/** A template with its places filled; an archive's file may begin with white space. */
const readDocument = (path: string): Buffer =>
  Buffer.from(
    readFileSync(path, 'utf8')
      .trim()
      .replaceAll(/#(\w+)#/g, (place, name: string) => FILLED[name] ?? place),
  )

type Leaf = { readonly name: string; readonly value: string }

/** As the value may stand on paper: as it is, or a number with the separators of the language. */
function writings(value: string, language: 'pl' | 'en'): string[] {
  const [, whole = '', fraction = ''] = /^(-?\d+)(\.\d+)?$/.exec(value) ?? []
  const number =
    language === 'pl'
      ? `${whole}${fraction.replace('.', ',')}`
      : `${BigInt(whole).toLocaleString('en')}${fraction}`
  return [squeezed(value), ...(whole === '' ? [] : [number])]
}

async function missing(xml: Uint8Array, leaves: readonly Leaf[]): Promise<string[]> {
  const absent: string[] = []
  for (const language of ['pl', 'en'] as const) {
    const paper = makePaper({ xml, language })
    const texts = {
      html: textOfPage(renderHtml(paper)),
      pdf: (await pagesOf(await renderPdf(paper))).join(' '),
    }
    for (const [as, text] of Object.entries(texts)) {
      const shown = squeezed(text)
      for (const { name, value } of leaves)
        if (!writings(value, language).some((writing) => shown.includes(writing)))
          absent.push(`${name}=${value} (${language}, ${as})`)
    }
  }
  return absent
}

const SCHEMAS = [
  ['schemat_FA(2)_v1-0E.xsd', FA_WORDING],
  ['schemat_FA(3)_v1-0E.xsd', FA_WORDING],
  ['schemat_FA_RR(1)_v1-1E.xsd', RR_WORDING],
] as const
/** It says of a line that it is the state before; that is a heading on paper. */
const MARKERS = ['StanPrzed', 'StanPrzedZ']

describe('of a document with all its form allows', () => {
  test.each(SCHEMAS)('%s, every value is on paper', async (file) => {
    const { xml, leaves } = wholeDocument(readFileSync(join(schemas, file)), 'Faktura', MARKERS)
    expect(leaves.length).toBeGreaterThan(90)
    expect(await missing(xml, leaves)).toEqual([])
  })

  test.each(SCHEMAS)('%s, every element has a label in both languages', (file, wording) => {
    const { names } = wholeDocument(readFileSync(join(schemas, file)), 'Faktura')
    // The sums by rate are rows of a table; an attachment brings its own labels; the root is the paper itself.
    const unlabelled =
      /^(P_1[34]_\w+|Faktura|[TZ](Klucz|Wartosc|MetaDane|Naglowek)|BlokDanych|MetaDane|Tekst|Akapit|Tabela|Opis|Kol|[NWS]Kom|Wiersz|Suma)$/
    expect([...names].filter((name) => !unlabelled.test(name) && wording.labels[name] === undefined)).toEqual(
      [],
    )
  })

  test.skipIf(!hasContract)('UPO, every value is on paper and has a label', async () => {
    const schema = readFileSync(join(contract, 'schemas', 'upo-v4-3.xsd'))
    const { xml, leaves, names } = wholeDocument(schema, 'Potwierdzenie')
    expect(await missing(xml, leaves)).toEqual([])
    expect([...names].filter((name) => UPO_WORDING.labels[name] === undefined)).toEqual([])
  })
})

test('no label is for an element that no schema has', () => {
  const known = new Set(
    SCHEMAS.flatMap(([file]) => [...wholeDocument(readFileSync(join(schemas, file)), 'Faktura').names]),
  )
  const labels = Object.keys({ ...FA_WORDING.labels, ...RR_WORDING.labels })
  expect(labels.filter((name) => !known.has(name))).toEqual([])
})

describe('of a lawful invoice', () => {
  test.each([
    ['correction.xml', 'FA (3)'],
    ['advance.xml', 'FA (3)'],
    ['farmer.xml', 'FA_RR (1)'],
  ] as const)('%s, every value is on paper', async (file, form) => {
    const xml = readFileSync(join(fixtures, file))
    expect(validateInvoice(xml, FORMS[form].code)).toEqual([])
    expect(await missing(xml, leavesOf(xml))).toEqual([])
  })
})

describe.skipIf(!hasContract)('of the official samples', () => {
  const samples = hasContract ? readdirSync(join(contract, 'samples')) : []
  test.each(samples)('%s, every value is on paper', async (file) => {
    const xml = readDocument(join(contract, 'samples', file))
    const leaves = leavesOf(xml)
    expect(leaves.length).toBeGreaterThan(10)
    expect(await missing(xml, leaves)).toEqual([])
  })
})
