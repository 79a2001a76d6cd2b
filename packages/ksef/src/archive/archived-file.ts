/**
 * What a reader of archives gives and what it never goes beyond. An honest file of invoices shrinks to a seventy-fifth
 * in a Zip and similar ones far more in a TarGz, so a ratio tells nothing: bytes and counts are what is bounded.
 */
export type ArchiveBounds = {
  /** Files in the archive. */
  readonly filesMax: number
  /** Bytes of one file; a larger one is told of and not unpacked. */
  readonly fileBytesMax: number
  /** Bytes of all files together. */
  readonly totalBytesMax: number
  /** What a file of that name may have at most: a larger one ends the reading before it is unpacked. */
  readonly largestOf?: (name: string) => number
}

export type ArchivedFile = {
  readonly name: string
  readonly size: number
  /** null: it has more than `fileBytesMax`. */
  readonly content: Uint8Array | null
}

export const FILE_NAME_CHARACTERS_MAX = 500

/** Why an archive is not read to its end. The keys are stable; the words are for people. */
export const ARCHIVE_PROBLEMS = {
  ARCHIVE_UNREADABLE: 'It is damaged, cut off, or not an archive of the kind it is said to be.',
  ARCHIVE_TOO_MANY_FILES: 'It holds more files than are taken at once.',
  ARCHIVE_FILE_TOO_LARGE: 'It has more bytes than a file of its kind may have.',
  ARCHIVE_TOO_LARGE: 'Its files have more bytes together than are taken at once.',
  ARCHIVE_NAME_UNSAFE:
    'The name is empty, absolute, leads out of the archive, is too long or cannot be printed.',
  ARCHIVE_NAME_TWICE: 'Two files have this name.',
  ARCHIVE_LINK: 'It is a link or a device, not a file.',
  ARCHIVE_ENCRYPTED: 'It is encrypted.',
  ARCHIVE_COMPRESSION_UNKNOWN: 'It is compressed in a way that Deflate is not.',
  ARCHIVE_FILE_DAMAGED: 'It does not unpack to the size and checksum that the archive names.',
} as const

export type ArchiveProblem = keyof typeof ARCHIVE_PROBLEMS

/** An archive that cannot be trusted, or is too much. What was read of it before is not to be used. */
export class ArchiveError extends Error {
  readonly code: ArchiveProblem
  /** Of the file it is about, cut to a length that can be shown. */
  readonly fileName: string | undefined

  constructor(code: ArchiveProblem, fileName?: string) {
    super(ARCHIVE_PROBLEMS[code])
    this.name = 'ArchiveError'
    this.code = code
    this.fileName = fileName?.slice(0, FILE_NAME_CHARACTERS_MAX)
  }
}
