/** Many invoices as JSON, one on each line: each is built and judged as one posted alone is. */
import { readdir } from 'node:fs/promises'
import { INVOICE_EXAMPLES, INVOICE_RR_EXAMPLES, readInvoiceData } from '@ksef-fleet/ksef'
import { afterAll, afterEach, beforeAll, describe, expect, test } from 'vitest'
import {
  invoiceOf,
  type Json,
  NIP_A,
  NIP_B,
  NOW,
  type RunningApi,
  startApi,
  TOMORROW,
  textOf,
} from './running-api.ts'
import { filesOf, jsonLinesOf, type Upload } from './uploads.ts'

let api: RunningApi
let now = NOW
beforeAll(async () => {
  api = await startApi({ now: () => now })
  const address = { line1: 'ul. Leśna 3' }
  await api.call({ method: 'PATCH', url: `/v1/companies/${api.a.id}`, json: { address } })
})
afterAll(() => api?.[Symbol.asyncDispose]())
afterEach(async () => expect(await readdir(api.spoolDirectory)).toEqual([]))

const { seller: _, ...VAT } = INVOICE_EXAMPLES.VAT
let serial = 0
const order = (more: Json = {}): Json => ({ ...VAT, number: `L/${++serial}`, ...more })
const post = (upload: Upload, { query = '', key = '' } = {}) =>
  api.call({
    url: `/v1/companies/${api.a.id}/batches${query}`,
    upload,
    key: api.a.key,
    ...(key === '' ? {} : { headers: { 'idempotency-key': key } }),
  })
const told = (faults: { file: string; code: string; pointer?: string }[]) =>
  faults.map(({ file, code, pointer }) => [file, code, pointer])

describe('a batch of invoices as JSON', () => {
  test('of every kind is accepted, and each is the invoice that it is alone', async () => {
    const kinds = Object.entries({ ...INVOICE_EXAMPLES, ...INVOICE_RR_EXAMPLES })
    const orders = kinds.map(([kind, example]) => ({ ...example, number: `LINES/${kind}` }))
    const posted = await post(jsonLinesOf(...orders))
    expect(posted.statusCode, posted.body).toBe(202)
    expect(posted.json()).toMatchObject({
      source: 'json-lines',
      invoiceCount: kinds.length,
      refused: { count: 0 },
    })
    const { invoices } = (await api.call({ url: posted.json().links.invoices, key: api.a.key })).json()
    expect(invoices.map(({ kind }: Json) => kind).sort()).toEqual(kinds.map(([kind]) => kind).sort())
    const [kind, example] = kinds[0] ?? []
    const alone = await api.call({
      url: `/v1/companies/${api.a.id}/invoices`,
      json: { ...example, number: 'ALONE' },
      key: api.a.key,
    })
    const xmlOf = async (id: string) =>
      (await api.call({ url: `/v1/companies/${api.a.id}/invoices/${id}/xml`, key: api.a.key })).body
    const together = invoices.find(({ number }: Json) => number === `LINES/${kind}`)
    expect(await xmlOf(together.id)).toBe((await xmlOf(alone.json().id)).replace('ALONE', `LINES/${kind}`))
  })

  test('tells of each line what is wrong with it and where, and stores nothing', async () => {
    const taken = order()
    const single = await api.call({ url: `/v1/companies/${api.a.id}/invoices`, json: taken, key: api.a.key })
    const before = await api.counts()
    const twin = order()
    const lines = [
      JSON.stringify(order()),
      '',
      '{"number": ',
      JSON.stringify(order({ custmer: {} })),
      JSON.stringify(order({ seller: { nip: NIP_B, name: 'B', address: { line1: 'x' } } })),
      JSON.stringify(order({ issueDate: TOMORROW })),
      JSON.stringify(order({ currency: 'ABC', exchangeRate: '4' })),
      `{"number": "${'x'.repeat(3_000_001)}"}`,
      JSON.stringify(taken),
      JSON.stringify(twin),
      ` ${JSON.stringify(twin)}\r`,
    ]
    const refused = await post({ type: 'application/jsonl', bytes: Buffer.from(lines.join('\n')) })
    expect([refused.statusCode, refused.json().code], refused.body).toEqual([422, 'BATCH_INVALID'])
    expect(refused.json().refusedFiles).toBe(8)
    expect(told(refused.json().faults)).toEqual([
      ['line 3', 'INVOICE_NOT_JSON', undefined],
      ['line 4', 'INVOICE_FIELD_UNKNOWN', '/custmer'],
      ['line 5', 'INVOICE_SELLER_MISMATCH', '/seller/nip'],
      ['line 6', 'INVOICE_DATED_IN_FUTURE', '/issueDate'],
      ['line 7', 'INVOICE_XSD', '/currency'],
      ['line 8', 'INVOICE_TOO_LARGE', undefined],
      ['line 9', 'INVOICE_DUPLICATE', undefined],
      ['line 11', 'INVOICE_DUPLICATE_IN_BATCH', undefined],
    ])
    expect(refused.json().faults[6].existingId).toBe(single.json().id)
    expect(await api.counts()).toEqual(before)
  })

  test('with invalid=skip accepts the others, and the same request answers the same, later too', async () => {
    const upload = jsonLinesOf(order(), { number: 'x' }, order())
    const key = crypto.randomUUID()
    const first = await post(upload, { query: '?invalid=skip', key })
    expect([first.statusCode, first.json().invoiceCount, first.json().refused.count]).toEqual([202, 2, 1])
    now = new Date(NOW.getTime() + 3_600_000)
    const again = await post(upload, { query: '?invalid=skip', key })
    now = NOW
    expect([again.statusCode, again.headers['idempotency-replayed']], again.body).toEqual([202, 'true'])
    expect(again.json()).toEqual(first.json())
    const other = await post(jsonLinesOf(order()), { query: '?invalid=skip', key })
    expect(other.json().code).toBe('IDEMPOTENCY_KEY_REUSED')
  })

  test('with validate=strict is refused for what breaks the act, as XML is', async () => {
    const jst = () => order({ buyer: { ...VAT.buyer, jst: true } })
    const refused = await post(jsonLinesOf(order(), jst()), { query: '?validate=strict' })
    expect(told(refused.json().faults)).toEqual([['line 2', 'FA_JST_WITHOUT_UNIT', '/buyer/jst']])
    const wrongTotal = Buffer.from(textOf(invoiceOf(NIP_A)).replace('<P_15>4325.91', '<P_15>4000.00'))
    const files = filesOf({ 'good.xml': invoiceOf(NIP_A), 'wrong.xml': wrongTotal })
    const asXml = await post(files, { query: '?validate=strict' })
    expect(told(asXml.json().faults)).toEqual([['wrong.xml', 'FA_TOTAL', undefined]])
    expect((await post(files)).statusCode).toBe(202)
    const key = crypto.randomUUID()
    const upload = jsonLinesOf(jst())
    expect((await post(upload, { key })).statusCode).toBe(202)
    expect((await post(upload, { key, query: '?validate=strict' })).json().code).toBe(
      'IDEMPOTENCY_KEY_REUSED',
    )
  })

  test('of hundreds is stored in the order of its lines, each with its own content', async () => {
    const orders = Array.from({ length: 300 }, (_, n) =>
      order({ lines: [{ name: `Śruba ${n}`, quantity: n + 1, netUnitPrice: '0.37', vatRate: 23 }] }),
    )
    const posted = await post(jsonLinesOf(...orders))
    expect([posted.statusCode, posted.json().invoiceCount], posted.body).toEqual([202, 300])
    const rows = await api.query(
      `select s.number, d.content from submissions s join ksef_documents_raw d on d.id = s.document_id
        where s.batch_id = $1`,
      [posted.json().id],
    )
    const named = rows.map(({ number, content }) => {
      const read = readInvoiceData(content as Uint8Array)
      return [number, read.ok && read.data.lines?.[0]?.name, read.ok && read.data.seller?.nip]
    })
    expect(new Map(named.map(([number, name]) => [number, name]))).toEqual(
      new Map(orders.map(({ number }, n) => [number, `Śruba ${n}`])),
    )
    expect(named.every(([, , nip]) => nip === NIP_A)).toBe(true)
  })

  test('without a line, with too many and with none but blank ones is told so', async () => {
    const empty = await post({ type: 'application/x-ndjson', bytes: Buffer.from('\n\n \n') })
    expect([empty.statusCode, empty.json().code]).toEqual([422, 'BATCH_EMPTY'])
    const blanks = await post({ type: 'application/x-ndjson', bytes: Buffer.alloc(100_000, '\n') })
    expect([blanks.statusCode, blanks.json().code]).toEqual([413, 'BATCH_TOO_LARGE'])
    const many = await post(jsonLinesOf(...Array.from({ length: 1_001 }, () => ({}))))
    expect([many.statusCode, many.json().code]).toEqual([413, 'BATCH_TOO_LARGE'])
  })
})
