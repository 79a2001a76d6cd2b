import { ArchiveError } from './archived-file.ts'

/** What a library says of a broken archive becomes ours; a failing disk stays what it is. */
export function asArchiveError(error: unknown): Error {
  if (error instanceof ArchiveError) return error
  if (error instanceof Error && 'syscall' in error) return error
  return new ArchiveError('ARCHIVE_UNREADABLE')
}
