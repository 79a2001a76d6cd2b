import { afterEach, describe, expect, test } from 'vitest'
import { createKsefClient, type KsefClient, Sealed, sha256Base64 } from '../src/index.ts'
import { type Answer, json, type LocalServer, refusal, startLocalServer } from './local-server.ts'

const access = new Sealed('the-access-token')
const upo = '<?xml version="1.0"?><Potwierdzenie/>'

let server: LocalServer | undefined
let client: KsefClient | undefined
afterEach(async () => {
  await client?.close()
  await server?.[Symbol.asyncDispose]()
  client = undefined
  server = undefined
})
const serve = async (answers: { [methodAndPath: string]: Answer }) => {
  server = await startLocalServer(answers)
  client = createKsefClient({ baseUrl: `${server.url}/v2` })
  return { server, client }
}
const xml =
  (body: string, headers: Record<string, string> = {}): Answer =>
  (response) => {
    response.writeHead(200, { 'content-type': 'application/xml', ...headers }).end(body)
  }

describe('sessions', () => {
  test('closing twice is closed and then already closed', async () => {
    const { client } = await serve({
      'POST /v2/sessions/online/S/close': (response, request) =>
        request.count === 1 ? void response.writeHead(204).end() : refusal(21180)(response, request),
    })
    expect(await client.onlineSession.close(access, 'S')).toEqual({ ok: true, value: 'closed' })
    expect(await client.onlineSession.close(access, 'S')).toEqual({ ok: true, value: 'already-closed' })
  })

  test('a duplicate names the invoice that was there first, at top level', async () => {
    const duplicate = {
      ordinalNumber: 2,
      referenceNumber: 'I',
      invoiceHash: 'mkht+3m5trnfxlTYhq3QFn74LkEO69MFNlsMAkCDSPA=',
      invoicingDate: '2025-07-11T12:23:56.0154302+00:00',
      invoiceNumber: null,
      somethingNew: { of: 'tomorrow' },
      status: {
        code: 440,
        description: 'Duplikat faktury',
        details: ['Duplikat.'],
        extensions: {
          originalSessionReferenceNumber: 'S0',
          originalKsefNumber: '5265877635-20250626-010080DD2B5E-26',
        },
      },
    }
    const { client } = await serve({ 'GET /v2/sessions/S/invoices/I': json(200, duplicate) })
    const result = await client.sessions.invoice(access, 'S', 'I')
    expect(result).toMatchObject({
      ok: true,
      value: {
        status: { code: 440 },
        originalKsefNumber: '5265877635-20250626-010080DD2B5E-26',
        originalSessionReferenceNumber: 'S0',
      },
    })
    expect(result.ok && result.value).not.toHaveProperty('invoiceNumber')
  })

  test('a mode that nobody knows is no mode, and keeps back nothing that stands beside it', async () => {
    const status = { code: 200, description: 'Sukces' }
    const entry = (invoicingMode: unknown) => ({
      referenceNumber: 'I',
      ksefNumber: 'N',
      status,
      invoicingMode,
    })
    const modes = ['Online', 'Offline', 'Hybrid', null, 7]
    const { client } = await serve({
      'GET /v2/sessions/S/invoices': json(200, { invoices: modes.map(entry) }),
    })
    const list = await client.sessions.invoices(access, 'S')
    const told = list.ok ? list.value.invoices : []
    expect(told.map(({ ksefNumber }) => ksefNumber)).toEqual(Array(5).fill('N'))
    expect(told.map(({ invoicingMode }) => invoicingMode)).toEqual([
      ...['Online', 'Offline'],
      ...[undefined, undefined, undefined],
    ])
  })

  test('pages go on by the continuation token, and an empty token ends them', async () => {
    const { client, server } = await serve({
      'GET /v2/sessions/S/invoices': (response, request) =>
        json(200, {
          invoices: [],
          continuationToken: request.headers['x-continuation-token'] === undefined ? 'next' : '',
        })(response, request),
    })
    const first = await client.sessions.invoices(access, 'S', { pageSize: 1000 })
    expect(first).toEqual({ ok: true, value: { invoices: [], continuationToken: 'next' } })
    expect(
      await client.sessions.invoices(access, 'S', { pageSize: 1000, continuationToken: 'next' }),
    ).toEqual({ ok: true, value: { invoices: [] } })
    expect(server.seen.map((one) => one.path)).toEqual(Array(2).fill('/v2/sessions/S/invoices?pageSize=1000'))
  })
})

describe('UPO', () => {
  test('a link is fetched without our token and the document checked', async () => {
    const { client, server } = await serve({
      'GET /storage/upo.xml': xml(upo, { 'x-ms-meta-hash': sha256Base64(upo) }),
    })
    const result = await client.upo.download(`${server.url}/storage/upo.xml?sig=a%2Bb`)
    expect(result.ok && Buffer.from(result.value.xml).toString()).toBe(upo)
    expect(result).toMatchObject({ ok: true, value: { hash: sha256Base64(upo), hashConfirmed: true } })
    expect(server.seen[0]?.headers).not.toHaveProperty('authorization')
    expect(server.seen[0]?.path).toBe('/storage/upo.xml?sig=a%2Bb')
  })

  test('a document that is not the announced one is refused', async () => {
    const { client, server } = await serve({
      'GET /u': xml(upo.slice(0, 20), { 'x-ms-meta-hash': sha256Base64(upo) }),
    })
    expect(await client.upo.download(`${server.url}/u`)).toMatchObject({
      failure: { code: 'HASH_HEADER_MISMATCH', effect: 'none' },
    })
  })

  test('without an announced hash the document is taken and marked', async () => {
    const { client } = await serve({ 'GET /v2/sessions/S/invoices/I/upo': xml(upo) })
    expect(await client.upo.ofInvoice(access, 'S', 'I')).toMatchObject({
      ok: true,
      value: { hashConfirmed: false },
    })
  })

  test.each(['', '<!DOCTYPE html><html></html>'])('%j is no document', async (body) => {
    const { client } = await serve({ 'GET /v2/sessions/S/upo/U': xml(body) })
    expect(await client.upo.page(access, 'S', 'U')).toMatchObject({
      failure: { code: 'KSEF_ANSWER_UNREADABLE' },
    })
  })

  test('an expired link is called so', async () => {
    const { client, server } = await serve({
      'GET /u': (response) => void response.writeHead(403).end('<Error/>'),
    })
    expect(await client.upo.download(`${server.url}/u`)).toMatchObject({
      failure: { code: 'UPO_LINK_EXPIRED' },
    })
  })

  test('a link to another host is refused without a packet', async () => {
    const { client, server } = await serve({ 'GET /u': xml(upo) })
    const { port } = new URL(server.url)
    for (const address of [
      `http://localhost:${port}/u`,
      `http://user@127.0.0.1:${port}/u`,
      'file:///etc/passwd',
      '//x',
      '',
    ]) {
      expect(await client.upo.download(address)).toMatchObject({
        failure: { code: 'UPO_ADDRESS_REFUSED', effect: 'none' },
      })
    }
    expect(server.seen).toHaveLength(0)
  })
})

describe('looking up an invoice', () => {
  const number = '5265877635-20250626-010080DD2B5E-26'

  test('a document comes with its hash', async () => {
    const { client } = await serve({
      [`GET /v2/invoices/ksef/${number}`]: xml('<Faktura/>', {
        'x-ms-meta-hash': sha256Base64('<Faktura/>'),
      }),
    })
    expect(await client.invoices.byKsefNumber(access, number)).toMatchObject({
      ok: true,
      value: { hash: sha256Base64('<Faktura/>') },
    })
  })

  test.each([
    [21164, 'INVOICE_NOT_FOUND'],
    [21165, 'INVOICE_NOT_YET_AVAILABLE'],
  ])('%i is %s', async (code, expected) => {
    const { client } = await serve({ [`GET /v2/invoices/ksef/${number}`]: refusal(code) })
    expect(await client.invoices.byKsefNumber(access, number)).toMatchObject({ failure: { code: expected } })
  })

  test('metadata of one number gives its hash', async () => {
    const { client, server } = await serve({
      'POST /v2/invoices/query/metadata': json(200, {
        hasMore: false,
        isTruncated: false,
        invoices: [
          {
            ksefNumber: number,
            invoiceNumber: 'FV/1',
            seller: { nip: '5265877635', name: 'X' },
            invoiceHash: 'H',
            issueDate: '2025-06-26',
          },
        ],
      }),
    })
    const dateRange = { dateType: 'Invoicing', from: new Date('2025-06-20T00:00:00Z') } as const
    const result = await client.invoices.metadata(access, {
      subjectType: 'Subject1',
      dateRange,
      ksefNumber: number,
      pageSize: 10,
    })
    expect(result).toMatchObject({
      ok: true,
      value: { invoices: [{ ksefNumber: number, invoiceHash: 'H', sellerNip: '5265877635' }] },
    })
    expect(server.seen[0]?.path).toBe('/v2/invoices/query/metadata?pageSize=10')
    expect(JSON.parse(server.seen[0]?.body ?? '')).toEqual({
      subjectType: 'Subject1',
      dateRange: { dateType: 'Invoicing', from: '2025-06-20T00:00:00.000Z' },
      ksefNumber: number,
    })
  })
})
