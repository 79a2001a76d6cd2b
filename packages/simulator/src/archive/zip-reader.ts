import { createHash } from 'node:crypto'
import { type FileHandle, open } from 'node:fs/promises'
import { crc32, inflateRawSync } from 'node:zlib'
import { type Entry, fromBufferPromise, openPromise, type ZipFile } from 'yauzl'
import {
  type ArchiveBounds,
  type ArchivedFile,
  BrokenArchive,
  CrowdedArchive,
  collect,
} from './archived-file.ts'

/** Archives up to this size are read from memory, which saves several reads from disk for every entry. */
const IN_MEMORY_BYTES = 128_000_000
/** Deflating adds a few bytes to what cannot be compressed; an entry that grew by more is read piece by piece. */
const GROWTH_BYTES = 4096
const STORED = 0
const DEFLATED = 8

/** Where the archive's bytes are: all in memory, or in the file. */
type Source = { handle: FileHandle; whole?: Buffer }

async function bytesAt({ handle, whole }: Source, start: number, length: number): Promise<Buffer> {
  if (whole !== undefined) return whole.subarray(start, start + length)
  const buffer = Buffer.alloc(length)
  const { bytesRead } = await handle.read(buffer, 0, length, start)
  return buffer.subarray(0, bytesRead)
}

function unfold(entry: Entry, stored: Buffer): Buffer {
  if (entry.isEncrypted()) throw new BrokenArchive(`${entry.fileName} jest zaszyfrowany.`)
  if (entry.compressionMethod === STORED) return Buffer.from(stored)
  if (entry.compressionMethod !== DEFLATED)
    throw new BrokenArchive(`${entry.fileName} ma metodę kompresji ${entry.compressionMethod}.`)
  return inflateRawSync(stored, { maxOutputLength: Math.max(1, entry.uncompressedSize) })
}

async function readSmall(zip: ZipFile, source: Source, entry: Entry): Promise<ArchivedFile> {
  const { fileDataStart } = await zip.readLocalFileHeaderPromise(entry, { minimal: true })
  const bytes = unfold(entry, await bytesAt(source, fileDataStart, entry.compressedSize))
  if (bytes.length !== entry.uncompressedSize || crc32(bytes) !== entry.crc32)
    throw new BrokenArchive(`${entry.fileName} nie zgadza się ze swoim opisem.`)
  const hash = createHash('sha256').update(bytes).digest('base64')
  return { name: entry.fileName, size: bytes.length, hash, bytes }
}

async function* entriesOf(zip: ZipFile, source: Source, bounds: ArchiveBounds): AsyncGenerator<ArchivedFile> {
  let files = 0
  let totalBytes = 0
  for await (const entry of zip.eachEntry()) {
    const { fileName, compressedSize, uncompressedSize } = entry
    if (fileName.endsWith('/')) continue
    files += 1
    if (files > bounds.files) throw new CrowdedArchive(bounds.files)
    totalBytes += uncompressedSize
    if (totalBytes > bounds.totalBytes) throw new BrokenArchive('Paczka po rozpakowaniu jest zbyt duża.')
    const isSmall = uncompressedSize <= bounds.fileBytes && compressedSize <= uncompressedSize + GROWTH_BYTES
    yield isSmall
      ? await readSmall(zip, source, entry)
      : await collect(fileName, await zip.openReadStreamPromise(entry), bounds.fileBytes)
  }
}

/**
 * The files of a Zip archive, in the order of its directory. Names that leave the archive are refused, and so are
 * entries that unfold into anything but what they declare.
 *
 * @throws BrokenArchive, CrowdedArchive
 */
export async function* readZip(path: string, bounds: ArchiveBounds): AsyncGenerator<ArchivedFile> {
  const handle = await open(path)
  let zip: ZipFile | undefined
  try {
    const { size } = await handle.stat()
    const whole = size <= IN_MEMORY_BYTES ? await handle.readFile() : undefined
    const options = { lazyEntries: true, autoClose: false }
    zip = await (whole === undefined ? openPromise(path, options) : fromBufferPromise(whole, options))
    yield* entriesOf(zip, { handle, ...(whole === undefined ? {} : { whole }) }, bounds)
  } catch (error) {
    if (error instanceof CrowdedArchive || error instanceof BrokenArchive) throw error
    throw new BrokenArchive(error instanceof Error ? error.message : String(error))
  } finally {
    zip?.close()
    await handle.close()
  }
}
