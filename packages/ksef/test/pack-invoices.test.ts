import { createDecipheriv, createHash, randomBytes } from 'node:crypto'
import { mkdtemp, readdir, readFile, rm, stat, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { gunzipSync } from 'node:zlib'
import fc from 'fast-check'
import JSZip from 'jszip'
import { list as listTar, type ReadEntry } from 'tar'
import { afterEach, beforeEach, describe, expect, test } from 'vitest'
import { plainBytesOf } from '../src/batch/encrypted-part.ts'
import {
  BATCH_BYTES_MAX,
  BATCH_PART_BYTES_MAX,
  BATCH_PARTS_MAX,
  type DocumentToPack,
  newSessionKey,
  type PackedDocument,
  type PackedPackage,
  packInvoices,
  removePackage,
  type SessionKey,
  sessionKeyOf,
  sha256Base64,
} from '../src/index.ts'

const key = sessionKeyOf(new Uint8Array(32).fill(7), new Uint8Array(16).fill(9))

let root: string
let made = 0
beforeEach(async () => {
  root = await mkdtemp(join(tmpdir(), 'pack-invoices-'))
})
afterEach(() => rm(root, { recursive: true }))

async function* each(documents: readonly DocumentToPack[]) {
  for (const document of documents) yield document
}
const document = (index: number, bytes: number): DocumentToPack => ({
  fileName: `${index}.xml`,
  xml: createHash('shake256', { outputLength: Math.max(1, bytes) })
    .update(String(index))
    .digest(),
})
const some = Array.from({ length: 40 }, (_, index) => document(index, 1 + index * 331))

type Options = Partial<Omit<Parameters<typeof packInvoices>[0], 'documents'>>
const pack = (documents: readonly DocumentToPack[], options: Options = {}) =>
  packInvoices({
    documents: each(documents),
    compression: 'TarGz',
    key,
    directory: join(root, String(made++)),
    ...options,
  })

/** Decrypts each part on its own and puts the archive together, as KSeF does. */
async function archiveOf({ parts }: PackedPackage, by: SessionKey = key): Promise<Buffer> {
  const plain = await Promise.all(
    parts.map(async ({ path }) => {
      const decipher = createDecipheriv(
        'aes-256-cbc',
        by.cipherKey.reveal(),
        by.initializationVector.reveal(),
      )
      return Buffer.concat([decipher.update(await readFile(path)), decipher.final()])
    }),
  )
  return Buffer.concat(plain)
}

async function unpackTarGz(archive: Buffer): Promise<DocumentToPack[]> {
  const found: DocumentToPack[] = []
  const entries: Promise<void>[] = []
  const parser = listTar({
    strict: true,
    onReadEntry: (entry: ReadEntry) => {
      expect([entry.type, entry.mode, entry.uid, entry.gid, entry.mtime?.getTime()]).toEqual([
        'File',
        0o644,
        0,
        0,
        0,
      ])
      entries.push(
        entry.concat().then((xml) => void found.push({ fileName: entry.path, xml: Buffer.from(xml) })),
      )
    },
  })
  const ended = new Promise((resolve, reject) => parser.on('end', resolve).on('error', reject))
  parser.end(gunzipSync(archive))
  await ended
  await Promise.all(entries)
  return found
}

async function unpackZip(archive: Buffer): Promise<DocumentToPack[]> {
  const zip = await JSZip.loadAsync(archive, { checkCRC32: true })
  const names = Object.keys(zip.files)
  return Promise.all(
    names.map(async (fileName) => ({ fileName, xml: await zip.files[fileName]!.async('nodebuffer') })),
  )
}
const UNPACK = { TarGz: unpackTarGz, Zip: unpackZip } as const
const FORMATS = ['TarGz', 'Zip'] as const

describe.each(FORMATS)('a package as %s', (compression) => {
  test('holds every document in its order, and tells what it holds', async () => {
    const told: PackedDocument[] = []
    const packed = await pack(some, { compression, onDocument: (one) => told.push(one) })
    const archive = await archiveOf(packed)
    expect(await UNPACK[compression](archive)).toEqual(some)
    expect(packed).toMatchObject({
      compressionType: compression,
      fileSize: archive.length,
      documentCount: 40,
    })
    expect(packed.fileHash).toBe(sha256Base64(archive))
    expect(told).toEqual(
      some.map(({ fileName, xml }) => ({
        fileName,
        invoiceSize: xml.length,
        invoiceHash: sha256Base64(xml),
      })),
    )
  })

  test('is cut before it is encrypted, and its parts are what lies in the files', async () => {
    const packed = await pack(some, { compression, partBytesMax: 50_000 })
    expect(packed.parts.length).toBeGreaterThan(2)
    for (const [index, part] of packed.parts.entries()) {
      const bytes = await readFile(part.path)
      expect([part.ordinalNumber, part.fileSize, part.fileHash]).toEqual([
        index + 1,
        bytes.length,
        sha256Base64(bytes),
      ])
      expect(bytes.length).toBeLessThanOrEqual(50_000)
    }
    const whole = await pack(some, { compression })
    expect(await archiveOf(packed)).toEqual(await archiveOf(whole))
  })

  test('made again is the same to the byte', async () => {
    const options = { compression, partBytesMax: 60_000 } as const
    const [first, again] = [await pack(some, options), await pack(some, options)]
    const bytes = (packed: PackedPackage) => Promise.all(packed.parts.map(({ path }) => readFile(path)))
    expect(await bytes(again)).toEqual(await bytes(first))
    const facts = ({ parts, ...rest }: PackedPackage) => ({
      ...rest,
      parts: parts.map(({ path, ...part }) => part),
    })
    expect(facts(again)).toEqual(facts(first))
  })

  test('lies in files that nobody else can read, also where others left some', async () => {
    const directory = join(root, 'spool')
    await pack(some, { compression, directory })
    await writeFile(join(directory, 'part-1.aes'), 'left behind', { mode: 0o644 })
    const packed = await pack(some, { compression, directory })
    expect((await stat(packed.parts[0]!.path)).mode & 0o777).toBe(0o600)
    expect(await UNPACK[compression](await archiveOf(packed))).toEqual(some)
  })

  test.each([
    ['PACKAGE_EMPTY', []],
    ['PACKAGE_FILE_NAME_TWICE', [some[0]!, some[0]!]],
    ['PACKAGE_FILE_NAME_INVALID', [{ fileName: '../1.xml', xml: Buffer.from('x') }]],
    ['PACKAGE_FILE_NAME_INVALID', [{ fileName: 'ż.xml', xml: Buffer.from('x') }]],
    ['PACKAGE_FILE_NAME_INVALID', [{ fileName: '', xml: Buffer.from('x') }]],
  ])('%s leaves nothing behind', async (code, documents) => {
    const directory = join(root, 'none')
    await expect(pack(documents, { compression, directory })).rejects.toMatchObject({
      name: 'PackageError',
      code,
    })
    expect(await readdir(root)).toEqual([])
  })

  test('more parts than KSeF takes are no package', async () => {
    const directory = join(root, 'none')
    const documents = [document(1, 60 * 160)]
    await expect(pack(documents, { compression, directory, partBytesMax: 160 })).rejects.toMatchObject({
      code: 'PACKAGE_TOO_LARGE',
    })
    expect(await readdir(root)).toEqual([])
  })

  test('a document that is not the one on record ends it', async () => {
    const failure = new Error('another hash')
    const onDocument = () => {
      throw failure
    }
    const directory = join(root, 'none')
    await expect(pack(some, { compression, directory, onDocument })).rejects.toBe(failure)
    expect(await readdir(root)).toEqual([])
  })

  test('a source that fails ends it with its own error', async () => {
    const failure = new Error('the database is gone')
    const documents = (async function* () {
      yield* some
      throw failure
    })()
    await expect(packInvoices({ documents, compression, key, directory: join(root, 'none') })).rejects.toBe(
      failure,
    )
    expect(await readdir(root)).toEqual([])
  })
})

test('documents of any size come out as they went in', async () => {
  const sizes = fc.array(
    fc.oneof(
      fc.integer({ min: 1, max: 5_000 }),
      fc.constantFrom(511, 512, 513, 261_119, 261_120, 262_144, 700_000),
    ),
    { minLength: 1, maxLength: 30 },
  )
  await fc.assert(
    fc.asyncProperty(sizes, fc.integer({ min: 100_000, max: 3_000_000 }), async (bytes, partBytesMax) => {
      const documents = bytes.map((size, index) => document(index, size))
      const packed = await pack(documents, { key: newSessionKey(randomBytes), partBytesMax: 90_000_000 })
      const other = await pack(documents, { partBytesMax })
      expect(await unpackTarGz(await archiveOf(other))).toEqual(documents)
      expect(packed.fileHash).toBe(other.fileHash)
      await removePackage(join(packed.parts[0]!.path, '..'))
    }),
    { numRuns: 15 },
  )
})

test('documents are asked for as they are written, not ahead', async () => {
  let asked = 0
  const documents = (async function* () {
    for (let index = 0; index < 400; index++) {
      asked++
      yield document(index, 100_000)
    }
  })()
  const directory = join(root, 'flat')
  // 400 times 100 kB that do not compress are more than 50 parts of 160,000 bytes: it must end long before the source.
  await expect(
    packInvoices({ documents, compression: 'TarGz', key, directory, partBytesMax: 160_000 }),
  ).rejects.toMatchObject({ code: 'PACKAGE_TOO_LARGE' })
  expect(asked).toBeLessThan(100)
})

test('parts that are full stay below what KSeF takes as a whole', () => {
  expect(BATCH_PARTS_MAX * plainBytesOf(BATCH_PART_BYTES_MAX)).toBeLessThanOrEqual(BATCH_BYTES_MAX)
})

test.each([
  [100_000_000, 99_999_984],
  [160, 144],
  [159, 128],
  [32, 16],
])('a part of %i encrypted bytes holds %i of the archive', (encrypted, plain) => {
  expect(plainBytesOf(encrypted)).toBe(plain)
})

test('a part that holds nothing, or more than KSeF takes, is a mistake of the caller', async () => {
  expect(() => plainBytesOf(31)).toThrow(RangeError)
  await expect(pack(some, { partBytesMax: 100_000_001 })).rejects.toThrow(RangeError)
})

describe('removing a package', () => {
  test('takes its parts and its directory, also twice', async () => {
    const directory = join(root, 'spool')
    await pack(some, { directory, partBytesMax: 50_000 })
    await removePackage(directory)
    await removePackage(directory)
    expect(await readdir(root)).toEqual([])
  })

  test('leaves what is not a part', async () => {
    const directory = join(root, 'spool')
    await pack(some, { directory })
    await writeFile(join(directory, 'notes.txt'), 'mine')
    await removePackage(directory)
    expect(await readdir(directory)).toEqual(['notes.txt'])
  })
})
