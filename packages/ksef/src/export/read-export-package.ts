import { open, rm } from 'node:fs/promises'
import { dirname, join } from 'node:path'
import { Readable } from 'node:stream'
import * as z from 'zod'
import type { CompressionType } from '../api/batch-session.ts'
import { type InvoiceMetadata, Metadata } from '../api/invoices.ts'
import type { ArchiveBounds, ArchivedFile } from '../archive/archived-file.ts'
import { readTarGz } from '../archive/tar-gz.ts'
import { readZip } from '../archive/zip.ts'
import type { SessionKey } from '../crypto/session-key.ts'
import { type DownloadedPart, decryptedParts } from './decrypted-parts.ts'
import { asPackageError, ExportPackageError } from './package-problem.ts'

/** One file of an exported package. Invoices come as they are, whatever they hold. */
export type ExportedFile =
  | { readonly kind: 'invoice'; readonly ksefNumber: string; readonly content: Uint8Array }
  | { readonly kind: 'metadata'; readonly invoices: readonly InvoiceMetadata[] }

export type DownloadedPackage = {
  /** In their order; all of one package, and in one directory. */
  readonly parts: readonly DownloadedPart[]
  readonly key: SessionKey
  readonly compressionType: CompressionType
  /** As its export says: bounds what it may unpack to. */
  readonly invoiceCount: number
}

/** An invoice with an attachment has 3 MB; what KSeF took once may lie a little above what it takes today. */
const INVOICE_BYTES_MAX = 4_000_000
const METADATA_BYTES_MAX = 64_000_000
const METADATA_NAME = '_metadata.json'
/** Similar invoices in one TarGz come to some hundred to one; Deflate itself ends at 1,032 to one. */
const RATIO_MAX = 800
/** Below this a ratio tells nothing. */
const UNPACKED_BYTES_MIN = 2 * METADATA_BYTES_MAX

/** 35 characters, and 36 in the first KSeF; the name is a label and never a path. */
const INVOICE_NAME = /^([0-9A-Z]{10}-\d{8}-[0-9A-F]{6}-?[0-9A-F]{6}-[0-9A-F]{2})\.xml$/i

const PackageMetadata = z.object({ invoices: z.array(Metadata) })

/**
 * The files of a downloaded package, one in memory at a time: invoices in the archive's order, and the metadata where they
 * stand in it. The package is proved only once the generator has ended; whatever it throws, nothing of it is to be used.
 *
 * @param wanted.metadata false for whoever has read it before: it is passed over
 * @throws ExportPackageError
 */
export async function* readExportPackage(
  of: DownloadedPackage,
  wanted: { metadata: boolean } = { metadata: true },
): AsyncGenerator<ExportedFile> {
  const numbers = new Set<string>()
  let hasMetadata = false
  try {
    for await (const file of filesOf(of)) {
      if (file.name === METADATA_NAME && !wanted.metadata) {
        hasMetadata = true
        continue
      }
      const read = readFile(file)
      hasMetadata ||= read.kind === 'metadata'
      if (read.kind === 'invoice' && numbers.has(read.ksefNumber))
        throw new ExportPackageError('ARCHIVE_NAME_TWICE', file.name)
      if (read.kind === 'invoice') numbers.add(read.ksefNumber)
      yield read
    }
  } catch (error) {
    // What a wrong key or a flipped bit makes of an archive is no fault of the archive's.
    if (asPackageError(error) instanceof ExportPackageError) await prove(of)
    throw asPackageError(error)
  }
  if (!hasMetadata) throw new ExportPackageError('EXPORT_METADATA_MISSING')
}

function readFile({ name, content, size }: ArchivedFile): ExportedFile {
  if (content === null) throw new TypeError(`${size} bytes passed the bound of their kind`)
  if (name === METADATA_NAME) return { kind: 'metadata', invoices: metadataIn(content) }
  const ksefNumber = INVOICE_NAME.exec(name)?.[1]
  if (ksefNumber === undefined) throw new ExportPackageError('EXPORT_NAME_UNEXPECTED', name)
  return { kind: 'invoice', ksefNumber: ksefNumber.toUpperCase(), content }
}

function metadataIn(content: Uint8Array): readonly InvoiceMetadata[] {
  try {
    return PackageMetadata.parse(JSON.parse(Buffer.from(content).toString('utf8'))).invoices
  } catch {
    throw new ExportPackageError('EXPORT_METADATA_UNREADABLE')
  }
}

async function* filesOf(of: DownloadedPackage): AsyncGenerator<ArchivedFile> {
  const { parts, key, compressionType } = of
  if (compressionType === 'TarGz') {
    const archive = Readable.from(decryptedParts(parts, key), { objectMode: false })
    yield* readTarGz(archive, boundsOf(of))
    return
  }
  yield* unzipped(of)
}

/** A Zip is read from its end, so it is laid down first: in a file that has no name any more once it is open. */
async function* unzipped(of: DownloadedPackage): AsyncGenerator<ArchivedFile> {
  const [first] = of.parts
  if (first === undefined) return
  const path = join(dirname(first.path), 'archive.zip')
  await rm(path, { force: true })
  await using file = await open(path, 'wx+', 0o600)
  await rm(path, { force: true })
  for await (const piece of decryptedParts(of.parts, of.key)) await file.appendFile(piece)
  yield* readZip(file, boundsOf(of))
}

/** @throws ExportPackageError when a part is not what its export says */
async function prove({ parts, key }: DownloadedPackage): Promise<void> {
  for await (const _ of decryptedParts(parts, key));
}

function boundsOf({ parts, invoiceCount }: DownloadedPackage): ArchiveBounds {
  const packed = parts.reduce((total, { partSize }) => total + partSize, 0)
  const byCount = invoiceCount * INVOICE_BYTES_MAX + METADATA_BYTES_MAX
  return {
    filesMax: invoiceCount + 1,
    fileBytesMax: METADATA_BYTES_MAX,
    totalBytesMax: Math.min(byCount, UNPACKED_BYTES_MIN + packed * RATIO_MAX),
    largestOf: (name) => (name === METADATA_NAME ? METADATA_BYTES_MAX : INVOICE_BYTES_MAX),
  }
}
