// Each fault of the wire against a real server. What counts is how often the server saw the request.

import { randomBytes } from 'node:crypto'
import { type AddressInfo, createServer as createTcpServer } from 'node:net'
import { afterEach, beforeEach, describe, expect, test } from 'vitest'
import {
  type CallRecord,
  createKsefClient,
  encryptInvoice,
  type KsefClient,
  newSessionKey,
  Sealed,
} from '../src/index.ts'
import { type Answer, json, type LocalServer, refusal, startLocalServer } from './local-server.ts'

const SESSION = '20260918-SO-2F15D39000-242207E5C4-1B'
const INVOICES = `POST /v2/sessions/online/${SESSION}/invoices`
const STATUS = `GET /v2/sessions/${SESSION}`
const access = new Sealed('eyJhbGciOiJIUzI1NiJ9.planted-access-token.c2ln')
const invoice = encryptInvoice(Buffer.from('<Faktura/>'), newSessionKey(randomBytes))
const timeouts = { connectMs: 1_000, headersMs: 60_000, bodyMs: 60_000, totalMs: 30_000 }
/** For answers that never end: short, since waiting is all there is to it. */
const impatient = { ...timeouts, totalMs: 700 }

let server: LocalServer | undefined
let client: KsefClient | undefined
let calls: CallRecord[] = []
beforeEach(() => {
  calls = []
})
afterEach(async () => {
  await client?.close()
  await server?.[Symbol.asyncDispose]()
  client = undefined
  server = undefined
})

const serve = async (
  answers: { [methodAndPath: string]: Answer },
  options: Partial<Parameters<typeof createKsefClient>[0]> = {},
) => {
  server = await startLocalServer(answers)
  client = createKsefClient({
    baseUrl: `${server.url}/v2`,
    timeouts,
    onCall: (call) => calls.push(call),
    ...options,
  })
  return { server, client }
}

/** Sends one invoice against one answer and tells what came of it and how often the server was asked. */
const sendAgainst = async (answer: Answer, options: { timeouts?: typeof timeouts } = {}) => {
  const { client, server } = await serve({ [INVOICES]: answer }, options)
  const result = await client.onlineSession.sendInvoice(access, SESSION, invoice)
  return { result, requests: server.seenAt(INVOICES).length }
}

const BROKEN: [string, Answer][] = [
  ['the connection is dropped before an answer', (response) => response.destroy()],
  [
    'the answer is cut in its body',
    (response) => {
      response.writeHead(202, { 'content-type': 'application/json', 'content-length': '500' })
      response.write('{"referenceNumber":"2026')
      setTimeout(() => response.destroy(), 30)
    },
  ],
  [
    'the answer is cut in its headers',
    (response) => {
      response.socket?.write('HTTP/1.1 202 Acc')
      setTimeout(() => response.socket?.destroy(), 30)
    },
  ],
  ['no answer comes in time', () => {}],
  [
    'the body never ends in time',
    (response) => {
      response.writeHead(202, { 'content-type': 'application/json' })
      response.write('{')
    },
  ],
  [
    'the answer is no HTTP',
    (response) => {
      response.socket?.end('hello\r\n\r\n')
    },
  ],
]

describe('a POST whose answer is broken', () => {
  test.each(BROKEN)('%s: unknown, and asked exactly once', async (_, answer) => {
    const { result, requests } = await sendAgainst(answer, { timeouts: impatient })
    expect(result).toMatchObject({
      ok: false,
      failure: { kind: 'no-answer', effect: 'unknown', code: 'KSEF_NO_ANSWER' },
    })
    expect(requests).toBe(1)
    expect(calls).toMatchObject([{ operation: 'sendInvoice', failureKind: 'no-answer' }])
  })

  test('an oversized answer is not read to its end', async () => {
    let written = 0
    const { result, requests } = await sendAgainst((response) => {
      response.writeHead(202)
      const pump = () => {
        while (!response.destroyed && written < 50_000_000) {
          written += 100_000
          if (!response.write('x'.repeat(100_000))) return void response.once('drain', pump)
        }
      }
      pump()
    })
    expect(result).toMatchObject({ ok: false, failure: { code: 'KSEF_ANSWER_TOO_LARGE', effect: 'unknown' } })
    expect(requests).toBe(1)
    expect(written).toBeLessThan(50_000_000)
  })

  test.each([
    ['not JSON', 'ok'],
    ['JSON of another shape', '{"reference":"x"}'],
    ['an empty body', ''],
    ['HTML', '<html>login</html>'],
  ])('202 with %s: it may have happened', async (_, body) => {
    const { result } = await sendAgainst((response) => void response.writeHead(202).end(body))
    expect(result).toMatchObject({
      ok: false,
      failure: { kind: 'unreadable', effect: 'unknown', httpStatus: 202 },
    })
  })

  test('a kept-alive connection that dies under the second POST is not repeated', async () => {
    const { client, server } = await serve({
      [INVOICES]: (response, { count }) => {
        if (count > 1) response.socket?.resetAndDestroy()
        else
          json(202, { referenceNumber: '20260918-EE-2F15D39000-242207E5C4-1B' })(response, {
            count,
            method: '',
            path: '',
            headers: {},
            body: '',
          })
      },
    })
    expect(await client.onlineSession.sendInvoice(access, SESSION, invoice)).toMatchObject({ ok: true })
    expect(await client.onlineSession.sendInvoice(access, SESSION, invoice)).toMatchObject({
      ok: false,
      failure: { kind: 'no-answer', effect: 'unknown' },
    })
    expect(server.seenAt(INVOICES)).toHaveLength(2)
  })
})

describe('a request that never left', () => {
  const refusedAt = async (baseUrl: string) => {
    client = createKsefClient({ baseUrl, timeouts })
    return client.onlineSession.sendInvoice(access, SESSION, invoice)
  }

  test('a refused connection changed nothing', async () => {
    const closed = await startLocalServer({})
    const { url } = closed
    await closed[Symbol.asyncDispose]()
    expect(await refusedAt(url)).toMatchObject({
      ok: false,
      failure: { kind: 'connection', effect: 'none', code: 'KSEF_UNREACHABLE' },
    })
  })

  test('a name that does not resolve changed nothing', async () => {
    expect(await refusedAt('http://no-such-host.invalid')).toMatchObject({
      failure: { kind: 'connection', effect: 'none' },
    })
  })

  test('TLS that fails changed nothing, although the socket was open', async () => {
    const plain = createTcpServer((socket) =>
      socket
        .on('error', () => {})
        .resume()
        .end('no TLS here\r\n'),
    )
    await new Promise<void>((resolve) => plain.listen(0, '127.0.0.1', resolve))
    const { port } = plain.address() as AddressInfo
    expect(await refusedAt(`https://127.0.0.1:${port}`)).toMatchObject({
      failure: { kind: 'connection', effect: 'none' },
    })
    await new Promise((resolve) => plain.close(resolve))
  })
})

describe('answers that say no', () => {
  test('429 with seconds', async () => {
    const { result, requests } = await sendAgainst(json(429, {}, { 'retry-after': '30' }))
    expect(result).toMatchObject({ failure: { kind: 'rate-limited', effect: 'none', retryAfterSeconds: 30 } })
    expect(requests).toBe(1)
  })

  test('429 with a date, counted from our clock and rounded up', async () => {
    const { client } = await serve(
      { [INVOICES]: json(429, {}, { 'retry-after': 'Sun, 22 Nov 2026 10:00:30 GMT' }) },
      { now: () => new Date('2026-11-22T09:59:59.500Z') },
    )
    expect(await client.onlineSession.sendInvoice(access, SESSION, invoice)).toMatchObject({
      failure: { retryAfterSeconds: 31 },
    })
  })

  test('HTML from a firewall is not a missing permission', async () => {
    const { result } = await sendAgainst((response) => {
      response
        .writeHead(403, { 'content-type': 'text/html' })
        .end('<html><body>Request Rejected</body></html>')
    })
    expect(result).toMatchObject({
      failure: { kind: 'forbidden', code: 'KSEF_BLOCKED_BY_SECURITY', effect: 'none' },
    })
  })

  test.each([301, 302, 307, 308])('a redirect %i is not followed', async (status) => {
    const { client, server } = await serve({
      [INVOICES]: (response) => void response.writeHead(status, { location: '/v2/elsewhere' }).end(),
    })
    const result = await client.onlineSession.sendInvoice(access, SESSION, invoice)
    expect(result).toMatchObject({
      failure: { code: 'KSEF_REDIRECTED', effect: 'unknown', httpStatus: status },
    })
    expect(server.seen).toHaveLength(1)
  })

  test.each([500, 502, 503, 504])(
    '%i on a POST may hide a success, on a read it changes nothing',
    async (status) => {
      const { client, server } = await serve({ [INVOICES]: json(status, {}), [STATUS]: json(status, {}) })
      expect(await client.onlineSession.sendInvoice(access, SESSION, invoice)).toMatchObject({
        failure: { kind: 'server', effect: 'unknown' },
      })
      expect(await client.sessions.status(access, SESSION)).toMatchObject({
        failure: { kind: 'server', effect: 'none' },
      })
      expect(server.seen).toHaveLength(2)
    },
  )

  test('21184 asks for another session', async () => {
    const { result } = await sendAgainst(refusal(21184))
    expect(result).toMatchObject({
      failure: { code: 'SESSION_PAUSED', exceptionCode: 21184, effect: 'none' },
    })
  })
})

describe('what goes out and what is told', () => {
  test('a call carries the token as bearer, asks for problem details and has a bounded record', async () => {
    const { client, server } = await serve(
      { [STATUS]: json(401, { detail: `Token ${access.reveal()}` }) },
      { userAgent: 'test/1' },
    )
    const result = await client.sessions.status(access, SESSION)
    expect(server.seen[0]?.headers).toMatchObject({
      authorization: `Bearer ${access.reveal()}`,
      'x-error-format': 'problem-details',
      'user-agent': 'test/1',
    })
    expect(JSON.stringify([result, calls])).not.toContain('planted')
    expect(calls).toEqual([
      {
        operation: 'getSessionStatus',
        httpStatus: 401,
        failureKind: 'unauthorized',
        failureCode: 'KSEF_UNAUTHORIZED',
        referenceNumber: SESSION,
        durationMs: expect.any(Number),
      },
    ])
  })

  test('system warnings reach the listener', async () => {
    const warnings: unknown[] = []
    const { client } = await serve(
      {
        [STATUS]: json(
          200,
          { status: { code: 100, description: 'Otwarta' } },
          { 'x-system-warning': '[sig-001]: old habit' },
        ),
      },
      { onSystemWarning: (warning) => warnings.push(warning) },
    )
    await client.sessions.status(access, SESSION)
    expect(warnings).toEqual([{ operation: 'getSessionStatus', code: 'sig-001', message: 'old habit' }])
  })

  test.each(['../../tokens', 'a/b', 'a?b', '..%2f'])(
    'a reference %j stays within its place in the path',
    async (reference) => {
      const { client, server } = await serve({})
      await client.sessions.status(access, reference)
      expect(server.seen[0]?.path).toBe(`/v2/sessions/${encodeURIComponent(reference)}`)
    },
  )

  test('an empty reference is a bug, not a request', async () => {
    const { client, server } = await serve({})
    await expect(client.sessions.status(access, '')).rejects.toThrow(TypeError)
    expect(server.seen).toHaveLength(0)
  })
})
