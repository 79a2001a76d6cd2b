/**
 * Packing for batch sessions, against a bare loop of the same primitives over the same bytes: SHA-256 of each invoice,
 * gzip, SHA-256 of the archive, AES, SHA-256 of the part. Ours also makes the invoices, the archive around them and the
 * files, which the loop is spared.
 */
import { createCipheriv, createDecipheriv, createHash, randomBytes } from 'node:crypto'
import { mkdtempSync, readFileSync, rmSync } from 'node:fs'
import { loadavg, tmpdir } from 'node:os'
import { join } from 'node:path'
import { gunzipSync, gzipSync } from 'node:zlib'
import {
  type CompressionType,
  newSessionKey,
  type PackedPackage,
  packInvoices,
  type SessionKey,
} from '@ksef-fleet/ksef'
import { sampleInvoice } from '@ksef-fleet/ksef/sample-invoice'
import { peakMemoryOf } from './peak-memory.ts'
import { cpuMsOf, type Report, rounded } from './report.ts'

const INVOICES = 10_000
const PACKAGES = 10
/** Other work on the machine makes a run dearer and never cheaper: of so many the cheapest counts, for both sides. */
const ROUNDS = 5
const TARGETS = { cpuRatioMax: 1.5, memoryAboveIdleMbMax: 150, memoryGrowthMbMax: 30 }

const VARIANTS = 64
const LINES = 10
const NUMBER = 'P/0000000'

const say = (text: string): void => void process.stderr.write(`${text}\n`)

/** Invoices of a package are alike, as a company's are, but no two lie near each other with the same lines. */
const templates = Array.from({ length: VARIANTS }, (_, variant) =>
  sampleInvoice({
    form: 'FA (3)',
    sellerNip: '5265877635',
    buyerNip: '7980332920',
    number: NUMBER,
    issueDate: '2026-11-28',
    lines: Array.from({ length: LINES }, (_line, line) => ({
      name: `Towar ${(variant * 7919 + line * 104_729) % 1000}`,
      quantity: 1 + ((variant * 31 + line) % 17),
      unitPriceGrosze: 1000 + ((variant * 7919 + line * 104_729) % 100_000),
    })),
  }),
)

function invoiceOf(index: number): Buffer {
  const xml = Buffer.from(templates[index % VARIANTS] ?? [])
  xml.write(`P/${String(index).padStart(7, '0')}`, xml.indexOf(NUMBER), 'latin1')
  return xml
}

/** One after another and none ahead: an array of them would be what is measured. */
async function* invoices(nth: number, count = INVOICES) {
  for (let index = nth * count; index < (nth + 1) * count; index++)
    yield { fileName: `${index}.xml`, xml: invoiceOf(index) }
}

/** What the bare loop needs of a package; the list of its documents is let go. */
type Package = { nth: number; key: SessionKey } & Pick<PackedPackage, 'fileSize' | 'parts'>

function packerIn(root: string) {
  return async (nth: number, compression: CompressionType, count = INVOICES): Promise<Package> => {
    const key = newSessionKey(randomBytes)
    const directory = join(root, `${compression}-${nth}`)
    const request = { documents: invoices(nth, count), compression, key, directory }
    const { fileSize, parts } = await packInvoices(request)
    return { nth, key, fileSize, parts }
  }
}

const bytesOf = ({ cipherKey, initializationVector }: SessionKey) =>
  [cipherKey.reveal(), initializationVector.reveal()] as const

/** The bare loop over a package that was packed. What it works on is laid ready before the measuring begins. */
async function floorMs({ nth, key, parts }: Package): Promise<number> {
  const plain = parts.map(({ path }) => {
    const decipher = createDecipheriv('aes-256-cbc', ...bytesOf(key))
    return Buffer.concat([decipher.update(readFileSync(path)), decipher.final()])
  })
  const archive = gunzipSync(Buffer.concat(plain))
  const xmls = Array.from({ length: INVOICES }, (_, index) => invoiceOf(nth * INVOICES + index))
  return cpuMsOf(() => {
    for (const xml of xmls) createHash('sha256').update(xml).digest('base64')
    const compressed = gzipSync(archive, { level: 6 })
    createHash('sha256').update(compressed).digest('base64')
    const cipher = createCipheriv('aes-256-cbc', ...bytesOf(key))
    const encrypted = Buffer.concat([cipher.update(compressed), cipher.final()])
    createHash('sha256').update(encrypted).digest('base64')
  })
}

type Measured = { packages: Package[]; cpuMs: number; ms: number; memoryMb: number }

async function measure(packages: number, pack: (nth: number) => Promise<Package>): Promise<Measured> {
  const made: Package[] = []
  let cpuMs = 0
  const began = performance.now()
  const memoryMb = await peakMemoryOf(async () => {
    cpuMs = await cpuMsOf(async () => {
      for (let nth = 0; nth < packages; nth++) made.push(await pack(nth))
    })
  })
  return { packages: made, cpuMs, ms: performance.now() - began, memoryMb }
}

export async function benchPack(): Promise<Report> {
  const root = mkdtempSync(join(tmpdir(), 'fleet-pack-'))
  try {
    return await packAndReport(packerIn(root))
  } finally {
    rmSync(root, { recursive: true, force: true })
  }
}

/** Memory first, before the bare loop lays its bytes ready in it. */
async function packAndReport(pack: ReturnType<typeof packerIn>): Promise<Report> {
  say(`invoices of ${templates[0]?.length} bytes, packages of ${INVOICES}`)
  const tarGz = (nth: number) => pack(nth, 'TarGz')
  await pack(0, 'TarGz', 1000)
  const idleMb = await peakMemoryOf(async () => {})
  const one = await measure(1, tarGz)
  const many = await measure(PACKAGES, tarGz)
  let manyFloor = 0
  for (const made of many.packages) manyFloor += await floorMs(made)
  const [ours, floors]: [number[], number[]] = [[], []]
  for (let round = 0; round < ROUNDS; round++) {
    const again = await measure(1, tarGz)
    ours.push(again.cpuMs)
    for (const made of again.packages) floors.push(await floorMs(made))
  }
  const zip = await measure(1, (nth) => pack(nth, 'Zip'))
  return reportOf({ idleMb, one, many, zip, cpuMs: Math.min(...ours), floor: Math.min(...floors), manyFloor })
}

type Figures = {
  idleMb: number
  one: Measured
  many: Measured
  zip: Measured
  cpuMs: number
  floor: number
  manyFloor: number
}

const archiveBytes = ({ packages }: Measured): number => packages[0]?.fileSize ?? Number.NaN

function reportOf({ idleMb, one, many, zip, cpuMs, floor, manyFloor }: Figures): Report {
  const [oneMb, manyMb] = [one.memoryMb - idleMb, many.memoryMb - idleMb]
  const ratios = { one: rounded(cpuMs / floor), many: rounded(many.cpuMs / manyFloor) }
  say(`TarGz of 10,000: ${Math.round(cpuMs)} ms of CPU, the bare loop ${Math.round(floor)} ms`)
  say(`TarGz of 100,000: ${Math.round(many.cpuMs)} ms of CPU, the bare loop ${Math.round(manyFloor)} ms`)
  say(`ZIP of 10,000: ${Math.round(zip.cpuMs)} ms of CPU, ${archiveBytes(zip)} bytes`)
  return {
    bench: 'pack',
    ok:
      Math.max(ratios.one, ratios.many) <= TARGETS.cpuRatioMax &&
      Math.max(oneMb, manyMb) <= TARGETS.memoryAboveIdleMbMax &&
      manyMb - oneMb <= TARGETS.memoryGrowthMbMax,
    figures: {
      invoiceBytes: templates[0]?.length ?? Number.NaN,
      tarGz10kMs: Math.round(one.ms),
      tarGz10kCpuMs: Math.round(cpuMs),
      tarGz10kCpuRatio: ratios.one,
      tarGz10kMemoryAboveIdleMb: Math.round(oneMb),
      tarGz10kBytes: archiveBytes(one),
      tarGz100kMs: Math.round(many.ms),
      tarGz100kCpuMs: Math.round(many.cpuMs),
      tarGz100kCpuRatio: ratios.many,
      tarGz100kMemoryAboveIdleMb: Math.round(manyMb),
      zip10kMs: Math.round(zip.ms),
      zip10kCpuMs: Math.round(zip.cpuMs),
      zip10kMemoryAboveIdleMb: Math.round(zip.memoryMb - idleMb),
      zip10kBytes: archiveBytes(zip),
      loadAverage: rounded(loadavg()[0] ?? Number.NaN),
    },
    floors: { cpuMs10k: Math.round(floor), cpuMs100k: Math.round(manyFloor) },
    targets: TARGETS,
  }
}
