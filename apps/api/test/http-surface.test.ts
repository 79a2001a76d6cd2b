import { connect } from 'node:net'
import { gzipSync } from 'node:zlib'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { invoiceOf, type RunningApi, startApi } from './running-api.ts'
import { exchange, listen, request } from './wire.ts'

let api: RunningApi
let port: number
beforeAll(async () => {
  api = await startApi()
  port = await listen(api.app)
})
afterAll(() => api?.[Symbol.asyncDispose]())

const bearer = () => `Authorization: Bearer ${api.providerKey}`
const statusOf = (raw: string): number => Number(/^HTTP\/1\.1 (\d{3})/.exec(raw)?.[1])
const bodyOf = (raw: string) => JSON.parse(raw.slice(raw.indexOf('\r\n\r\n') + 4))

describe('on the wire', () => {
  test('two Authorization headers are refused though the first is valid', async () => {
    expect(statusOf(await exchange(port, request('GET /v1/companies', bearer())))).toBe(200)
    expect(statusOf(await exchange(port, request('GET /v1/companies', bearer(), bearer())))).toBe(401)
    expect(statusOf(await exchange(port, request('GET /v1/companies', bearer(), 'authorization: x')))).toBe(
      401,
    )
  })

  test.each<[string, () => string, number]>([
    ['a line that is not HTTP', () => 'HELLO\r\n\r\n', 400],
    ['no Host', () => 'GET /healthz HTTP/1.1\r\nConnection: close\r\n\r\n', 400],
    ['NUL in a header', () => request('GET /v1/companies', 'X-A: a\0b'), 400],
    ['headers of 20 kB', () => request('GET /healthz', `X-A: ${'a'.repeat(20_000)}`), 431],
    [
      'a length and chunks at once',
      () =>
        `${request('POST /v1/companies', bearer(), 'Content-Length: 5', 'Transfer-Encoding: chunked').slice(0, -2)}\r\n0\r\n\r\n`,
      400,
    ],
    [
      'two lengths',
      () => request('POST /v1/companies', bearer(), 'Content-Length: 5', 'Content-Length: 6'),
      400,
    ],
    ['a length that is no number', () => request('POST /v1/companies', bearer(), 'Content-Length: 5x'), 400],
    [
      'a chunk size that is no number',
      () =>
        `${request('POST /v1/companies', bearer(), 'Content-Type: application/json', 'Transfer-Encoding: chunked')}zz\r\n`,
      400,
    ],
  ])('%s is answered as a problem document and hung up on', async (...[, raw, status]) => {
    const answer = await exchange(port, raw())
    expect(statusOf(answer), answer).toBe(status)
    if (answer.includes('problem+json'))
      expect(bodyOf(answer)).toMatchObject({ code: 'REQUEST_INVALID', status })
    expect(answer).not.toMatch(/\bat .*\.(ts|js):\d+/)
  })

  test('a body cut short leaves no row', async () => {
    const before = await api.counts()
    const xml = invoiceOf(api.a.nip)
    const head = request(
      `POST /v1/companies/${api.a.id}/invoices`,
      bearer(),
      'Content-Type: application/xml',
      `Content-Length: ${xml.byteLength}`,
    )
    const socket = connect(port, '127.0.0.1')
    socket.write(head)
    socket.write(xml.subarray(0, 700))
    await new Promise((resolve) => setTimeout(resolve, 50))
    socket.destroy()
    const whole = await exchange(port, head, xml)
    expect(statusOf(whole)).toBe(202)
    const after = await api.counts()
    expect(after['public.submissions']).toBe(before['public.submissions']! + 1)
  })

  test.each([
    '/v1/companies/../companies',
    '/v1/%2e%2e/healthz',
    '/v1/./companies',
    'http://fleet/v1/../healthz',
  ])('the path %s is not normalised into another', async (path) => {
    expect(statusOf(await exchange(port, request(`GET ${path}`, bearer())))).toBe(404)
  })

  test('requests sent down one connection at once are answered in order', async () => {
    const two = `GET /healthz HTTP/1.1\r\nHost: x\r\n\r\n${request('GET /v1/companies')}`
    expect((await exchange(port, two)).match(/HTTP\/1\.1 \d{3}/g)).toEqual(['HTTP/1.1 200', 'HTTP/1.1 401'])
  })

  test('a chunked body is taken', async () => {
    const body = JSON.stringify({ nip: '1010101010', name: 'Chunked' })
    const chunks = `${body.length.toString(16)}\r\n${body}\r\n0\r\n\r\n`
    const head = request(
      'POST /v1/companies',
      bearer(),
      'Content-Type: application/json',
      'Transfer-Encoding: chunked',
    )
    expect(statusOf(await exchange(port, head, chunks))).toBe(201)
  })
})

describe('time and size', () => {
  test('of a request are bounded', () => {
    const { server, initialConfig } = api.app
    expect(server.requestTimeout).toBe(960_000)
    expect(server.headersTimeout).toBe(15_000)
    expect(server.timeout).toBe(75_000)
    expect(initialConfig.bodyLimit).toBe(65_536)
  })

  test('a gzip bomb is refused unopened', async () => {
    const bomb = gzipSync(Buffer.alloc(2_000_000, 0x20))
    for (const encoding of ['gzip', 'deflate', 'br', 'GZIP', 'gzip, gzip']) {
      const answer = await api.call({
        url: `/v1/companies/${api.a.id}/invoices`,
        xml: bomb,
        headers: { 'content-encoding': encoding },
      })
      expect([answer.statusCode, answer.json().code]).toEqual([415, 'MEDIA_TYPE_UNSUPPORTED'])
    }
  })
})

describe('methods and paths', () => {
  test.each<[NonNullable<Parameters<RunningApi['call']>[0]['method']>, string, string]>([
    ['DELETE', '/v1/companies', 'GET, HEAD, POST'],
    ['PUT', '/v1/companies', 'GET, HEAD, POST'],
    ['PATCH', '/v1/companies', 'GET, HEAD, POST'],
    ['OPTIONS', '/v1/companies', 'GET, HEAD, POST'],
    ['POST', '/v1/companies/0/invoices/0', 'GET, HEAD'],
    ['GET', '/v1/companies/0/invoices/0/release', 'POST'],
    ['GET', '/v1/api-keys/0', 'DELETE'],
    ['POST', '/healthz', 'GET, HEAD'],
  ])('%s %s answers 405 with the methods there are', async (...[method, url, allow]) => {
    const answer = await api.call({ method, url })
    expect([answer.statusCode, answer.json().code, answer.headers.allow]).toEqual([
      405,
      'METHOD_NOT_ALLOWED',
      allow,
    ])
  })

  test.each([
    '/',
    '/v1',
    '/v2/companies',
    '/v1/companies/',
    '/V1/companies',
    '/v1/Companies',
    '/v1//companies',
    '/v1/companies%2f',
    '/%zz',
    '/.env',
    '/ops/queues',
    '/ops/queues/api/queues',
    `/${'a'.repeat(3_000)}`,
  ])('GET %s answers 404', async (url) => {
    const answer = await api.call({ url })
    expect([answer.statusCode, answer.json().code]).toEqual([404, 'NOT_FOUND'])
  })

  test('HEAD answers like GET without a body', async () => {
    const answer = await api.call({ method: 'HEAD', url: '/v1/companies' })
    expect([answer.statusCode, answer.body]).toEqual([200, ''])
  })

  test('a method cannot be overridden by header or query', async () => {
    const headers = { 'x-http-method-override': 'DELETE', 'x-method-override': 'DELETE' }
    const answer = await api.call({ url: '/v1/api-keys?_method=DELETE', headers })
    expect(answer.statusCode).toBe(200)
  })
})

describe('every answer', () => {
  test.each([
    ['/v1/companies', 200],
    ['/v1/companies/x', 404],
    ['/healthz', 200],
    ['/openapi.json', 200],
  ])('of %s may not be cached, framed, sniffed or read by another site', async (url, status) => {
    const answer = await api.call({ url, headers: { origin: 'https://elsewhere.example' } })
    expect(answer.statusCode).toBe(status)
    expect(answer.headers).toMatchObject({
      'cache-control': 'no-store',
      'x-content-type-options': 'nosniff',
      'x-frame-options': 'SAMEORIGIN',
      'referrer-policy': 'no-referrer',
      'cross-origin-resource-policy': 'same-origin',
      'content-security-policy': "default-src 'none';frame-ancestors 'none';base-uri 'none'",
      'x-request-id': expect.stringMatching(/\S/),
    })
    expect(answer.headers['access-control-allow-origin']).toBeUndefined()
    expect(answer.headers['server']).toBeUndefined()
    expect(answer.headers['x-powered-by']).toBeUndefined()
  })

  test('takes no address from Host or X-Forwarded headers', async () => {
    const headers = {
      host: 'evil.example',
      'x-forwarded-host': 'evil.example',
      'x-forwarded-proto': 'gopher',
    }
    const made = await api.call({ url: '/v1/companies', json: { nip: '2020202020', name: 'x' }, headers })
    expect(made.headers.location).toMatch(/^\/v1\//)
    expect(made.body).not.toContain('evil')
  })
})

describe('a failure of ours', () => {
  test('is answered without a stack, a query or a name of a table', async () => {
    const broken = async (): Promise<never> => {
      throw new Error('relation "submissions" in /srv/app/src/stores.ts select * from api_keys')
    }
    await using own = await startApi({ inspect: broken })
    const answer = await own.call({ url: `/v1/companies/${own.a.id}/invoices`, xml: invoiceOf(own.a.nip) })
    expect([answer.statusCode, answer.json().code]).toEqual([500, 'INTERNAL'])
    expect(answer.body).not.toMatch(/relation|select|stores|\.ts/)
    const line = own.lines.map((each) => JSON.parse(each)).find((each) => each.event === 'request.failed')
    expect(line).toMatchObject({ requestId: answer.json().requestId, code: 'INTERNAL' })
  })
})
