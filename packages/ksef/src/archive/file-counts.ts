import { validateFileName } from 'yauzl'
import { type ArchiveBounds, ArchiveError, FILE_NAME_CHARACTERS_MAX } from './archived-file.ts'

/** Entries that are no files, such as directories, for each file that is allowed. */
const OTHERS_PER_FILE = 1

// biome-ignore lint/suspicious/noControlCharactersInRegex: they are what is looked for
const UNPRINTABLE = /[\u0000-\u001f\u007f-\u009f\u2028\u2029\ufffd]/

/** Names are labels here and never paths, but whoever reads an answer may take them for such. */
const isSafeName = (name: string): boolean =>
  name !== '' &&
  name.length <= FILE_NAME_CHARACTERS_MAX &&
  !UNPRINTABLE.test(name) &&
  validateFileName(name) === null

/** Keeps count of an archive's entries as they come. */
export function countFiles(bounds: ArchiveBounds) {
  const names = new Set<string>()
  let others = 0
  let totalBytes = 0
  return {
    /** @throws ArchiveError when there are too many */
    addOther() {
      others += 1
      if (others > bounds.filesMax * OTHERS_PER_FILE + 1) throw new ArchiveError('ARCHIVE_TOO_MANY_FILES')
    },
    /** @throws ArchiveError when the file cannot be one, or is one too many. To be called before it is unpacked. */
    addFile(name: string, size: number) {
      if (!isSafeName(name)) throw new ArchiveError('ARCHIVE_NAME_UNSAFE', name)
      if (names.has(name)) throw new ArchiveError('ARCHIVE_NAME_TWICE', name)
      names.add(name)
      if (names.size > bounds.filesMax) throw new ArchiveError('ARCHIVE_TOO_MANY_FILES', name)
      if (bounds.largestOf !== undefined && size > bounds.largestOf(name))
        throw new ArchiveError('ARCHIVE_FILE_TOO_LARGE', name)
      totalBytes += size
      if (totalBytes > bounds.totalBytesMax) throw new ArchiveError('ARCHIVE_TOO_LARGE', name)
    },
  }
}
