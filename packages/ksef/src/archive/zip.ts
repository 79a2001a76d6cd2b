import type { FileHandle } from 'node:fs/promises'
import { promisify } from 'node:util'
import { crc32, inflateRaw } from 'node:zlib'
import { type Entry, fromFdPromise, getFileNameLowLevel, type ZipFile } from 'yauzl'
import { type ArchiveBounds, type ArchivedFile, ArchiveError } from './archived-file.ts'
import { countFiles } from './file-counts.ts'
import { asArchiveError } from './foreign-error.ts'

const inflate = promisify(inflateRaw)

const STORED = 0
const DEFLATED = 8
/** What cannot be compressed grows by a few bytes for every 16 kB. */
const GROWTH_BYTES_MAX = 65_536
/** The upper half of the external attributes, where the archive was made on a Unix. */
const UNIX_KIND_MASK = 0o170000
const UNIX_FILE = 0o100000

/**
 * The files of a Zip archive, in the order of its directory, one in memory at a time.
 *
 * @param file stays open
 * @throws ArchiveError
 */
export async function* readZip(file: FileHandle, bounds: ArchiveBounds): AsyncGenerator<ArchivedFile> {
  const counts = countFiles(bounds)
  try {
    // Names and sizes are looked at below: the library's own refusals do not say whose they are.
    const options = { autoClose: false, decodeStrings: false, validateEntrySizes: false }
    const zip = await fromFdPromise(file.fd, { ...options, lazyEntries: true })
    for await (const entry of zip.eachEntry()) {
      const name = getFileNameLowLevel(
        entry.generalPurposeBitFlag,
        entry.fileNameRaw,
        entry.extraFields,
        false,
      )
      if (name.endsWith('/') && entry.uncompressedSize === 0) {
        counts.addOther()
        continue
      }
      counts.addFile(name, entry.uncompressedSize)
      refuseOddEntry(entry, name)
      const content =
        entry.uncompressedSize > bounds.fileBytesMax ? null : await unpack({ zip, file }, entry, name)
      yield { name, size: entry.uncompressedSize, content }
    }
  } catch (error) {
    throw asArchiveError(error)
  }
}

function refuseOddEntry(entry: Entry, name: string): void {
  const kind = (entry.externalFileAttributes >>> 16) & UNIX_KIND_MASK
  if (kind !== 0 && kind !== UNIX_FILE) throw new ArchiveError('ARCHIVE_LINK', name)
  if (entry.isEncrypted()) throw new ArchiveError('ARCHIVE_ENCRYPTED', name)
  if (entry.compressionMethod !== STORED && entry.compressionMethod !== DEFLATED) {
    throw new ArchiveError('ARCHIVE_COMPRESSION_UNKNOWN', name)
  }
}

async function unpack(
  { zip, file }: { zip: ZipFile; file: FileHandle },
  entry: Entry,
  name: string,
): Promise<Uint8Array> {
  const { compressedSize, uncompressedSize } = entry
  if (compressedSize > uncompressedSize + GROWTH_BYTES_MAX)
    throw new ArchiveError('ARCHIVE_FILE_DAMAGED', name)
  const { fileDataStart } = await zip.readLocalFileHeaderPromise(entry, { minimal: true })
  const stored = new Uint8Array(compressedSize)
  const { bytesRead } = await file.read(stored, 0, compressedSize, fileDataStart)
  const content = entry.compressionMethod === STORED ? stored : await inflated(stored, uncompressedSize)
  const isWhole =
    bytesRead === compressedSize && content?.byteLength === uncompressedSize && crc32(content) === entry.crc32
  if (!isWhole) throw new ArchiveError('ARCHIVE_FILE_DAMAGED', name)
  return content
}

/** null: it is not what Deflate makes, or unpacks to more than it declares. */
async function inflated(stored: Uint8Array, size: number): Promise<Uint8Array | null> {
  try {
    return await inflate(stored, { maxOutputLength: Math.max(1, size) })
  } catch {
    return null
  }
}
