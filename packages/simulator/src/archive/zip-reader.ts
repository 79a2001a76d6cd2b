import { type Entry, openPromise, type ZipFile } from 'yauzl'
import {
  type ArchiveBounds,
  type ArchivedFile,
  BrokenArchive,
  CrowdedArchive,
  collect,
} from './archived-file.ts'

const isFolder = (entry: Entry): boolean => entry.fileName.endsWith('/')

async function* entriesOf(zip: ZipFile, bounds: ArchiveBounds): AsyncGenerator<ArchivedFile> {
  let files = 0
  let totalBytes = 0
  for await (const entry of zip.eachEntry()) {
    if (isFolder(entry)) continue
    files += 1
    if (files > bounds.files) throw new CrowdedArchive(bounds.files)
    totalBytes += entry.uncompressedSize
    if (totalBytes > bounds.totalBytes) throw new BrokenArchive('Paczka po rozpakowaniu jest zbyt duża.')
    const content = await zip.openReadStreamPromise(entry)
    yield await collect(entry.fileName, content, bounds.fileBytes)
  }
}

/**
 * The files of a Zip archive, in the order of its directory. The reader refuses names that leave the archive and
 * entries that unfold into more than they declare.
 *
 * @throws BrokenArchive, CrowdedArchive
 */
export async function* readZip(path: string, bounds: ArchiveBounds): AsyncGenerator<ArchivedFile> {
  let zip: ZipFile
  try {
    zip = await openPromise(path, { lazyEntries: true, autoClose: false })
  } catch (error) {
    throw new BrokenArchive(error instanceof Error ? error.message : String(error))
  }
  try {
    yield* entriesOf(zip, bounds)
  } catch (error) {
    if (error instanceof CrowdedArchive || error instanceof BrokenArchive) throw error
    throw new BrokenArchive(error instanceof Error ? error.message : String(error))
  } finally {
    zip.close()
  }
}
