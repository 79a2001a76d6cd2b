import { createReadStream } from 'node:fs'
import { Transform } from 'node:stream'
import { pipeline } from 'node:stream/promises'
import { createGunzip } from 'node:zlib'
import { extract } from 'tar-stream'
import { validateFileName } from 'yauzl'
import {
  type ArchiveBounds,
  type ArchivedFile,
  BrokenArchive,
  CrowdedArchive,
  collect,
} from './archived-file.ts'

/** Counts what unfolds, so that a small file cannot become an endless one. */
function bounded(totalBytes: number): Transform {
  let passed = 0
  return new Transform({
    transform(chunk: Buffer, _encoding, done) {
      passed += chunk.length
      if (passed > totalBytes) done(new BrokenArchive('Paczka po rozpakowaniu jest zbyt duża.'))
      else done(null, chunk)
    },
  })
}

function refuseOddEntry(name: string, type: string | null | undefined): void {
  if (type !== 'file' && type !== 'contiguous-file')
    throw new BrokenArchive(`${name} nie jest zwykłym plikiem (${type}).`)
  const finding = validateFileName(name)
  if (finding !== null) throw new BrokenArchive(finding)
}

/**
 * The files of a gzipped tar archive, in their order. Links, devices and names that leave the archive are refused.
 *
 * @throws BrokenArchive, CrowdedArchive
 */
export async function* readTarGz(path: string, bounds: ArchiveBounds): AsyncGenerator<ArchivedFile> {
  const entries = extract()
  const source = pipeline(createReadStream(path), createGunzip(), bounded(bounds.totalBytes), entries)
  // The failure of the source surfaces in the loop below as well; this one only keeps it from being unhandled.
  const ended = source.catch((error: unknown) => error)
  let files = 0
  try {
    for await (const entry of entries) {
      const { name, type } = entry.header
      if (type === 'directory') {
        entry.resume()
        continue
      }
      refuseOddEntry(name, type)
      files += 1
      if (files > bounds.files) throw new CrowdedArchive(bounds.files)
      yield await collect(name, entry, bounds.fileBytes)
    }
    const failure = await ended
    if (failure !== undefined) throw failure
  } catch (error) {
    if (error instanceof CrowdedArchive || error instanceof BrokenArchive) throw error
    throw new BrokenArchive(error instanceof Error ? error.message : String(error))
  } finally {
    entries.destroy()
    await ended
  }
}
