/**
 * Problem documents (RFC 9457): the one form in which every failure leaves the API. Mapping is pure; sending is in
 * `error-handling.ts`.
 */
import { ERRORS, type ErrorCode, type FleetError } from '@ksef-fleet/core'
import { z } from 'zod'

export const ERROR_CODES = Object.keys(ERRORS) as [ErrorCode, ...ErrorCode[]]

export const FaultDocument = z
  .object({
    code: z.string(),
    message: z.string(),
    file: z.string().optional().meta({ description: 'Of a batch: the file.' }),
    pointer: z
      .string()
      .optional()
      .meta({ description: 'JSON pointer into the body, or the name of a parameter.' }),
    line: z.int().optional(),
    column: z.int().optional(),
    xpath: z.string().optional(),
    help: z.string().optional(),
    existingId: z.uuid().optional().meta({ description: 'The invoice that is in the way.' }),
  })
  .meta({ id: 'Fault', description: 'One thing wrong at one place.' })

export const ProblemDocument = z
  .object({
    type: z.string().meta({ description: 'Where the code is explained.' }),
    title: z.string(),
    status: z.int(),
    detail: z.string(),
    code: z.enum(ERROR_CODES),
    help: z.string().meta({ description: 'What to do about it.' }),
    requestId: z
      .string()
      .meta({ description: 'Names the request in the logs; also in the header `X-Request-Id`.' }),
    faults: z.array(FaultDocument).optional(),
    refusedFiles: z
      .int()
      .optional()
      .meta({ description: 'Of a batch: how many files cannot be accepted; `faults` tells of the first.' }),
    existing: z.object({ id: z.string(), location: z.string() }).optional(),
    retryAfterSeconds: z.int().optional(),
  })
  .meta({
    id: 'Problem',
    description: 'A failure (RFC 9457). `code` is stable; `title`, `detail` and `help` are for people.',
    examples: [
      {
        type: '/docs/errors#INVOICE_INVALID',
        title: ERRORS.INVOICE_INVALID.means,
        status: 422,
        detail: ERRORS.INVOICE_INVALID.means,
        code: 'INVOICE_INVALID',
        help: ERRORS.INVOICE_INVALID.help,
        requestId: '0199c1d2-5b7e-7c55-9a53-1f0c5a9e2b11',
        faults: [
          {
            code: 'INVOICE_HAS_BOM',
            message: 'The document starts with a byte order mark.',
            line: 1,
            column: 1,
          },
        ],
      },
    ],
  })
export type ProblemDocument = z.infer<typeof ProblemDocument>

/** Seconds after which trying again makes sense, for codes whose failure does not carry a time of its own. */
const RETRY_AFTER_SECONDS: Partial<Record<ErrorCode, number>> = {
  DATABASE_UNAVAILABLE: 5,
  IDEMPOTENCY_IN_PROGRESS: 1,
  OVERLOADED: 1,
  QUEUES_UNAVAILABLE: 10,
  SECRET_UNAVAILABLE: 5,
  SPOOL_UNAVAILABLE: 60,
  STREAMS_TOO_MANY: 5,
  UPO_NOT_YET: 5,
}

/**
 * @param about.existingLocation where `error.existingId` can be read, when it names something.
 */
export function problemOf(
  error: FleetError,
  about: { requestId: string; existingLocation?: string },
): ProblemDocument {
  const row = ERRORS[error.code]
  const retryAfterSeconds = error.retryAfterSeconds ?? RETRY_AFTER_SECONDS[error.code]
  return {
    type: `/docs/errors#${error.code}`,
    title: row.means,
    status: row.httpStatus ?? 500,
    detail: error.message,
    code: error.code,
    help: row.help,
    requestId: about.requestId,
    ...(error.faults.length === 0 ? {} : { faults: error.faults.map((fault) => ({ ...fault })) }),
    ...(error.refusedFiles === undefined ? {} : { refusedFiles: error.refusedFiles }),
    ...(error.existingId === undefined || about.existingLocation === undefined
      ? {}
      : { existing: { id: error.existingId, location: about.existingLocation } }),
    ...(retryAfterSeconds === undefined ? {} : { retryAfterSeconds }),
  }
}
