/**
 * One invoice as PDF: how long it takes a process that printed before, and how much more memory than it had idle. Beside it
 * the first of a process, which opens the fonts, one of 400 lines, and the floor: the same library drawing one line of text
 * in the same font.
 */
import { randomUUID } from 'node:crypto'
import { loadavg } from 'node:os'
import { makePaper, renderPdf } from '@ksef-fleet/ksef/paper'
import { sampleInvoice } from '@ksef-fleet/ksef/sample-invoice'
import { peakMemoryOf } from './memory-of-work.ts'
import { type Report, rounded } from './report.ts'

const ROUNDS = 30
const LINES = 10
const LINES_OF_LONG = 400
const TARGETS = { oneMs: 150, memoryAboveIdleMbMax: 40 }

const say = (text: string): void => void process.stderr.write(`${text}\n`)

const invoiceOf = (lines: number): Uint8Array =>
  sampleInvoice({
    form: 'FA (3)',
    sellerNip: '5265877635',
    buyerNip: '7980332920',
    number: `P/${randomUUID()}`,
    issueDate: '2026-11-28',
    lines: Array.from({ length: lines }, (_, line) => ({
      name: `Usługa żółć gęślą jaźń ${(line * 7919) % 1000}, z opisem, jaki mają prawdziwe pozycje faktur`,
      quantity: 1 + (line % 17),
      unitPriceGrosze: 1000 + ((line * 7919) % 100_000),
    })),
  })

const code = {
  link: `https://qr-test.ksef.mf.gov.pl/invoice/5265877635/28-11-2026/${'x'.repeat(43)}`,
  label: '5265877635-20261128-0100A0D6723E-C2',
}

async function print(xml: Uint8Array): Promise<{ ms: number; bytes: number }> {
  const began = performance.now()
  const pdf = await renderPdf(makePaper({ xml, language: 'pl', ksefNumber: code.label, codes: [code] }))
  return { ms: performance.now() - began, bytes: pdf.length }
}

/** No page of an invoice can be had for less: the fonts embedded, one line on it. */
async function floor(): Promise<number> {
  const began = performance.now()
  await renderPdf({
    language: 'pl',
    overline: 'x',
    title: 'x',
    subtitle: 'x',
    identity: null,
    notice: null,
    blocks: [],
    foot: 'x',
    madeAt: '',
  })
  return performance.now() - began
}

const median = (values: readonly number[]): number =>
  values.toSorted((a, b) => a - b)[Math.floor(values.length / 2)] ?? Number.NaN

async function series(lines: number, rounds: number): Promise<number[]> {
  const all: number[] = []
  for (let round = 0; round < rounds; round++) all.push((await print(invoiceOf(lines))).ms)
  return all
}

export async function benchPdf(): Promise<Report> {
  const idleMb = await peakMemoryOf(async () => {})
  let first = { ms: Number.NaN, bytes: 0 }
  const oneMb = await peakMemoryOf(async () => {
    first = await print(invoiceOf(LINES))
  })
  const ones = await series(LINES, ROUNDS)
  const floors: number[] = []
  for (let round = 0; round < ROUNDS; round++) floors.push(await floor())
  const longMb = await peakMemoryOf(async () => {
    await print(invoiceOf(LINES_OF_LONG))
  })
  const longs = await series(LINES_OF_LONG, ROUNDS / 3)
  const figures = {
    firstMs: rounded(first.ms),
    oneMs: rounded(median(ones)),
    oneWorstMs: rounded(Math.max(...ones)),
    oneBytes: first.bytes,
    oneMemoryAboveIdleMb: Math.round(oneMb - idleMb),
    longLines: LINES_OF_LONG,
    longMs: rounded(median(longs)),
    longMemoryAboveIdleMb: Math.round(longMb - idleMb),
    loadAverage: rounded(loadavg()[0] ?? Number.NaN),
  }
  say(`one invoice of ${LINES} lines: ${figures.oneMs} ms, the first of a process ${figures.firstMs} ms`)
  say(`one of ${LINES_OF_LONG} lines: ${figures.longMs} ms`)
  return {
    bench: 'pdf',
    ok: figures.oneMs <= TARGETS.oneMs && figures.oneMemoryAboveIdleMb <= TARGETS.memoryAboveIdleMbMax,
    figures,
    floors: { emptyPageMs: rounded(median(floors)) },
    targets: TARGETS,
  }
}
