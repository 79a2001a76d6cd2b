import { type Readable, Transform } from 'node:stream'
import { pipeline } from 'node:stream/promises'
import { createGunzip } from 'node:zlib'
import { extract } from 'tar-stream'
import { type ArchiveBounds, type ArchivedFile, ArchiveError } from './archived-file.ts'
import { countFiles } from './file-counts.ts'
import { asArchiveError } from './foreign-error.ts'

/** Beside its content each entry has a header, mostly one more with its long name, and is filled up to whole blocks. */
const FRAME_BYTES = 2_048
/** Archives end in zeros, up to a tape's record of them and often more. */
const END_BYTES = 1_000_000
/** gunzip gives so much at once; the default makes ten times as many steps. */
const CHUNK_BYTES = 131_072

/**
 * The files of a gzipped tar archive, in their order, one in memory at a time.
 *
 * @param source the archive's bytes; destroyed in the end
 * @throws ArchiveError
 */
export async function* readTarGz(source: Readable, bounds: ArchiveBounds): AsyncGenerator<ArchivedFile> {
  const counts = countFiles(bounds)
  const entries = extract()
  const ended = pipeline(source, createGunzip({ chunkSize: CHUNK_BYTES }), bounded(bounds), entries).then(
    () => null,
    (error: unknown) => error,
  )
  try {
    for await (const entry of entries) {
      const { name, type, size } = entry.header
      if (type === 'directory') {
        counts.addOther()
        entry.resume()
        continue
      }
      if (size === undefined) throw new ArchiveError('ARCHIVE_UNREADABLE')
      counts.addFile(name, size)
      if (type !== 'file' && type !== 'contiguous-file') throw new ArchiveError('ARCHIVE_LINK', name)
      yield { name, size, content: await contentOf(entry, size <= bounds.fileBytesMax ? size : null) }
    }
    const failure = await ended
    if (failure !== null) throw failure
  } catch (error) {
    throw asArchiveError(error)
  } finally {
    entries.destroy()
    source.destroy()
    await ended
  }
}

/**
 * The memory is not cleared first, and small files share it: a block of its own for each of ten thousand has V8 collect rubbish
 * all the time.
 *
 * @param size null: what comes is thrown away
 */
async function contentOf(entry: AsyncIterable<unknown>, size: number | null): Promise<Uint8Array | null> {
  const content = size === null ? null : Buffer.allocUnsafe(size)
  let filled = 0
  for await (const chunk of entry as AsyncIterable<Uint8Array>) {
    content?.set(chunk, filled)
    filled += chunk.byteLength
  }
  if (content !== null && filled !== size) throw new ArchiveError('ARCHIVE_UNREADABLE')
  return content
}

/** Ends what unpacks to more than any lawful archive, whatever its entries say of themselves. */
function bounded({ totalBytesMax, filesMax }: ArchiveBounds): Transform {
  const bytesMax = totalBytesMax + 2 * filesMax * FRAME_BYTES + END_BYTES
  let passed = 0
  return new Transform({
    transform(chunk: Uint8Array, _encoding, done) {
      passed += chunk.byteLength
      if (passed > bytesMax) done(new ArchiveError('ARCHIVE_TOO_LARGE'))
      else done(null, chunk)
    },
  })
}
