/** Papers as they leave a printer: drawn and read by poppler, another program than the one that made them. */
import { spawnSync } from 'node:child_process'
import { existsSync, mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { afterAll, describe, expect, test } from 'vitest'
import { sampleInvoice } from '../../src/documents/sample-invoice.ts'
import { makePaper, renderPdf } from '../../src/paper/index.ts'
import { squeezed } from './read-paper.ts'
import { leavesOf } from './whole-document.ts'

const hasPoppler = ['pdftoppm', 'pdftotext'].every(
  (program) => spawnSync(program, ['-v']).error === undefined,
)
if (!hasPoppler) console.warn('There is no poppler here: papers are not drawn.')

const DOTS_PER_INCH = 50
const A4_DOTS = [414, 585]
const MARGIN_MM = 5
const MM_PER_INCH = 25.4
/** Darker is ink. */
const PAPER = 245

const folder = mkdtempSync(join(tmpdir(), 'papers-'))
afterAll(() => rmSync(folder, { recursive: true, force: true }))

const fixtures = fileURLToPath(new URL('../fixtures/papers/', import.meta.url))
const samples = join(process.env['KSEF_CONTRACT_DIR'] ?? '', 'samples')
const filesOf = (directory: string): [string, Uint8Array][] =>
  readdirSync(directory).map((name) => [name, filled(readFileSync(join(directory, name), 'utf8'))])
/** What the templates leave open. */
const FILLED: Record<string, string> = {
  nip: '5265877635',
  nipOdbiorca: '7980332920',
  invoicing_date: '2026-11-22',
}
const filled = (template: string): Buffer =>
  Buffer.from(template.trim().replaceAll(/#(\w+)#/g, (_, name: string) => FILLED[name] ?? '17'))

const LINES = 400
const long = sampleInvoice({
  ...{ form: 'FA (3)', sellerNip: '5265877635', buyerNip: '7980332920', number: 'FV/400' },
  issueDate: '2026-11-28',
  lines: Array.from({ length: LINES }, (_, index) => ({
    name: `Zażółcona gęślą jaźń ${index + 1}, z opisem, który w jednym wierszu tabeli na pewno się nie zmieści`,
    quantity: (index % 9) + 1,
    unitPriceGrosze: 100_000 + index,
  })),
})

const DOCUMENTS: [string, Uint8Array][] = [
  ...filesOf(fixtures),
  ...(process.env['KSEF_CONTRACT_DIR'] !== undefined && existsSync(samples) ? filesOf(samples) : []),
  ['an invoice of 400 lines', long],
]

type Picture = { width: number; height: number; dots: Uint8Array }

/** A binary PGM. */
function pictureOf(file: Buffer): Picture {
  const head = /^P5\s+(\d+)\s+(\d+)\s+255\s/.exec(file.subarray(0, 64).toString('latin1'))
  if (head === null) throw new Error('no picture')
  return { width: Number(head[1]), height: Number(head[2]), dots: file.subarray(head[0].length) }
}

function run(program: string, ...args: string[]): string {
  const { status, stdout, stderr } = spawnSync(program, args, { encoding: 'utf8', maxBuffer: 64_000_000 })
  expect([status, stderr], program).toEqual([0, ''])
  return stdout
}

async function print(name: string, xml: Uint8Array) {
  const path = join(folder, `${name.replaceAll(/\W/g, '-')}.pdf`)
  const codes = [{ link: 'https://qr.example/invoice/1', label: 'OFFLINE' }]
  writeFileSync(path, await renderPdf(makePaper({ xml, language: 'pl', codes })))
  run('pdftoppm', '-gray', '-r', String(DOTS_PER_INCH), path, path)
  const drawn = readdirSync(folder).filter((file) => join(folder, file).startsWith(`${path}-`))
  return {
    text: run('pdftotext', '-layout', path, '-'),
    pages: drawn.sort().map((file) => pictureOf(readFileSync(join(folder, file)))),
  }
}

const isInk = (dot: number | undefined): boolean => dot !== undefined && dot < PAPER

function inkOf({ width, height, dots }: Picture): { share: number; inMargins: number } {
  const margin = Math.round((MARGIN_MM / MM_PER_INCH) * DOTS_PER_INCH)
  let [all, inMargins] = [0, 0]
  for (let at = 0; at < width * height; at += 1) {
    if (!isInk(dots[at])) continue
    const [x, y] = [at % width, Math.floor(at / width)]
    all += 1
    if (Math.min(x, y, width - 1 - x, height - 1 - y) < margin) inMargins += 1
  }
  return { share: all / (width * height), inMargins }
}

/** What a reader looks for first, as Polish papers write it. */
function expectedOf(xml: Uint8Array): string[] {
  const leaves = leavesOf(xml)
  const of = (...names: string[]) =>
    leaves.flatMap(({ name, value }) => (names.includes(name) ? [value] : []))
  const sums = of('P_15', 'P_12_1').map((sum) => sum.replace('.', ','))
  return [...sums, ...of('Nazwa', 'P_2', 'P_4C', 'NumerKSeFDokumentu')].map(squeezed)
}

describe.skipIf(!hasPoppler)('on paper', () => {
  test.each(DOCUMENTS)(
    '%s has ink on every page, none at its edges, and its names and sums',
    async (name, xml) => {
      const { pages, text } = await print(name, xml)
      expect(pages.length).toBeGreaterThan(name.startsWith('an invoice of') ? 10 : 0)
      for (const page of pages) {
        const { share, inMargins } = inkOf(page)
        expect(share).toBeGreaterThan(0.002)
        expect(share).toBeLessThan(0.4)
        expect(inMargins).toBe(0)
        expect([page.width, page.height]).toEqual(A4_DOTS)
      }
      const read = squeezed(text)
      const expected = expectedOf(xml)
      expect(expected.length).toBeGreaterThan(0)
      expect(expected.filter((one) => !read.includes(one))).toEqual([])
    },
  )
})
