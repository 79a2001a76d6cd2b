import * as z from 'zod'
import type { KsefErrorCode } from './error-codes.ts'
import type { KsefEffect, KsefFailure, KsefFailureKind } from './failure.ts'
import { foreignText } from './foreign-text.ts'
import { type KsefOperation, OPERATIONS } from './operations.ts'
import { effectOfRefusal, forbiddenCode, refusalCode } from './refusals.ts'
import { retryAfterSeconds } from './retry-after.ts'

/** A whole HTTP answer, read to its end. Header names are lower case. */
export type HttpAnswer = {
  readonly status: number
  readonly headers: { readonly [name: string]: string | undefined }
  readonly body: Uint8Array
}

const TEXT_MAX = 500
const DETAILS_MAX = 20
const TRACE_ID_MAX = 100
const JWT = /eyJ[\w-]{8,}(?:\.[\w-]*){1,2}/g

/** KSeF's words, bounded, with anything that looks like a token taken out. */
export const boundedText = (text: string): string => foreignText(text.replace(JWT, '[sealed]'), TEXT_MAX)

const cut = (text: string | null | undefined, unitsMax: number): string | undefined =>
  text == null ? undefined : foreignText(text, unitsMax)

const details = z.array(z.string()).nullish().catch(undefined)
const code = z.coerce.number().int().optional().catch(undefined)

/** All forms of an error body at once: problem details, `ExceptionResponse`, `TooManyRequestsResponse`. */
const ErrorBody = z.object({
  detail: z.string().nullish().catch(undefined),
  title: z.string().nullish().catch(undefined),
  reasonCode: z.string().nullish().catch(undefined),
  traceId: z.string().nullish().catch(undefined),
  errors: z
    .array(z.object({ code, description: z.string().nullish(), details }))
    .nullish()
    .catch(undefined),
  exception: z
    .object({
      serviceCode: z.string().nullish().catch(undefined),
      exceptionDetailList: z
        .array(z.object({ exceptionCode: code, exceptionDescription: z.string().nullish(), details }))
        .nullish(),
    })
    .nullish()
    .catch(undefined),
  status: z.object({ description: z.string().nullish(), details }).nullish().catch(undefined),
})
type ErrorBody = z.infer<typeof ErrorBody>

type Reading = {
  readonly exceptionCode?: number
  readonly description?: string
  readonly details?: readonly string[]
  readonly reasonCode?: string
  readonly traceId?: string
}

type KsefError = {
  code?: number | undefined
  description?: string | null | undefined
  details?: string[] | null | undefined
}

const errorsOf = (body: ErrorBody): KsefError[] => [
  ...(body.errors ?? []),
  ...(body.exception?.exceptionDetailList ?? []).map((entry) => ({
    code: entry.exceptionCode,
    description: entry.exceptionDescription,
    details: entry.details,
  })),
]

/** Keeps the members that are there: absent and `undefined` differ under exactOptionalPropertyTypes. */
const present = <T extends object>(members: { [K in keyof T]: T[K] | null | undefined }): T =>
  Object.fromEntries(
    Object.entries(members).filter(([, value]) => value !== undefined && value !== null),
  ) as T

const parseJson = (body: Uint8Array): unknown => {
  try {
    return JSON.parse(Buffer.from(body).toString('utf8'))
  } catch {
    return undefined // not JSON: the caller sees an empty reading, the status still classifies the answer
  }
}

function readError(operation: KsefOperation, answer: HttpAnswer): Reading {
  const parsed = ErrorBody.safeParse(parseJson(answer.body))
  if (!parsed.success) return {}
  const body = parsed.data
  const errors = errorsOf(body)
  const named =
    errors.find((error) => refusalCode(operation, error.code) !== 'KSEF_UNKNOWN_CODE') ?? errors[0]
  const words = named?.description ?? body.status?.description ?? body.detail ?? body.title
  const all = [...errors.flatMap((error) => error.details ?? []), ...(body.status?.details ?? [])]
  return present<Reading>({
    exceptionCode: named?.code,
    description: words === null || words === undefined ? undefined : boundedText(words),
    details: all.length === 0 ? undefined : all.slice(0, DETAILS_MAX).map(boundedText),
    reasonCode: cut(body.reasonCode, TEXT_MAX),
    traceId: cut(body.traceId ?? body.exception?.serviceCode, TRACE_ID_MAX),
  })
}

const isHtml = (answer: HttpAnswer): boolean =>
  /^\s*<(?:!doctype html|html|head|body)/i.test(Buffer.from(answer.body.subarray(0, 200)).toString('latin1'))

type Verdict = { readonly kind: KsefFailureKind; readonly code: KsefErrorCode; readonly effect: KsefEffect }

/** A storage speaks for itself alone: its 401 and 403 say nothing of our access token or permissions. */
const verdictOnUpload = (status: number): Verdict =>
  [403, 404, 410].includes(status)
    ? { kind: 'gone', code: 'PART_UPLOAD_EXPIRED', effect: 'none' }
    : { kind: 'refused', code: 'PART_UPLOAD_REFUSED', effect: 'none' }

function verdictOn(operation: KsefOperation, answer: HttpAnswer, reading: Reading): Verdict {
  const { status } = answer
  if (operation === 'downloadUpo' && [403, 404, 410].includes(status) && !isHtml(answer)) {
    return { kind: 'gone', code: 'UPO_LINK_EXPIRED', effect: 'none' }
  }
  if (operation === 'uploadBatchPart' && status >= 400 && status < 500 && status !== 429 && !isHtml(answer)) {
    return verdictOnUpload(status)
  }
  if (status < 400) return { kind: 'unreadable', code: 'KSEF_REDIRECTED', effect: 'unknown' }
  if (status >= 500) return { kind: 'server', code: 'KSEF_SERVER_ERROR', effect: 'unknown' }
  if (status === 401) return { kind: 'unauthorized', code: 'KSEF_UNAUTHORIZED', effect: 'none' }
  if (status === 403) {
    const code = isHtml(answer) ? 'KSEF_BLOCKED_BY_SECURITY' : forbiddenCode(reading.reasonCode)
    return { kind: 'forbidden', code, effect: 'none' }
  }
  if (status === 410) return { kind: 'gone', code: 'KSEF_GONE', effect: 'none' }
  if (status === 429) return { kind: 'rate-limited', code: 'KSEF_RATE_LIMITED', effect: 'none' }
  const code = refusalCode(operation, reading.exceptionCode)
  return { kind: 'refused', code, effect: effectOfRefusal(code) }
}

/** What an answer other than 2xx means. Pure: the decision about sending again rests on this function. */
export function failureOfAnswer(operation: KsefOperation, answer: HttpAnswer, now: Date): KsefFailure {
  const reading = readError(operation, answer)
  const verdict = verdictOn(operation, answer, reading)
  const wait = retryAfterSeconds(answer.headers['retry-after'], now)
  return {
    operation,
    ...verdict,
    effect: OPERATIONS[operation].repeatable ? 'none' : verdict.effect,
    httpStatus: answer.status,
    ...reading,
    ...(wait === null ? {} : { retryAfterSeconds: wait }),
  }
}

/** A 2xx that cannot be used. A POST may have been carried out all the same. */
export const unreadable = (
  operation: KsefOperation,
  answer: HttpAnswer,
  reason: { readonly code: KsefErrorCode; readonly description: string },
): KsefFailure => ({
  operation,
  kind: 'unreadable',
  effect: OPERATIONS[operation].repeatable ? 'none' : 'unknown',
  code: reason.code,
  httpStatus: answer.status,
  description: boundedText(reason.description),
})

export { isHtml, parseJson }
