// The batch operations on the wire, each against a real server.

import { randomBytes } from 'node:crypto'
import { mkdtemp, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterEach, beforeEach, describe, expect, test } from 'vitest'
import {
  createKsefClient,
  createSelfSignedCertificate,
  FORMS,
  type KsefClient,
  type KsefClientOptions,
  newSessionKey,
  Sealed,
  sha256Base64,
} from '../src/index.ts'
import { type Answer, json, type LocalServer, refusal, startLocalServer } from './local-server.ts'

const access = new Sealed('the-access-token')
const part = Buffer.from('the bytes of a part')

let directory: string
let server: LocalServer | undefined
let client: KsefClient | undefined
beforeEach(async () => {
  directory = await mkdtemp(join(tmpdir(), 'batch-session-'))
})
afterEach(async () => {
  await client?.close()
  await server?.[Symbol.asyncDispose]()
  client = undefined
  server = undefined
  await rm(directory, { recursive: true })
})
const serve = async (
  answers: { [methodAndPath: string]: Answer },
  options: Partial<KsefClientOptions> = {},
) => {
  server = await startLocalServer(answers)
  client = createKsefClient({ baseUrl: `${server.url}/v2`, ...options })
  return { server, client }
}
const status =
  (code: number, body = '', type = 'application/xml'): Answer =>
  (response) =>
    void response.writeHead(code, { 'content-type': type }).end(body)

const uploadTo = (url: string) => ({
  ordinalNumber: 1,
  method: 'PUT',
  url,
  headers: { 'x-ms-blob-type': 'BlockBlob' },
})
const uploadAgainst = async (answer: Answer, options: Partial<KsefClientOptions> = {}) => {
  const { client, server } = await serve({ 'PUT /storage/1': answer }, options)
  return client.batchSession.uploadPart(uploadTo(`${server.url}/storage/1?sig=a%2Bb`), part)
}
const spooled = async (bytes: Uint8Array, declared: Uint8Array = bytes) => {
  const path = join(directory, 'part-1.aes')
  await writeFile(path, bytes)
  return { path, fileSize: declared.length, fileHash: sha256Base64(declared) }
}

describe('opening', () => {
  const validity = { notBefore: new Date('2020-01-01T00:00:00Z'), notAfter: new Date('2090-01-01T00:00:00Z') }
  const opened = json(201, {
    referenceNumber: '20250626-SB-213D593000-4DE10D80A5-E9',
    partUploadRequests: [
      {
        ordinalNumber: 1,
        method: 'PUT',
        url: 'https://storage/1',
        headers: { 'x-ms-blob-type': 'BlockBlob', 'x-empty': null },
      },
    ],
  })
  const openAgainst = async (answer: Answer) => {
    const { certificatePem } = await createSelfSignedCertificate({
      nip: '1111111111',
      name: 'Ministerstwo',
      algorithm: 'rsa',
      ...validity,
    })
    const published = {
      certificate: certificatePem.replace(/-----[^-]+-----|\s/g, ''),
      usage: ['SymmetricKeyEncryption'],
      validFrom: '2020-01-01T00:00:00+00:00',
      validTo: '2090-01-01T00:00:00+00:00',
    }
    const { client, server } = await serve({
      'GET /v2/security/public-key-certificates': json(200, [published]),
      'POST /v2/sessions/batch': answer,
    })
    const file = { fileSize: part.length, fileHash: sha256Base64(part) }
    const result = await client.batchSession.open(access, {
      formCode: FORMS['FA (3)'].code,
      key: newSessionKey(randomBytes),
      package: { ...file, compressionType: 'TarGz', parts: [{ ordinalNumber: 1, ...file }] },
    })
    return { result, asked: server.seenAt('POST /v2/sessions/batch') }
  }

  test('names the session and where each part goes, without headers that are null', async () => {
    const { result, asked } = await openAgainst(opened)
    expect(result).toEqual({
      ok: true,
      value: {
        referenceNumber: '20250626-SB-213D593000-4DE10D80A5-E9',
        partUploads: [uploadTo('https://storage/1')],
      },
    })
    expect(JSON.parse(asked[0]?.body ?? '')).not.toHaveProperty('offlineMode')
  })

  test('is made once more with a fresh key when KSeF retired the one before', async () => {
    const { result, asked } = await openAgainst((response, request) =>
      (request.count === 1 ? refusal(21470) : opened)(response, request),
    )
    expect(result.ok).toBe(true)
    expect(asked).toHaveLength(2)
    expect(server?.seenAt('GET /v2/security/public-key-certificates')).toHaveLength(2)
  })

  test('is made twice at most', async () => {
    const { result, asked } = await openAgainst(refusal(21470))
    expect(result).toMatchObject({ failure: { code: 'KSEF_PUBLIC_KEY_RETIRED', effect: 'none' } })
    expect(asked).toHaveLength(2)
  })

  test.each([
    [refusal(21157), { code: 'BATCH_PART_TOO_LARGE', effect: 'none' }],
    [refusal(21161), { code: 'BATCH_PARTS_TOO_MANY', effect: 'none' }],
    [(response) => void response.destroy(), { code: 'KSEF_NO_ANSWER', effect: 'unknown' }],
    [json(503, {}), { code: 'KSEF_SERVER_ERROR', effect: 'unknown' }],
  ] satisfies [Answer, object][])(
    '%# fails with its code and effect, asked once',
    async (answer, failure) => {
      const { result, asked } = await openAgainst(answer)
      expect(result).toMatchObject({ ok: false, failure })
      expect(asked).toHaveLength(1)
    },
  )
})

describe('uploading a part', () => {
  test('sends its bytes with the given headers and nothing of ours', async () => {
    expect(await uploadAgainst(status(201))).toEqual({ ok: true, value: undefined })
    const [seen] = server?.seen ?? []
    expect(seen).toMatchObject({ method: 'PUT', path: '/storage/1?sig=a%2Bb', body: part.toString() })
    expect(Object.keys(seen?.headers ?? {}).sort()).toEqual([
      'connection',
      'content-length',
      'host',
      'x-ms-blob-type',
    ])
    expect(seen?.headers['content-length']).toBe(String(part.length))
  })

  test('streams a file and says its length first', async () => {
    const { client, server } = await serve({ 'PUT /storage/1': status(201) })
    const body = await spooled(Buffer.alloc(3_000_000, 'abc'))
    const calls: unknown[] = []
    const watched = client.observedBy((call) => calls.push(call))
    const result = await watched.batchSession.uploadPart(uploadTo(`${server.url}/storage/1`), body)
    expect(result.ok).toBe(true)
    expect(server.seen[0]?.headers).toMatchObject({ 'content-length': '3000000' })
    expect(server.seen[0]?.headers).not.toHaveProperty('transfer-encoding')
    expect(sha256Base64(server.seen[0]?.body ?? '')).toBe(body.fileHash)
    expect(calls).toMatchObject([{ operation: 'uploadBatchPart', httpStatus: 201 }])
  })

  test.each([
    [status(403, '<Error><Code>AuthenticationFailed</Code></Error>'), 'gone', 'PART_UPLOAD_EXPIRED'],
    [status(404), 'gone', 'PART_UPLOAD_EXPIRED'],
    [status(400), 'refused', 'PART_UPLOAD_REFUSED'],
    [status(401), 'refused', 'PART_UPLOAD_REFUSED'],
    [status(403, '<html>blocked</html>', 'text/html'), 'forbidden', 'KSEF_BLOCKED_BY_SECURITY'],
    [status(429), 'rate-limited', 'KSEF_RATE_LIMITED'],
    [status(503), 'server', 'KSEF_SERVER_ERROR'],
    [status(307), 'unreadable', 'KSEF_REDIRECTED'],
    [(response) => void response.destroy(), 'no-answer', 'KSEF_NO_ANSWER'],
  ] satisfies [Answer, string, string][])(
    '%# that fails (%s, %s) may be made again',
    async (answer, kind, code) => {
      expect(await uploadAgainst(answer)).toMatchObject({
        ok: false,
        failure: { operation: 'uploadBatchPart', kind, code, effect: 'none' },
      })
    },
  )

  test('waits for its own time and not for that of other calls', async () => {
    const slow: Answer = (response) => void setTimeout(() => response.writeHead(201).end(), 300)
    const timeouts = { totalMs: 100, headersMs: 100, uploadMs: 10_000 }
    expect(await uploadAgainst(slow, { timeouts })).toMatchObject({ ok: true })
  })

  test('ends when its own time is over', async () => {
    expect(await uploadAgainst(() => {}, { timeouts: { uploadMs: 100 } })).toMatchObject({
      failure: { kind: 'no-answer', code: 'KSEF_NO_ANSWER' },
    })
  })

  test('to another host, or by another method, is refused without a packet', async () => {
    const { client, server } = await serve({ 'PUT /storage/1': status(201) })
    const { port } = new URL(server.url)
    const asked = [
      uploadTo(`http://localhost:${port}/storage/1`),
      uploadTo('file:///etc/passwd'),
      { ...uploadTo(`${server.url}/storage/1`), method: 'POST' },
    ]
    for (const upload of asked)
      expect(await client.batchSession.uploadPart(upload, part)).toMatchObject({
        failure: { code: 'PART_ADDRESS_REFUSED', effect: 'none' },
      })
    expect(server.seen).toHaveLength(0)
  })

  test('of a file that is gone or was cut asks nobody', async () => {
    const { client, server } = await serve({ 'PUT /storage/1': status(201) })
    const to = uploadTo(`${server.url}/storage/1`)
    const cut = await spooled(part.subarray(1), part)
    const gone = { ...cut, path: join(directory, 'none') }
    for (const body of [cut, gone])
      expect(await client.batchSession.uploadPart(to, body)).toMatchObject({
        failure: { code: 'PART_FILE_LOST', effect: 'none' },
      })
    expect(server.seen).toHaveLength(0)
  })

  test('of a file with other bytes of the same size never comes to its end', async () => {
    const { client, server } = await serve({ 'PUT /storage/1': status(201) })
    const body = await spooled(Buffer.alloc(part.length), part)
    const result = await client.batchSession.uploadPart(uploadTo(`${server.url}/storage/1`), body)
    expect(result).toMatchObject({ failure: { code: 'PART_FILE_LOST', effect: 'none' } })
    expect(server.seen).toHaveLength(0)
  })
})

describe('closing and finding again', () => {
  test('closing twice is closed and then already closed', async () => {
    const { client } = await serve({
      'POST /v2/sessions/batch/S/close': (response, request) =>
        request.count === 1 ? void response.writeHead(204).end() : refusal(21180)(response, request),
    })
    expect(await client.batchSession.close(access, 'S')).toEqual({ ok: true, value: 'closed' })
    expect(await client.batchSession.close(access, 'S')).toEqual({ ok: true, value: 'already-closed' })
  })

  test.each([
    [21157, 'BATCH_PART_SIZE_MISMATCH'],
    [21173, 'KSEF_SESSION_NOT_FOUND'],
    [21205, 'BATCH_PART_MISSING'],
    [21208, 'BATCH_UPLOAD_TOO_LATE'],
  ])('%i says %s', async (number, code) => {
    const { client } = await serve({ 'POST /v2/sessions/batch/S/close': refusal(number) })
    expect(await client.batchSession.close(access, 'S')).toMatchObject({ failure: { code, effect: 'none' } })
  })

  test('sessions are listed by type and time, page by page', async () => {
    const row = {
      referenceNumber: 'S',
      status: { code: 100, description: 'Otwarta' },
      dateCreated: '2026-11-28T10:00:00+00:00',
      dateUpdated: '2026-11-28T10:00:00+00:00',
      validUntil: null,
      totalInvoiceCount: 0,
      successfulInvoiceCount: 0,
      failedInvoiceCount: 0,
    }
    const { client, server } = await serve({
      'GET /v2/sessions': json(200, { continuationToken: 'next', sessions: [row] }),
    })
    const dateCreatedFrom = new Date('2026-11-28T09:00:00Z')
    const result = await client.sessions.list(access, {
      sessionType: 'Batch',
      dateCreatedFrom,
      statuses: ['InProgress', 'Failed'],
      pageSize: 100,
      continuationToken: 'this',
    })
    expect(result).toMatchObject({
      ok: true,
      value: {
        continuationToken: 'next',
        sessions: [{ referenceNumber: 'S', status: { code: 100 }, totalInvoiceCount: 0 }],
      },
    })
    expect(result.ok && result.value.sessions[0]).not.toHaveProperty('validUntil')
    expect(server.seen[0]?.headers['x-continuation-token']).toBe('this')
    const { searchParams } = new URL(server.seen[0]?.path ?? '', server.url)
    expect([...searchParams].sort()).toEqual([
      ['dateCreatedFrom', '2026-11-28T09:00:00.000Z'],
      ['pageSize', '100'],
      ['sessionType', 'Batch'],
      ['statuses', 'Failed'],
      ['statuses', 'InProgress'],
    ])
  })
})
