// Packages as the simulator makes them, taken apart by this client: honest ones, and those nobody should believe.
import { randomBytes } from 'node:crypto'
import { mkdtempSync, readdirSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { setTimeout as sleep } from 'node:timers/promises'
import { afterAll, beforeAll, expect, test } from 'vitest'
import {
  type CompressionType,
  type ExportedFile,
  ExportPackageError,
  type ExportStatus,
  type KsefClient,
  newSessionKey,
  readExportPackage,
  type Sealed,
  type SessionKey,
  sha256Base64,
} from '../src/index.ts'
import { clientOf, type RunningSimulator, signInWithSeal, startSimulatorProcess, taken } from './simulator.ts'

const BUYER = '5265877635'
const COUNT = 40

let simulator: RunningSimulator
let client: KsefClient
let access: Sealed<string>
let issued: { ksefNumber: string; invoiceHash: string }[]
const directory = mkdtempSync(join(tmpdir(), 'exports-'))

async function control<T>(path: string, body: object): Promise<T> {
  const answer = await fetch(`${new URL(simulator.url).origin}/_simulator${path}`, {
    method: 'POST',
    headers: { 'content-type': 'application/json' },
    body: JSON.stringify(body),
  })
  if (!answer.ok) throw new Error(await answer.text())
  return (await answer.json()) as T
}

beforeAll(async () => {
  simulator = await startSimulatorProcess()
  client = clientOf(simulator)
  access = (await signInWithSeal(client, BUYER)).accessToken.token
  const storedFrom = new Date(Date.now() - 60_000).toISOString()
  const document = `<?xml version="1.0" encoding="UTF-8"?><Faktura>#number# ${'ż'.repeat(500)}</Faktura>`
  const issue = { document, series: 'E/', count: COUNT, seller: '1111111111', buyer: BUYER, storedFrom }
  issued = (await control<{ issued: typeof issued }>('/invoices', issue)).issued
})
afterAll(async () => {
  await client.close()
  await simulator[Symbol.asyncDispose]()
  rmSync(directory, { recursive: true, force: true })
})

type Ordered = { status: ExportStatus; key: SessionKey; compressionType: CompressionType }

async function ordered(
  wanted: { compressionType?: CompressionType; onlyMetadata?: boolean } = {},
): Promise<Ordered> {
  const key = newSessionKey(randomBytes)
  const from = new Date(Date.now() - 3_600_000)
  const dateRange = { dateType: 'PermanentStorage', from, restrictToPermanentStorageHwmDate: true } as const
  const { compressionType = 'TarGz' } = wanted
  const filters = { subjectType: 'Subject2', dateRange } as const
  const { referenceNumber } = taken(
    await client.invoiceExports.start(access, { ...wanted, filters, key, compressionType }),
  )
  for (;;) {
    const status = taken(await client.invoiceExports.status(access, referenceNumber))
    if (status.status.code !== 100) return { status, key, compressionType }
    await sleep(10)
  }
}

const packageOf = ({ status }: Ordered) => {
  if (status.package === undefined) throw new Error(`no package: ${status.status.code}`)
  return status.package
}

/** @throws Error where a part cannot be had */
async function fetched(order: Ordered): Promise<ExportedFile[]> {
  const { key, compressionType } = order
  const { parts, invoiceCount } = packageOf(order)
  const downloaded = []
  for (const part of parts) {
    const path = join(directory, `part-${part.ordinalNumber}.aes`)
    taken(await client.invoiceExports.downloadPart(part, path))
    downloaded.push({ ...part, path })
  }
  const files: ExportedFile[] = []
  for await (const file of readExportPackage({ parts: downloaded, key, compressionType, invoiceCount }))
    files.push(file)
  return files
}

const problemOf = async (work: Promise<unknown>): Promise<string> => {
  try {
    await work
    return 'none'
  } catch (error) {
    if (error instanceof ExportPackageError) return error.code
    throw error
  }
}

test.each(['TarGz', 'Zip'] as const)(
  'a package in %s gives every invoice as it was issued, and its metadata',
  async (compressionType) => {
    const order = await ordered({ compressionType })
    expect(packageOf(order)).toMatchObject({ invoiceCount: COUNT, isTruncated: false })
    expect(packageOf(order).permanentStorageHwmDate).toBeInstanceOf(Date)
    expect(order.status.compressionType).toBe(compressionType)
    const files = await fetched(order)
    const invoices = files.flatMap((file) => (file.kind === 'invoice' ? [file] : []))
    const hashes = invoices.map(({ ksefNumber, content }) => ({
      ksefNumber,
      invoiceHash: sha256Base64(content),
    }))
    expect(hashes).toEqual(issued)
    const [metadata] = files.flatMap((file) => (file.kind === 'metadata' ? [file.invoices] : []))
    expect(metadata?.map(({ ksefNumber, invoiceHash }) => ({ ksefNumber, invoiceHash }))).toEqual(issued)
    expect(readdirSync(directory).filter((name) => !name.startsWith('part-'))).toEqual([])
  },
)

test('metadata alone come in a package of metadata alone', async () => {
  const files = await fetched(await ordered({ onlyMetadata: true }))
  expect(files.map(({ kind }) => kind)).toEqual(['metadata'])
})

test.each([
  ['name-parent', 'TarGz', 'ARCHIVE_NAME_UNSAFE'],
  ['name-absolute', 'TarGz', 'ARCHIVE_NAME_UNSAFE'],
  ['name-twice', 'TarGz', 'ARCHIVE_NAME_TWICE'],
  ['number-twice', 'TarGz', 'ARCHIVE_NAME_TWICE'],
  ['bomb', 'TarGz', 'ARCHIVE_FILE_TOO_LARGE'],
  ['no-metadata', 'TarGz', 'EXPORT_METADATA_MISSING'],
  ['name-twice', 'Zip', 'ARCHIVE_NAME_TWICE'],
] as const)(
  'a package with %s in %s is refused as %s',
  async (fault, compressionType, code) => {
    await control('/misbehaviours', { kind: 'export-package', fault })
    const order = await ordered({ compressionType })
    const before = process.memoryUsage().rss
    expect(await problemOf(fetched(order))).toBe(code)
    expect(process.memoryUsage().rss - before).toBeLessThan(256_000_000)
  },
  30_000,
)

test.each(['TarGz', 'Zip'] as const)(
  'a wrong key is told as such and not as a damaged %s',
  async (compressionType) => {
    await control('/misbehaviours', { kind: 'export-package', fault: 'wrong-key' })
    const problem = await problemOf(fetched(await ordered({ compressionType })))
    // One wrong padding in 256 decrypts all the same, and then the hash tells.
    expect(['EXPORT_UNDECRYPTABLE', 'EXPORT_PART_CORRUPT']).toContain(problem)
  },
)

test('a part with one bit flipped is not kept', async () => {
  await control('/misbehaviours', { kind: 'export-package', fault: 'corrupt-part' })
  const order = await ordered()
  const [part] = packageOf(order).parts
  if (part === undefined) throw new Error('a package without parts')
  const path = join(directory, 'corrupt.aes')
  const answer = await client.invoiceExports.downloadPart(part, path)
  expect(answer).toMatchObject({ ok: false, failure: { code: 'EXPORT_PART_DIFFERS', effect: 'none' } })
  const smaller = { ...part, encryptedPartSize: 16 }
  expect(await client.invoiceExports.downloadPart(smaller, path)).toMatchObject({
    failure: { code: 'EXPORT_PART_DIFFERS' },
  })
  expect(readdirSync(directory)).not.toContain('corrupt.aes')
})

test('a part of another host, or by another method, is not asked for', async () => {
  const [part] = packageOf(await ordered()).parts
  if (part === undefined) throw new Error('a package without parts')
  const path = join(directory, 'foreign.aes')
  for (const foreign of [{ url: 'http://127.0.0.1:1/x' }, { url: 'file:///etc/passwd' }, { method: 'POST' }])
    expect(await client.invoiceExports.downloadPart({ ...part, ...foreign }, path)).toMatchObject({
      failure: { code: 'EXPORT_ADDRESS_REFUSED' },
    })
})

test('dates that are null where none may be do not make the metadata unreadable', async () => {
  await control('/misbehaviours', { kind: 'export-package', fault: 'null-dates' })
  const files = await fetched(await ordered())
  const [metadata] = files.flatMap((file) => (file.kind === 'metadata' ? [file.invoices] : []))
  expect(metadata?.length).toBe(COUNT)
  expect(metadata?.some(({ permanentStorageDate }) => permanentStorageDate !== undefined)).toBe(false)
})
