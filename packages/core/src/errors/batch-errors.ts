import type { ErrorRow } from './error-row.ts'

/** What a caller meets who hands over many invoices at once. */
export const BATCH_ERRORS = {
  BATCH_INVALID: {
    httpStatus: 422,
    blame: 'caller',
    retry: 'after-change',
    means: 'At least one file cannot be accepted. Nothing was stored.',
    help: '`faults` names files and what is wrong with them. Mend them, or let `?invalid=skip` accept the others.',
  },
  BATCH_EMPTY: {
    httpStatus: 422,
    blame: 'caller',
    retry: 'after-change',
    means: 'The upload holds no file.',
    help: 'Send an archive of invoices, the invoices as parts with file names, or lines of JSON.',
  },
  BATCH_TOO_LARGE: {
    httpStatus: 413,
    blame: 'caller',
    retry: 'after-change',
    means: 'The upload has more bytes, packed or unpacked, or more files than are taken at once.',
    help: '`detail` names the bound. Cut the upload into several.',
  },
  ARCHIVE_REFUSED: {
    httpStatus: 422,
    blame: 'caller',
    retry: 'after-change',
    means: 'The upload cannot be read to its end, or holds what no honest one does. Nothing was stored.',
    help: '`faults` says what is wrong, and with which file. Pack plain files with names that differ.',
  },
  SPOOL_UNAVAILABLE: {
    httpStatus: 503,
    blame: 'fleet',
    retry: 'later',
    means: 'The upload could not be kept on disk while it was looked at. Nothing was stored.',
    help: 'Make room in the folder `SPOOL_DIRECTORY` names, then repeat the request.',
  },
} as const satisfies Record<string, ErrorRow>

/** What can be wrong with a file of a batch beside what can be wrong with an invoice. */
export const FILE_ERRORS = {
  INVOICE_DUPLICATE_IN_BATCH: {
    means: 'Another file of the batch has the same kind (RodzajFaktury) and number (P_2).',
    help: 'Leave one of the two out.',
  },
  FILE_IS_ARCHIVE: {
    means: 'The file is itself an archive, which is not looked into.',
    help: 'Send an archive as the body of a request of its own, and no archive within it.',
  },
} as const
