import { ARCHIVE_PROBLEMS, ArchiveError, type ArchiveProblem } from '../archive/archived-file.ts'

/** Why an exported package is not read to its end. The keys are stable; the words are for people. */
export const EXPORT_PROBLEMS = {
  EXPORT_UNDECRYPTABLE: 'A part does not decrypt with the key the package was ordered with.',
  EXPORT_PART_CORRUPT: 'A part decrypts to other bytes than its export says.',
  EXPORT_NAME_UNEXPECTED: 'A file is named neither after a KSeF number nor `_metadata.json`.',
  EXPORT_METADATA_MISSING: 'The package holds no `_metadata.json`.',
  EXPORT_METADATA_UNREADABLE: '`_metadata.json` is not what the contract says.',
} as const

export type ExportProblem = keyof typeof EXPORT_PROBLEMS

/** A package that cannot be trusted. Nothing of what was read of it before is to be used. */
export class ExportPackageError extends Error {
  readonly code: ExportProblem | ArchiveProblem
  /** Of the file it is about, cut to a length that can be shown. */
  readonly fileName: string | undefined

  constructor(code: ExportProblem | ArchiveProblem, fileName?: string) {
    super(
      code in EXPORT_PROBLEMS
        ? EXPORT_PROBLEMS[code as ExportProblem]
        : ARCHIVE_PROBLEMS[code as ArchiveProblem],
    )
    this.name = 'ExportPackageError'
    this.code = code
    this.fileName = fileName
  }
}

export const asPackageError = (error: unknown): unknown =>
  error instanceof ArchiveError ? new ExportPackageError(error.code, error.fileName) : error
