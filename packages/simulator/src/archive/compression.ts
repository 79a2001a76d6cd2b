import type { ArchiveBounds, ArchivedFile } from './archived-file.ts'
import { readTarGz } from './tar-gz-reader.ts'
import { readZip } from './zip-reader.ts'

/** Schema CompressionType; Zip where nothing is said. */
export const COMPRESSION_TYPES = ['Zip', 'TarGz'] as const
export type CompressionType = (typeof COMPRESSION_TYPES)[number]

/** What file names of packages end in. */
export const EXTENSIONS: Readonly<Record<CompressionType, string>> = { Zip: 'zip', TarGz: 'tar.gz' }

/** The files of a package on disk. @throws BrokenArchive, CrowdedArchive */
export const readArchive = (
  path: string,
  compressionType: CompressionType,
  bounds: ArchiveBounds,
): AsyncGenerator<ArchivedFile> =>
  compressionType === 'Zip' ? readZip(path, bounds) : readTarGz(path, bounds)
