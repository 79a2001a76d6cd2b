import { createHash } from 'node:crypto'

/** One file of a package: what is known of it without keeping more of it than may be kept. */
export type ArchivedFile = {
  name: string
  size: number
  /** SHA-256 in Base64. */
  hash: string
  /** Absent when the file is larger than `fileBytes` of the bounds. */
  bytes?: Buffer
}

/** How much a package may hold: a small archive can unfold into anything. */
export type ArchiveBounds = { files: number; fileBytes: number; totalBytes: number }

/** The package cannot be read as what it was said to be. */
export class BrokenArchive extends Error {
  constructor(detail: string) {
    super(detail)
    this.name = 'BrokenArchive'
  }
}

/** The package holds more files than the session takes. */
export class CrowdedArchive extends Error {
  constructor(files: number) {
    super(`Paczka zawiera więcej niż ${files} plików.`)
    this.name = 'CrowdedArchive'
  }
}

/** Reads one file to its end, hashing all of it and keeping it only while it is within the bound. */
export async function collect(
  name: string,
  content: AsyncIterable<unknown>,
  keptBytesMax: number,
): Promise<ArchivedFile> {
  const hash = createHash('sha256')
  const chunks: Buffer[] = []
  let size = 0
  for await (const chunk of content) {
    if (!Buffer.isBuffer(chunk)) throw new BrokenArchive(`${name} nie składa się z bajtów.`)
    hash.update(chunk)
    size += chunk.length
    if (size <= keptBytesMax) chunks.push(chunk)
    else chunks.length = 0
  }
  const file = { name, size, hash: hash.digest('base64') }
  return size <= keptBytesMax ? { ...file, bytes: Buffer.concat(chunks) } : file
}
