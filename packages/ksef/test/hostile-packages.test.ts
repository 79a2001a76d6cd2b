// Packages that the simulator never makes: names, parts and sizes that only a damaged or a hostile storage has.
import { createCipheriv, createHash, randomBytes } from 'node:crypto'
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { buffer } from 'node:stream/consumers'
import { gzipSync } from 'node:zlib'
import { pack } from 'tar-stream'
import { afterAll, describe, expect, test } from 'vitest'
import {
  type DownloadedPackage,
  type DownloadedPart,
  ExportPackageError,
  newSessionKey,
  readExportPackage,
  sessionKeyOf,
} from '../src/index.ts'
import { overlappingZip } from './overlapping-zip.ts'

const directory = mkdtempSync(join(tmpdir(), 'hostile-'))
afterAll(() => rmSync(directory, { recursive: true, force: true }))

const KEY = newSessionKey(randomBytes)
const NUMBER = '5265877635-20261128-0123456789AB-CD'
const METADATA = { '_metadata.json': '{"invoices":[]}' }

async function tarGzOf(files: Record<string, string>): Promise<Buffer> {
  const tar = pack()
  for (const [name, content] of Object.entries(files)) tar.entry({ name }, content)
  tar.finalize()
  return gzipSync(await buffer(tar))
}

/** As KSeF lays it down: each part encrypted by itself, under the key of the export. */
function laidDown(bytes: Buffer, ordinalNumber: number): DownloadedPart {
  const path = join(directory, `part-${ordinalNumber}.aes`)
  const cipher = createCipheriv('aes-256-cbc', KEY.cipherKey.reveal(), KEY.initializationVector.reveal())
  writeFileSync(path, Buffer.concat([cipher.update(bytes), cipher.final()]))
  const partHash = createHash('sha256').update(bytes).digest('base64')
  return { ordinalNumber, path, partSize: bytes.length, partHash }
}

/** A package in so many parts of about the same size. */
function packageOf(
  bytes: Buffer,
  more: Partial<DownloadedPackage> & { count?: number } = {},
): DownloadedPackage {
  const { count = 1, ...rest } = more
  const size = Math.ceil(bytes.length / count)
  const parts = Array.from({ length: count }, (_, at) =>
    laidDown(bytes.subarray(at * size, (at + 1) * size), at + 1),
  )
  return { parts, key: KEY, compressionType: 'TarGz', invoiceCount: 10, ...rest }
}

async function problemOf(of: DownloadedPackage): Promise<string> {
  try {
    for await (const _ of readExportPackage(of));
    return 'none'
  } catch (error) {
    if (error instanceof ExportPackageError) return error.code
    throw error
  }
}

test('an honest package made here is read, so that the refusals below mean something', async () => {
  const bytes = await tarGzOf({ [`${NUMBER}.xml`]: '<A/>', ...METADATA })
  for (const count of [1, 3]) expect(await problemOf(packageOf(bytes, { count }))).toBe('none')
})

test.each([
  'faktura.xml',
  NUMBER,
  `${NUMBER}.xml.`,
  `${NUMBER}.xml `,
  `${NUMBER}.xml.exe`,
  `${NUMBER}.zip`,
  `folder/${NUMBER}.xml`,
  `x${NUMBER}.xml`,
  'folder/_metadata.json',
  '_METADATA.json',
  'CON',
])('a file with the name %j makes a package unusable', async (name) => {
  const bytes = await tarGzOf({ [name]: '<A/>', ...METADATA })
  expect(await problemOf(packageOf(bytes))).toBe('EXPORT_NAME_UNEXPECTED')
})

test.each(['', '[]', '{"invoices":{}}', '{"invoices":[{"ksefNumber":1}]}', '\uFFFD{"invoices":[]}'])(
  'metadata that are %j make a package unusable',
  async (metadata) => {
    const bytes = await tarGzOf({ '_metadata.json': metadata })
    expect(await problemOf(packageOf(bytes))).toBe('EXPORT_METADATA_UNREADABLE')
  },
)

test('what unpacks to far more than its bytes can honestly hold is refused before it is unpacked to its end', async () => {
  const CONTENT = Buffer.alloc(4_000_000)
  const names = Array.from({ length: 40 }, (_, at) => NUMBER.replace('0123', String(at).padStart(4, '0')))
  const zip = (count: number) =>
    packageOf(
      overlappingZip(
        names.slice(0, count).map((name) => `${name}.xml`),
        CONTENT,
      ),
      { compressionType: 'Zip', invoiceCount: 10_000 },
    )
  expect(await problemOf(zip(30))).toBe('EXPORT_METADATA_MISSING')
  expect(await problemOf(zip(40))).toBe('ARCHIVE_TOO_LARGE')
})

test('more files than its export says are refused', async () => {
  const files = { [`${NUMBER}.xml`]: '<A/>', [`${NUMBER.replace('AB', 'AC')}.xml`]: '<A/>', ...METADATA }
  expect(await problemOf(packageOf(await tarGzOf(files), { invoiceCount: 1 }))).toBe('ARCHIVE_TOO_MANY_FILES')
})

describe.each(['TarGz', 'Zip'] as const)('a %s', (compressionType) => {
  const inParts = async () => {
    const bytes =
      compressionType === 'TarGz'
        ? await tarGzOf({ [`${NUMBER}.xml`]: randomBytes(3_000).toString('hex'), ...METADATA })
        : overlappingZip([`${NUMBER}.xml`], randomBytes(3_000))
    return packageOf(bytes, { count: 3, compressionType })
  }

  test('whose parts stand in another order is refused', async () => {
    const { parts, ...rest } = await inParts()
    expect(await problemOf({ ...rest, parts: parts.toReversed() })).toBe('ARCHIVE_UNREADABLE')
  })

  test('whose last part is missing is refused', async () => {
    const { parts, ...rest } = await inParts()
    expect(await problemOf({ ...rest, parts: parts.slice(0, -1) })).toBe('ARCHIVE_UNREADABLE')
    expect(await problemOf({ ...rest, parts: [] })).not.toBe('none')
  })

  test('under another initialization vector is a corrupt part, and not a damaged archive', async () => {
    const key = sessionKeyOf(KEY.cipherKey.reveal(), randomBytes(16))
    expect(await problemOf({ ...(await inParts()), key })).toBe('EXPORT_PART_CORRUPT')
  })

  test('whose part has another size or hash than its export says is refused', async () => {
    const { parts, ...rest } = await inParts()
    for (const lie of [{ partSize: 1 }, { partHash: 'other' }]) {
      const lying = parts.map((part, at) => (at === 2 ? { ...part, ...lie } : part))
      expect(await problemOf({ ...rest, parts: lying })).toBe('EXPORT_PART_CORRUPT')
    }
  })

  test('whose part ends amid a block does not decrypt', async () => {
    const { parts, ...rest } = await inParts()
    const [first] = parts
    if (first === undefined) throw new Error('a package without parts')
    writeFileSync(first.path, randomBytes(first.partSize - (first.partSize % 16) + 7))
    expect(await problemOf({ ...rest, parts })).toBe('EXPORT_UNDECRYPTABLE')
  })
})
