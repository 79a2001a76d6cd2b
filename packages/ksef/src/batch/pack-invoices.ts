import { mkdir, readdir, rm, rmdir } from 'node:fs/promises'
import { join } from 'node:path'
import { pipeline } from 'node:stream/promises'
import type { CompressionType } from '../api/batch-session.ts'
import type { SessionKey } from '../crypto/session-key.ts'
import { BATCH_PART_BYTES_MAX } from './bounds.ts'
import { type DocumentToPack, openPackingCheck, type PackedDocument } from './document.ts'
import { PART_FILE } from './encrypted-part.ts'
import { gzip, tarOf } from './tar-gz.ts'
import { type WrittenParts, writeParts } from './write-parts.ts'
import { zipOf } from './zip.ts'

export type PackingRequest = {
  /** In the order in which they are to lie in the archive; asked for one after another. */
  readonly documents: AsyncIterable<DocumentToPack>
  readonly compression: CompressionType
  readonly key: SessionKey
  /** Bytes of an encrypted part, at most and by default {@link BATCH_PART_BYTES_MAX}. */
  readonly partBytesMax?: number
  /** Made if need be. One for each package: parts of another one are overwritten. */
  readonly directory: string
  /** Called with each document as it goes in, e.g. to hold its hash against the one on record. What it throws ends it. */
  readonly onDocument?: (document: PackedDocument) => void
}

/** A package that can be declared with `batchSession.open` and whose parts can be given to `uploadPart` as they are. */
export type PackedPackage = WrittenParts & {
  readonly compressionType: CompressionType
  readonly documentCount: number
}

/**
 * Packs invoices for a batch session: archives, hashes, cuts and encrypts them in one stream, and leaves each part in a
 * file that only this user can read. As TarGz nothing but a few chunks is in memory at a time; ZIP holds the documents.
 *
 * The same documents in the same order under the same key give the same bytes, so that a package whose files are gone
 * can be made once more. That holds for the same zlib on the same kind of processor: where the rebuilt hashes are not
 * those that were declared, another machine or version of Node made them, and only a new session helps.
 *
 * @throws PackageError when the documents make no package; whatever ends it, no part is left in the directory
 */
export async function packInvoices(request: PackingRequest): Promise<PackedPackage> {
  const { documents, compression, directory, key, partBytesMax = BATCH_PART_BYTES_MAX } = request
  if (partBytesMax > BATCH_PART_BYTES_MAX) throw new RangeError(`KSeF takes no part of ${partBytesMax} bytes`)
  await mkdir(directory, { recursive: true, mode: 0o700 })
  const check = openPackingCheck(request.onDocument ?? (() => {}))
  const write = (archive: AsyncIterable<Uint8Array>) => writeParts(archive, { directory, key, partBytesMax })
  try {
    const written =
      compression === 'TarGz'
        ? await pipeline(tarOf(documents, check), gzip(), write)
        : await pipeline(await zipOf(documents, check), write)
    return { compressionType: compression, documentCount: check.end(), ...written }
  } catch (error) {
    await removePackage(directory)
    throw error
  }
}

/** Removes the parts in a package's directory, whoever left them there, and the directory if nothing else is in it. */
export async function removePackage(directory: string): Promise<void> {
  const names = await unless('ENOENT', readdir(directory))
  if (names === undefined) return
  await Promise.all(
    names.filter((name) => PART_FILE.test(name)).map((name) => rm(join(directory, name), { force: true })),
  )
  if (names.every((name) => PART_FILE.test(name))) await unless('ENOENT', rmdir(directory))
}

async function unless<T>(code: string, work: Promise<T>): Promise<T | undefined> {
  try {
    return await work
  } catch (error) {
    if (error instanceof Error && 'code' in error && error.code === code) return undefined
    throw error
  }
}
