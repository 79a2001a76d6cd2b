import * as z from 'zod'
import { type HttpAnswer, parseJson } from './answer.ts'
import type { KsefErrorCode } from './error-codes.ts'
import type { KsefFailure, KsefFailureKind, Result } from './failure.ts'
import { type KsefOperation, OPERATIONS } from './operations.ts'

/** One call as it ended, for logs, metrics and audit. Holds no secret and no content. */
export type CallRecord = {
  readonly operation: KsefOperation
  readonly httpStatus?: number
  readonly durationMs: number
  readonly traceId?: string
  readonly failureKind?: KsefFailureKind
  /** Our code of the failure, see {@link KSEF_ERRORS}. */
  readonly failureCode?: KsefErrorCode
  /** `Retry-After` in seconds, when there was one that can be read. */
  readonly retryAfterSeconds?: number
  /** KSeF's `exceptionCode`, when it gave one. */
  readonly ksefCode?: number
  /**
   * What the call was about: the number KSeF handed out in its answer, else the most specific one in the
   * path. For `sendInvoice` that is the invoice's when it was taken, and the session's when it was not.
   */
  readonly referenceNumber?: string
}

const REFERENCE_MAX = 100
const HandedOut = z.object({ referenceNumber: z.string().min(1).max(REFERENCE_MAX) })

/** Numbers are handed out by operations that cannot be repeated; no other answer is read for one. */
function handedOut(operation: KsefOperation, answer: HttpAnswer | undefined): string | undefined {
  if (answer === undefined || OPERATIONS[operation].repeatable) return undefined
  const parsed = HandedOut.safeParse(parseJson(answer.body))
  return parsed.success ? parsed.data.referenceNumber : undefined
}

/** Path values are named in the order of the path, so the last reference is the most specific one. */
const inPath = (path: { readonly [name: string]: string } | undefined): string | undefined =>
  Object.entries(path ?? {})
    .filter(([name]) => /referenceNumber$/i.test(name))
    .at(-1)?.[1]
    .slice(0, REFERENCE_MAX)

const ofFailure = (failure: KsefFailure): Partial<CallRecord> => ({
  failureKind: failure.kind,
  failureCode: failure.code,
  ...(failure.traceId === undefined ? {} : { traceId: failure.traceId }),
  ...(failure.retryAfterSeconds === undefined ? {} : { retryAfterSeconds: failure.retryAfterSeconds }),
  ...(failure.exceptionCode === undefined ? {} : { ksefCode: failure.exceptionCode }),
})

type EndedCall = {
  readonly operation: KsefOperation
  readonly path?: { readonly [name: string]: string } | undefined
  readonly durationMs: number
  /** Missing when no answer came whole. */
  readonly answer: HttpAnswer | undefined
  readonly result: Result<unknown>
}

/** What an ended call leaves behind for its observers. */
export function recordOf({ operation, path, durationMs, answer, result }: EndedCall): CallRecord {
  const referenceNumber = handedOut(operation, answer) ?? inPath(path)
  return {
    operation,
    durationMs,
    ...(answer === undefined ? {} : { httpStatus: answer.status }),
    ...(result.ok ? {} : ofFailure(result.failure)),
    ...(referenceNumber === undefined ? {} : { referenceNumber }),
  }
}
