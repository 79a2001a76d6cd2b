import { Readable } from 'node:stream'
import { type Agent, type Dispatcher, request } from 'undici'
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
  readonly admit: Guard
}

/** Asked before each request; a failure in its answer is the call's, and nothing leaves. */
export type Guard = (call: GuardedCall) => Promise<KsefFailure | null>

export type GuardedCall = {
  readonly operation: KsefOperation
  /** Resolves when the call is over, however it ended: by then it has arrived at KSeF, if it ever does. Never rejects. */
  readonly ended: Promise<void>
}

/** A document with its SHA-256 from `x-ms-meta-hash`, when the answer carried one. */
export type Document = { readonly bytes: Uint8Array; readonly announcedHash?: string }

/** The transport: one request per call, read whole, classified. It never repeats and never follows. */
export type KsefHttp = {
  json<T>(call: KsefCall, schema: ZodType<T>): Promise<Result<T>>
  empty(call: KsefCall): Promise<Result<void>>
  document(call: KsefCall): Promise<Result<Document>>
  /** Asks an address that is not of KSeF's API, without our access token. */
  foreignJson<T>(operation: KsefOperation, url: URL, schema: ZodType<T>): Promise<Result<T>>
  /** Fetches a pre-signed address without our access token. The caller has checked the address. */
  foreignDocument(url: URL): Promise<Result<Document>>
  /**
   * Fetches a pre-signed address without our access token and hands its bytes on as they come; never more than `bytesMax`.
   * What `write` throws is thrown. The caller has checked the address.
   */
  download(url: URL, sink: Sink): Promise<Result<void>>
  /** Puts bytes to a pre-signed address without our access token. The caller has checked the address. */
  upload(url: URL, content: UploadContent): Promise<Result<void>>
}

/** What is put to a storage: these headers and no others of ours, and as many bytes as announced. */
export type UploadContent = {
  readonly headers: { readonly [name: string]: string }
  readonly body: Uint8Array | AsyncIterable<Uint8Array>
  readonly bytes: number
}

/** Takes the bytes of a download, one piece after another. */
export type Sink = {
  readonly bytesMax: number
  readonly write: (piece: Uint8Array) => Promise<void>
}

type Outgoing = {
  readonly operation: KsefOperation
  readonly url: URL
  readonly call: KsefCall
  readonly bytesMax: number
  readonly content?: UploadContent
  readonly sink?: Sink
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

async function pour(body: AsyncIterable<Uint8Array>, { bytesMax, write }: Sink): Promise<void> {
  let size = 0
  for await (const piece of body) {
    size += piece.length
    if (size > bytesMax) throw new AnswerTooLarge(`more than ${bytesMax} bytes`)
    await write(piece)
  }
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

/** A storage may write 100 MB down before it answers; undici starts this time anew with every piece that leaves. */
const UPLOAD_SILENCE_MS = 120_000

type Sent = Pick<Dispatcher.RequestOptions, 'headers' | 'body' | 'signal' | 'headersTimeout'>

function whatIsSent(settings: HttpSettings, { call, content, sink }: Outgoing): Sent {
  const { timeouts, userAgent } = settings
  if (content === undefined)
    return {
      headers: headersOf(call, userAgent),
      body: call.json === undefined ? (call.xml ?? null) : JSON.stringify(call.json),
      signal: AbortSignal.timeout(sink === undefined ? timeouts.totalMs : timeouts.uploadMs),
    }
  const { body, bytes, headers } = content
  return {
    headers: { ...headers, 'content-length': String(bytes) },
    body: body instanceof Uint8Array ? body : Readable.from(body, { objectMode: false }),
    signal: AbortSignal.timeout(timeouts.uploadMs),
    headersTimeout: UPLOAD_SILENCE_MS,
  }
}

const isGood = (status: number): boolean => status >= 200 && status < 300

async function exchange(settings: HttpSettings, outgoing: Outgoing): Promise<HttpAnswer> {
  const answer = await request(outgoing.url, {
    dispatcher: settings.agent,
    method: OPERATIONS[outgoing.operation].method,
    ...whatIsSent(settings, outgoing),
  })
  const headers = Object.fromEntries(
    Object.entries(answer.headers).map(([name, value]) => [
      name,
      Array.isArray(value) ? value.join(', ') : value,
    ]),
  )
  const status = answer.statusCode
  if (outgoing.sink === undefined || !isGood(status))
    return { status, headers, body: await readWhole(answer.body, outgoing.bytesMax) }
  await pour(answer.body, outgoing.sink)
  return { status, headers, body: new Uint8Array() }
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
  const result = isGood(answer.status)
    ? read(answer)
    : failed(failureOfAnswer(operation, answer, settings.now()))
  return { result, answer }
}

/** A pre-signed address, or the lighthouse's, is not KSeF's API: nobody counts it. */
const isForeign = ({ operation }: Outgoing): boolean => OPERATIONS[operation].path === null

/** Makes the call, reads its answer and tells the observer, also of an answer that could not be read. */
async function perform<T>(
  settings: HttpSettings,
  outgoing: Outgoing,
  read: (answer: HttpAnswer) => Result<T>,
): Promise<Result<T>> {
  const { operation, call } = outgoing
  const { promise: ended, resolve: end } = Promise.withResolvers<void>()
  try {
    const refused = isForeign(outgoing) ? null : await settings.admit({ operation, ended })
    if (refused !== null) return failed(refused)
    const started = performance.now()
    const { result, answer } = await outcomeOf(settings, outgoing, read)
    const durationMs = performance.now() - started
    settings.onCall(recordOf({ operation, path: call.path, durationMs, answer, result }))
    return result
  } finally {
    // Also when another guard refused what one had counted.
    end()
  }
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
    foreignJson: async (operation, url, schema) => {
      const foreign = { operation, url, call: { operation }, bytesMax: JSON_BYTES_MAX } as const
      return perform(settings, foreign, (answer) => readJson(operation, answer, schema))
    },
    foreignDocument: async (url) => {
      const operation = 'downloadUpo'
      const foreign = { operation, url, call: { operation }, bytesMax: DOCUMENT_BYTES_MAX } as const
      return perform(settings, foreign, (answer) => readDocument(operation, answer))
    },
    download: async (url, sink) => {
      const operation = 'downloadExportPart'
      // Whoever writes the pieces down may fail as well, and that is nothing KSeF did.
      let thrown: { readonly error: unknown } | undefined
      const write = async (piece: Uint8Array): Promise<void> => {
        try {
          await sink.write(piece)
        } catch (error) {
          thrown = { error }
          throw error
        }
      }
      const foreign = { operation, url, call: { operation }, bytesMax: JSON_BYTES_MAX } as const
      const result = await perform(settings, { ...foreign, sink: { ...sink, write } }, () =>
        succeeded(undefined),
      )
      if (thrown !== undefined) throw thrown.error
      return result
    },
    upload: async (url, content) => {
      const operation = 'uploadBatchPart'
      const foreign = { operation, url, call: { operation }, bytesMax: JSON_BYTES_MAX, content } as const
      return perform(settings, foreign, () => succeeded(undefined))
    },
  }
}
