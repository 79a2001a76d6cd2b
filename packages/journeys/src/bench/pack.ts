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
import { type MemoryOfWork, memoryOf, peakMemoryOf } from './memory-of-work.ts'
import { cpuMsOf, type Report, rounded } from './report.ts'

const INVOICES = 10_000
const PACKAGES = 10
/** Other work on the machine makes a run dearer and never cheaper: of so many the cheapest counts, for both sides. */
const ROUNDS = 5
/** What is left after collections in the last of them more than in the first was kept of 200,000 invoices. */
const MANY_ROUNDS = 3
const TARGETS = { cpuRatioMax: 1.5, memoryAboveIdleMbMax: 150, memoryGrowthMbMax: 10 }

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
  let packages = 0
  return async (nth: number, compression: CompressionType, count = INVOICES): Promise<Package> => {
    const key = newSessionKey(randomBytes)
    const directory = join(root, String(++packages))
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

async function packagesOf(count: number, pack: (nth: number) => Promise<Package>): Promise<Package[]> {
  const made: Package[] = []
  for (let nth = 0; nth < count; nth++) made.push(await pack(nth))
  return made
}

/** @property memory in each round */
type Measured = { packages: Package[]; cpuMs: number; ms: number; memory: MemoryOfWork[] }

async function measure(rounds: number, pack: () => Promise<Package[]>): Promise<Measured> {
  const measured: Measured = { packages: [], cpuMs: Infinity, ms: Infinity, memory: [] }
  const once = async () => {
    const began = performance.now()
    const cpuMs = await cpuMsOf(async () => {
      measured.packages = await pack()
    })
    measured.cpuMs = Math.min(measured.cpuMs, cpuMs)
    measured.ms = Math.min(measured.ms, performance.now() - began)
  }
  for (let round = 0; round < rounds; round++) measured.memory.push(await memoryOf(once))
  return measured
}

/** Of the bare loop over what was packed last. */
async function floorOf(rounds: number, { packages }: Measured): Promise<number> {
  let least = Infinity
  for (let round = 0; round < rounds; round++) {
    let ms = 0
    for (const made of packages) ms += await floorMs(made)
    least = Math.min(least, ms)
  }
  return least
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
  const single = await measure(ROUNDS, () => packagesOf(1, tarGz))
  const many = await measure(MANY_ROUNDS, () => packagesOf(PACKAGES, tarGz))
  const floors = { single: await floorOf(ROUNDS, single), many: await floorOf(MANY_ROUNDS, many) }
  const zip = await measure(1, () => packagesOf(1, (nth) => pack(nth, 'Zip')))
  return reportOf({ idleMb, single, many, floors, zip })
}

type Figures = {
  idleMb: number
  single: Measured
  many: Measured
  floors: { single: number; many: number }
  zip: Measured
}

const archiveBytes = ({ packages }: Measured): number => packages[0]?.fileSize ?? Number.NaN

function reportOf({ idleMb, single, many, floors, zip }: Figures): Report {
  const aboveIdleMb = ({ memory }: Measured) => Math.max(...memory.map(({ peakMb }) => peakMb)) - idleMb
  const growthMb = (many.memory.at(-1)?.leastMb ?? Number.NaN) - (many.memory[0]?.leastMb ?? Number.NaN)
  const ratios = {
    single: rounded(single.cpuMs / floors.single),
    many: rounded(many.cpuMs / floors.many),
  }
  say(`TarGz of 10,000: ${Math.round(single.cpuMs)} ms of CPU, the bare loop ${Math.round(floors.single)} ms`)
  say(`TarGz of 100,000: ${Math.round(many.cpuMs)} ms of CPU, the bare loop ${Math.round(floors.many)} ms`)
  say(`ZIP of 10,000: ${Math.round(zip.cpuMs)} ms of CPU, ${archiveBytes(zip)} bytes`)
  return {
    bench: 'pack',
    ok:
      Math.max(ratios.single, ratios.many) <= TARGETS.cpuRatioMax &&
      Math.max(aboveIdleMb(single), aboveIdleMb(many)) <= TARGETS.memoryAboveIdleMbMax &&
      growthMb <= TARGETS.memoryGrowthMbMax,
    figures: {
      invoiceBytes: templates[0]?.length ?? Number.NaN,
      tarGz10kMs: Math.round(single.ms),
      tarGz10kCpuMs: Math.round(single.cpuMs),
      tarGz10kCpuRatio: ratios.single,
      tarGz10kMemoryAboveIdleMb: Math.round(aboveIdleMb(single)),
      tarGz10kBytes: archiveBytes(single),
      tarGz100kMs: Math.round(many.ms),
      tarGz100kCpuMs: Math.round(many.cpuMs),
      tarGz100kCpuRatio: ratios.many,
      tarGz100kMemoryAboveIdleMb: Math.round(aboveIdleMb(many)),
      tarGz100kMemoryGrowthMb: Math.round(growthMb),
      zip10kMs: Math.round(zip.ms),
      zip10kCpuMs: Math.round(zip.cpuMs),
      zip10kMemoryAboveIdleMb: Math.round(aboveIdleMb(zip)),
      zip10kBytes: archiveBytes(zip),
      loadAverage: rounded(loadavg()[0] ?? Number.NaN),
    },
    floors: { cpuMs10k: Math.round(floors.single), cpuMs100k: Math.round(floors.many) },
    targets: TARGETS,
  }
}
