/** Takes the body of a request that holds many invoices and lets them be read, as often as needed, from a file on disk. */
import type { FileHandle } from 'node:fs/promises'
import { Readable } from 'node:stream'
import { MIMEType } from 'node:util'
import { type BatchSource, FleetError, type Upload } from '@ksef-fleet/core'
import {
  ARCHIVE_PROBLEMS,
  type ArchiveBounds,
  type ArchivedFile,
  ArchiveError,
  INVOICE_WITH_ATTACHMENT_BYTES_MAX,
  readTarGz,
  readZip,
} from '@ksef-fleet/ksef'
import { readJsonLines } from './json-lines.ts'
import { readMultipart } from './multipart-files.ts'
import { openSpool, type Spool, tooLarge } from './spool.ts'

export type UploadLimits = {
  /** Uploads taken at once: each costs disk, and when it is stored a connection to the database. */
  atOnceMax: number
  /** As it comes. */
  bytesMax: number
  /** Unpacked. */
  unpackedBytesMax: number
  filesMax: number
  /** Time for its bytes to arrive. */
  withinMs: number
}

export type UploadBody = { stream: Readable; contentType: string; declaredBytes: number | null }

export type Uploads = {
  limits: UploadLimits
  /**
   * Keeps the body for as long as `use` works with it.
   *
   * @throws FleetError OVERLOADED, BATCH_TOO_LARGE, SPOOL_UNAVAILABLE, REQUEST_INVALID; reading the upload throws
   *   ARCHIVE_REFUSED, BATCH_TOO_LARGE, REQUEST_INVALID
   */
  receive<T>(body: UploadBody, use: (upload: Upload) => Promise<T>): Promise<T>
}

/** The media types of an upload, and what each is. */
export const UPLOAD_TYPES = {
  'application/zip': 'zip',
  'application/gzip': 'tar-gz',
  'multipart/form-data': 'files',
  'application/x-ndjson': 'json-lines',
  'application/jsonl': 'json-lines',
} as const satisfies Record<string, BatchSource>

/** @throws when the directory cannot be used */
export async function createUploads(directory: string, limits: UploadLimits): Promise<Uploads> {
  const spool = await openSpool(directory)
  let underWay = 0
  return {
    limits,
    async receive(body, use) {
      const read = readerOf(body.contentType, boundsOf(limits))
      if ((body.declaredBytes ?? 0) > limits.bytesMax) throw tooLarge(limits.bytesMax)
      if (underWay >= limits.atOnceMax) throw new FleetError('OVERLOADED')
      underWay += 1
      try {
        return await kept({ spool, limits }, body, (file) =>
          use({ source: read.source, files: () => told(read.from(file), limits) }),
        )
      } finally {
        underWay -= 1
      }
    },
  }
}

async function kept<T>(
  { spool, limits }: { spool: Spool; limits: UploadLimits },
  body: UploadBody,
  use: (file: FileHandle) => Promise<T>,
): Promise<T> {
  const file = await spool.keep(body.stream, limits)
  try {
    return await use(file)
  } finally {
    await file.close()
  }
}

const boundsOf = ({ filesMax, unpackedBytesMax }: UploadLimits): ArchiveBounds => ({
  filesMax,
  fileBytesMax: INVOICE_WITH_ATTACHMENT_BYTES_MAX,
  totalBytesMax: unpackedBytesMax,
})

export const isJsonLines = (type: string): boolean =>
  Object.entries(UPLOAD_TYPES).some(([known, source]) => known === type && source === 'json-lines')

type Reader = { source: BatchSource; from: (file: FileHandle) => AsyncIterable<ArchivedFile> }

/** The file from its start, as often as asked. A stream of Node's own would close it with the first reading. */
const fromStart = (file: FileHandle): Readable => Readable.from(bytesOf(file), { objectMode: false })

const READ_BYTES = 65_536

async function* bytesOf(file: FileHandle): AsyncGenerator<Buffer> {
  for (let position = 0; ; ) {
    const { buffer, bytesRead } = await file.read(Buffer.allocUnsafeSlow(READ_BYTES), 0, READ_BYTES, position)
    if (bytesRead === 0) return
    position += bytesRead
    yield buffer.subarray(0, bytesRead)
  }
}

function readerOf(contentType: string, bounds: ArchiveBounds): Reader {
  const type = new MIMEType(contentType)
  if (type.essence === 'application/zip') return { source: 'zip', from: (file) => readZip(file, bounds) }
  if (type.essence === 'application/gzip')
    return { source: 'tar-gz', from: (file) => readTarGz(fromStart(file), bounds) }
  if (isJsonLines(type.essence))
    return { source: 'json-lines', from: (file) => readJsonLines(fromStart(file), bounds) }
  const boundary = type.params.get('boundary')
  if (boundary === null || boundary === '')
    throw new FleetError('REQUEST_INVALID', { detail: 'The media type names no boundary.' })
  return { source: 'files', from: (file) => readMultipart(fromStart(file), boundary, bounds) }
}

/** Says in the API's words why an archive is refused. */
async function* told(files: AsyncIterable<ArchivedFile>, limits: UploadLimits): AsyncGenerator<ArchivedFile> {
  try {
    yield* files
  } catch (error) {
    throw error instanceof ArchiveError ? refusalOf(error, limits) : error
  }
}

function refusalOf({ code, fileName }: ArchiveError, limits: UploadLimits): FleetError {
  if (code === 'ARCHIVE_TOO_MANY_FILES')
    return new FleetError('BATCH_TOO_LARGE', { detail: `An upload has ${limits.filesMax} files at most.` })
  if (code === 'ARCHIVE_TOO_LARGE') {
    const detail = `The files of an upload have ${limits.unpackedBytesMax} bytes together at most.`
    return new FleetError('BATCH_TOO_LARGE', { detail })
  }
  const message = ARCHIVE_PROBLEMS[code]
  const file = fileName === undefined ? {} : { file: fileName }
  return new FleetError('ARCHIVE_REFUSED', { faults: [{ code, message, ...file }] })
}
