/**
 * The way out to receivers. Whoever gave their address is a stranger: each connection is made to an address judged in that
 * moment, no redirect is followed, no proxy of the environment is used, nothing is unpacked, and of the answer little is read.
 */
import type { LookupFunction } from 'node:net'
import {
  type DestinationPolicy,
  faultOfUrl,
  type PostWebhook,
  type WebhookAnswer,
  type WebhookPost,
} from '@ksef-fleet/core'
import { Agent, type Dispatcher, request } from 'undici'
import { ADDRESS_REFUSED, publicLookup } from './public-lookup.ts'

const CONNECT_MS_MAX = 10_000
const KEEP_ALIVE_MS = 10_000
const HEADER_BYTES_MAX = 16_384
/** So much of an answer is read, so that its connection serves the next; a longer one costs the connection. */
const ANSWER_BYTES_MAX = 65_536
/** So much of it is kept. */
const EXTRACT_CHARACTERS_MAX = 500

export type WebhookPoster = { post: PostWebhook; close(): Promise<void> }

/** @param door.resolve instead of the system's resolver */
export function createWebhookPoster(
  policy: DestinationPolicy,
  door: { resolve?: LookupFunction } = {},
): WebhookPoster {
  const agent = new Agent({
    connect: { lookup: publicLookup(policy, door.resolve), timeout: CONNECT_MS_MAX },
    // As many as there are calls: each webhook's are bounded, and those of one host are not to wait for each other.
    connections: null,
    pipelining: 1,
    keepAliveTimeout: KEEP_ALIVE_MS,
    maxHeaderSize: HEADER_BYTES_MAX,
  })
  return {
    post: (message) => post(agent, policy, message),
    // What is still on its way has its own deadline.
    close: () => agent.close(),
  }
}

async function post(agent: Agent, policy: DestinationPolicy, message: WebhookPost): Promise<WebhookAnswer> {
  // An address in digits is never looked up, and the setting may be another one than when the webhook was made.
  if (faultOfUrl(message.url, policy) !== null) return { answered: false, code: 'WEBHOOK_ADDRESS_REFUSED' }
  const signal = AbortSignal.timeout(message.timeoutMs)
  try {
    const answer = await request(message.url, {
      dispatcher: agent,
      method: 'POST',
      headers: { ...message.headers, 'content-type': 'application/json', 'user-agent': 'ksef-fleet' },
      body: message.body,
      signal,
    })
    const { 'retry-after': retryAfter } = answer.headers
    return {
      answered: true,
      status: answer.statusCode,
      retryAfter: typeof retryAfter === 'string' ? retryAfter : null,
      extract: await extractOf(answer.body),
    }
  } catch (error) {
    return { answered: false, code: failureOf(error, signal) }
  }
}

function failureOf(error: unknown, signal: AbortSignal): Extract<WebhookAnswer, { answered: false }>['code'] {
  if (codes(error).includes(ADDRESS_REFUSED)) return 'WEBHOOK_ADDRESS_REFUSED'
  return signal.aborted ? 'WEBHOOK_TIMEOUT' : 'WEBHOOK_UNREACHABLE'
}

/** Of the error and of those behind it: where several addresses are tried, each has its own. */
function codes(error: unknown): unknown[] {
  if (!(error instanceof Error)) return []
  const own = 'code' in error ? [error.code] : []
  const behind = error instanceof AggregateError ? error.errors : [error.cause]
  return [...own, ...behind.flatMap(codes)]
}

/** The status has been said: what becomes of the body changes nothing. */
async function extractOf(body: Dispatcher.ResponseData['body']): Promise<string | null> {
  const read: Buffer[] = []
  let bytes = 0
  try {
    for await (const chunk of body) {
      read.push(chunk)
      bytes += chunk.byteLength
      if (bytes > ANSWER_BYTES_MAX) break
    }
  } catch {
    // Broken off or too slow.
  }
  const text = Buffer.concat(read).toString('utf8').slice(0, EXTRACT_CHARACTERS_MAX)
  const printable = text.replaceAll(/[\p{Cc}\p{Cs}]+/gu, ' ').trim()
  return printable === '' ? null : printable
}
