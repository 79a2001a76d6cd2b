import { type Agent, request } from 'undici'
import type { ZodType } from 'zod'
import { boundedText, failureOfAnswer, type HttpAnswer, isHtml, parseJson, unreadable } from './answer.ts'
import { ConnectionFailed, type Timeouts } from './connection.ts'
import type { KsefErrorCode } from './error-codes.ts'
import { failed, type KsefFailure, type KsefFailureKind, type Result, succeeded } from './failure.ts'
import { type KsefOperation, OPERATIONS } from './operations.ts'
import type { Sealed } from './sealed.ts'
import { readSystemWarnings, type SystemWarning } from './system-warning.ts'

const JSON_BYTES_MAX = 8_000_000
const DOCUMENT_BYTES_MAX = 32_000_000

/** One call as it ended, for logs and metrics. Holds no secret and no content. */
export type CallRecord = {
  readonly operation: KsefOperation
  readonly httpStatus?: number
  readonly durationMs: number
  readonly traceId?: string
  readonly failureKind?: KsefFailureKind
}

export type KsefCall = {
  readonly operation: KsefOperation
  /** Values for the braces in the operation's path. */
  readonly path?: { readonly [name: string]: string }
  readonly query?: { readonly [name: string]: string | number | undefined }
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
    if (value !== undefined) url.searchParams.set(name, String(value))
  }
  return url
}

async function perform(settings: HttpSettings, outgoing: Outgoing): Promise<Result<HttpAnswer>> {
  const { operation } = outgoing
  const started = performance.now()
  const record = (rest: Partial<CallRecord>) =>
    settings.onCall({ operation, durationMs: performance.now() - started, ...rest })
  let answer: HttpAnswer
  try {
    answer = await exchange(settings, outgoing)
  } catch (error) {
    const failure = failureOfError(operation, error)
    record({ failureKind: failure.kind })
    return failed(failure)
  }
  for (const warning of readSystemWarnings(operation, answer.headers['x-system-warning'])) {
    settings.onSystemWarning(warning)
  }
  if (answer.status >= 200 && answer.status < 300) {
    record({ httpStatus: answer.status })
    return succeeded(answer)
  }
  const failure = failureOfAnswer(operation, answer, settings.now())
  const traceId = failure.traceId === undefined ? {} : { traceId: failure.traceId }
  record({ httpStatus: answer.status, failureKind: failure.kind, ...traceId })
  return failed(failure)
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
  const call = (what: KsefCall, bytesMax: number) =>
    perform(settings, { operation: what.operation, url: urlOf(settings.baseUrl, what), call: what, bytesMax })
  return {
    async json(what, schema) {
      const answer = await call(what, JSON_BYTES_MAX)
      return answer.ok ? readJson(what.operation, answer.value, schema) : answer
    },
    async empty(what) {
      const answer = await call(what, JSON_BYTES_MAX)
      return answer.ok ? succeeded(undefined) : answer
    },
    async document(what) {
      const answer = await call(what, DOCUMENT_BYTES_MAX)
      return answer.ok ? readDocument(what.operation, answer.value) : answer
    },
    async foreignDocument(url) {
      const operation = 'downloadUpo'
      const answer = await perform(settings, {
        operation,
        url,
        call: { operation },
        bytesMax: DOCUMENT_BYTES_MAX,
      })
      return answer.ok ? readDocument(operation, answer.value) : answer
    },
  }
}
