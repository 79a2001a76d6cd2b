import { type Agent, request } from 'undici'
import type { ZodType } from 'zod'
import { boundedText, failureOfAnswer, type HttpAnswer, isHtml, parseJson, unreadable } from './answer.ts'
import { type CallRecord, recordOf } from './call-record.ts'
import { ConnectionFailed, type Timeouts } from './connection.ts'
import type { KsefErrorCode } from './error-codes.ts'
import { failed, type KsefFailure, type KsefFailureKind, type Result, succeeded } from './failure.ts'
import { type KsefOperation, OPERATIONS } from './operations.ts'
import type { Sealed } from './sealed.ts'
import { readSystemWarnings, type SystemWarning } from './system-warning.ts'

const JSON_BYTES_MAX = 8_000_000
const DOCUMENT_BYTES_MAX = 32_000_000

export type KsefCall = {
  readonly operation: KsefOperation
  /** Values for the braces in the operation's path. */
  readonly path?: { readonly [name: string]: string }
  /** A list is said once for each of its values, as KSeF reads lists. */
  readonly query?: { readonly [name: string]: string | number | readonly string[] | undefined }
  readonly access?: Sealed<string>
  readonly headers?: { readonly [name: string]: string }
  readonly json?: object
  readonly xml?: string
}

type HttpSettings = {
  readonly baseUrl: URL
  readonly agent: Agent
  readonly timeouts: Timeouts
  readonly userAgent: string
  readonly now: () => Date
  readonly onSystemWarning: (warning: SystemWarning) => void
  readonly onCall: (call: CallRecord) => void
}

/** A document with its SHA-256 from `x-ms-meta-hash`, when the answer carried one. */
export type Document = { readonly bytes: Uint8Array; readonly announcedHash?: string }

/** The transport: one request per call, read whole, classified. It never repeats and never follows. */
export type KsefHttp = {
  json<T>(call: KsefCall, schema: ZodType<T>): Promise<Result<T>>
  empty(call: KsefCall): Promise<Result<void>>
  document(call: KsefCall): Promise<Result<Document>>
  /** Fetches a pre-signed address without our access token. The caller has checked the address. */
  foreignDocument(url: URL): Promise<Result<Document>>
}

type Outgoing = {
  readonly operation: KsefOperation
  readonly url: URL
  readonly call: KsefCall
  readonly bytesMax: number
}

class AnswerTooLarge extends Error {}

async function readWhole(body: AsyncIterable<Uint8Array>, bytesMax: number): Promise<Uint8Array> {
  const chunks: Uint8Array[] = []
  let size = 0
  for await (const chunk of body) {
    size += chunk.length
    if (size > bytesMax) throw new AnswerTooLarge(`more than ${bytesMax} bytes`)
    chunks.push(chunk)
  }
  return Buffer.concat(chunks)
}

function headersOf(call: KsefCall, userAgent: string): Record<string, string> {
  return {
    accept: 'application/json, application/problem+json, application/xml',
    'user-agent': userAgent,
    'x-error-format': 'problem-details',
    ...(call.access === undefined ? {} : { authorization: `Bearer ${call.access.reveal()}` }),
    ...(call.json === undefined ? {} : { 'content-type': 'application/json' }),
    ...(call.xml === undefined ? {} : { 'content-type': 'application/xml; charset=utf-8' }),
    ...call.headers,
  }
}

async function exchange(settings: HttpSettings, outgoing: Outgoing): Promise<HttpAnswer> {
  const { operation, url, call, bytesMax } = outgoing
  const answer = await request(url, {
    dispatcher: settings.agent,
    method: OPERATIONS[operation].method,
    headers: headersOf(call, settings.userAgent),
    body: call.json === undefined ? (call.xml ?? null) : JSON.stringify(call.json),
    signal: AbortSignal.timeout(settings.timeouts.totalMs),
  })
  const headers = Object.fromEntries(
    Object.entries(answer.headers).map(([name, value]) => [
      name,
      Array.isArray(value) ? value.join(', ') : value,
    ]),
  )
  return { status: answer.statusCode, headers, body: await readWhole(answer.body, bytesMax) }
}

function failureOfError(operation: KsefOperation, error: unknown): KsefFailure {
  if (!(error instanceof Error)) throw error
  const describe = (kind: KsefFailureKind, code: KsefErrorCode): KsefFailure => ({
    operation,
    kind,
    effect: kind === 'connection' || OPERATIONS[operation].repeatable ? 'none' : 'unknown',
    code,
    description: boundedText(error.message),
  })
  if (error instanceof ConnectionFailed) return describe('connection', 'KSEF_UNREACHABLE')
  if (error instanceof AnswerTooLarge) return describe('no-answer', 'KSEF_ANSWER_TOO_LARGE')
  if (error instanceof TypeError) throw error
  return describe('no-answer', 'KSEF_NO_ANSWER')
}

function urlOf(baseUrl: URL, call: KsefCall): URL {
  const template = OPERATIONS[call.operation].path
  if (template === null) throw new TypeError(`${call.operation} has no path of its own`)
  const path = template.replace(/\{(\w+)\}/g, (_, name: string) => {
    const value = call.path?.[name]
    if (value === undefined || value === '' || value === '.' || value === '..') {
      throw new TypeError(`${call.operation} needs a value for ${name}`)
    }
    return encodeURIComponent(value)
  })
  const url = new URL(baseUrl.href.replace(/\/$/, '') + path)
  for (const [name, value] of Object.entries(call.query ?? {})) {
    for (const one of [value ?? []].flat()) url.searchParams.append(name, String(one))
  }
  return url
}

type Ended<T> = { readonly result: Result<T>; readonly answer: HttpAnswer | undefined }

async function outcomeOf<T>(
  settings: HttpSettings,
  outgoing: Outgoing,
  read: (answer: HttpAnswer) => Result<T>,
): Promise<Ended<T>> {
  const { operation } = outgoing
  let answer: HttpAnswer
  try {
    answer = await exchange(settings, outgoing)
  } catch (error) {
    return { result: failed(failureOfError(operation, error)), answer: undefined }
  }
  for (const warning of readSystemWarnings(operation, answer.headers['x-system-warning'])) {
    settings.onSystemWarning(warning)
  }
  const good = answer.status >= 200 && answer.status < 300
  const result = good ? read(answer) : failed(failureOfAnswer(operation, answer, settings.now()))
  return { result, answer }
}

/** Makes the call, reads its answer and tells the observer, also of an answer that could not be read. */
async function perform<T>(
  settings: HttpSettings,
  outgoing: Outgoing,
  read: (answer: HttpAnswer) => Result<T>,
): Promise<Result<T>> {
  const started = performance.now()
  const { result, answer } = await outcomeOf(settings, outgoing, read)
  const { operation, call } = outgoing
  const durationMs = performance.now() - started
  settings.onCall(recordOf({ operation, path: call.path, durationMs, answer, result }))
  return result
}

function readDocument(operation: KsefOperation, answer: HttpAnswer): Result<Document> {
  if (answer.body.length === 0 || isHtml(answer)) {
    const description = answer.body.length === 0 ? 'an empty document' : 'HTML where a document is due'
    return failed(unreadable(operation, answer, { code: 'KSEF_ANSWER_UNREADABLE', description }))
  }
  const announcedHash = answer.headers['x-ms-meta-hash']
  return succeeded({ bytes: answer.body, ...(announcedHash === undefined ? {} : { announcedHash }) })
}

function readJson<T>(operation: KsefOperation, answer: HttpAnswer, schema: ZodType<T>): Result<T> {
  const parsed = schema.safeParse(parseJson(answer.body))
  if (parsed.success) return succeeded(parsed.data)
  // Paths and expectations only: an issue's message never repeats the value, which may be a token.
  const description = parsed.error.issues.map((issue) => `${issue.path.join('.')}: ${issue.code}`).join('; ')
  return failed(unreadable(operation, answer, { code: 'KSEF_ANSWER_UNREADABLE', description }))
}

/** Builds the transport. The agent belongs to the caller, who closes it. */
export function openHttp(settings: HttpSettings): KsefHttp {
  const outgoing = (call: KsefCall, bytesMax: number): Outgoing => ({
    operation: call.operation,
    url: urlOf(settings.baseUrl, call),
    call,
    bytesMax,
  })
  return {
    json: async (call, schema) =>
      perform(settings, outgoing(call, JSON_BYTES_MAX), (answer) => readJson(call.operation, answer, schema)),
    empty: async (call) => perform(settings, outgoing(call, JSON_BYTES_MAX), () => succeeded(undefined)),
    document: async (call) =>
      perform(settings, outgoing(call, DOCUMENT_BYTES_MAX), (answer) => readDocument(call.operation, answer)),
    foreignDocument: async (url) => {
      const operation = 'downloadUpo'
      const foreign = { operation, url, call: { operation }, bytesMax: DOCUMENT_BYTES_MAX } as const
      return perform(settings, foreign, (answer) => readDocument(operation, answer))
    },
  }
}
