/** Invoices posted as JSON: what is made of them, what a repeated request answers, and what is said of what is wrong. */
import { INVOICE_EXAMPLES, INVOICE_RR_EXAMPLES, readInvoiceData } from '@ksef-fleet/ksef'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { invoiceOf, type Json, NIP_A, NIP_B, NOW, type RunningApi, startApi } from './running-api.ts'

let api: RunningApi
let now = NOW
beforeAll(async () => {
  api = await startApi({ now: () => now })
})
afterAll(() => api?.[Symbol.asyncDispose]())

const { VAT } = INVOICE_EXAMPLES
let serial = 0
const order = (more: Json = {}): Json => ({ ...VAT, number: `J/${++serial}`, ...more })
const post = (json: unknown, headers: Record<string, string> = {}) =>
  api.call({ url: `/v1/companies/${api.a.id}/invoices`, json, headers, key: api.a.key })
const xmlOf = async (answer: { headers: Record<string, unknown> }) =>
  (await api.call({ url: `${String(answer.headers.location)}/xml`, key: api.a.key })).rawPayload

describe('an invoice as JSON', () => {
  test('is built with the company as its seller and accepted like one that comes as XML', async () => {
    const posted = await post(order({ number: 'FV/JSON/1' }))
    expect(posted.statusCode, posted.body).toBe(202)
    expect(posted.json()).toMatchObject({
      state: 'pending',
      formCode: 'FA (3)',
      sellerNip: NIP_A,
      kind: 'VAT',
      number: 'FV/JSON/1',
    })
    const read = readInvoiceData(await xmlOf(posted))
    expect(read.ok && read.data).toMatchObject({
      systemInfo: 'KSeF Fleet',
      createdAt: '2026-11-22T11:00:00Z',
      seller: { nip: NIP_A, name: `Company ${NIP_A}`, address: { line1: 'ul. Posag 7 Panien 1' } },
      totals: {
        standard: { net: '2125.00', vat: '488.75' },
        reduced: { net: '800.00', vat: '64.00' },
        gross: '3477.75',
      },
    })
  })

  test.each(Object.entries({ ...INVOICE_EXAMPLES, ...INVOICE_RR_EXAMPLES }))(
    'of kind %s is accepted as the documentation shows it',
    async (kind, example) => {
      const posted = await post({ ...example, number: `EXAMPLE/${kind}` })
      expect([posted.statusCode, posted.json().kind], posted.body).toEqual([202, kind])
    },
  )

  test('may be too large to be built beside other requests, and still is', async () => {
    const lines = Array.from({ length: 600 }, (_, n) => ({
      name: `Śruba M${n}`,
      quantity: n + 1,
      netUnitPrice: '0.37',
      vatRate: 23,
    }))
    const posted = await post(order({ lines }))
    expect(posted.statusCode, posted.body).toBe(202)
    const read = readInvoiceData(await xmlOf(posted))
    expect(read.ok && read.data.lines?.length).toBe(600)
    const wrong = await post(order({ lines: [...lines, { name: 'x', qty: 1 }] }))
    expect(wrong.json().faults).toMatchObject([{ code: 'INVOICE_FIELD_UNKNOWN', pointer: '/lines/600/qty' }])
  })

  test('is refused with the place in the JSON, the rule and what to do, and nothing is stored', async () => {
    const before = await api.counts()
    const refused = await post(
      order({ custmer: {}, lines: [{ name: 'x', quantity: 'two', netUnitPrice: 1, vatRate: 23 }] }),
    )
    expect([refused.statusCode, refused.json().code]).toEqual([422, 'INVOICE_INVALID'])
    expect(refused.json().faults).toEqual([
      {
        code: 'INVOICE_FIELD_INVALID',
        pointer: '/lines/0/quantity',
        message: 'expected a quantity: digits, a point, at most 6 decimals',
        help: expect.any(String),
      },
      {
        code: 'INVOICE_FIELD_UNKNOWN',
        pointer: '/custmer',
        message: expect.any(String),
        help: expect.any(String),
      },
    ])
    const broken = await api.call({
      url: `/v1/companies/${api.a.id}/invoices`,
      xml: '{"number": ',
      headers: { 'content-type': 'application/json' },
      key: api.a.key,
    })
    expect(broken.json()).toMatchObject({ code: 'INVOICE_INVALID', faults: [{ code: 'INVOICE_NOT_JSON' }] })
    expect(await api.counts()).toEqual(before)
  })

  test('of the schema’s rules names the place in the JSON too', async () => {
    const refused = await post(order({ currency: 'ABC', exchangeRate: '4' }))
    expect(refused.json().faults).toMatchObject([
      { code: 'INVOICE_XSD', pointer: '/currency', xpath: '/Faktura/Fa/KodWaluty' },
    ])
  })

  test('of another seller is not the company’s, unless the company is the buyer and issues it', async () => {
    const seller = { nip: NIP_B, name: 'Other', address: { line1: 'x' } }
    const foreign = await post(order({ seller }))
    expect([foreign.statusCode, foreign.json().code]).toEqual([422, 'INVOICE_SELLER_MISMATCH'])
    const own = await post(
      order({ seller, buyer: { address: { line1: 'y' } }, annotations: { selfInvoicing: true } }),
    )
    expect([own.statusCode, own.json().sellerNip], own.body).toEqual([202, NIP_B])
    const neither = await post(order({ seller, annotations: { selfInvoicing: true }, buyer: VAT.buyer }))
    expect([neither.statusCode, neither.json().code]).toEqual([422, 'INVOICE_SELLER_MISMATCH'])
  })
})

describe('an Idempotency-Key with JSON', () => {
  test('answers the same data with the same invoice, later too, and in whatever order its fields stand', async () => {
    const data = order()
    const headers = { 'idempotency-key': crypto.randomUUID() }
    const first = await post(data, headers)
    const stored = await api.counts()
    now = new Date(NOW.getTime() + 3_600_000)
    const later = await post(Object.fromEntries(Object.entries(data).reverse()), headers)
    now = NOW
    expect([later.statusCode, later.headers['idempotency-replayed']]).toEqual([202, 'true'])
    expect(later.json()).toEqual(first.json())
    expect(await api.counts()).toEqual(stored)
  })

  test('takes other data for another request, and the same invoice as XML too', async () => {
    const data = order()
    const headers = { 'idempotency-key': crypto.randomUUID() }
    await post(data, headers)
    expect((await post({ ...data, number: 'J/other' }, headers)).json().code).toBe('IDEMPOTENCY_KEY_REUSED')
    const asXml = await api.call({
      url: `/v1/companies/${api.a.id}/invoices`,
      xml: invoiceOf(NIP_A),
      headers,
      key: api.a.key,
    })
    expect(asXml.json().code).toBe('IDEMPOTENCY_KEY_REUSED')
  })

  test('of many requests at once brings one invoice', async () => {
    const data = order()
    const headers = { 'idempotency-key': crypto.randomUUID() }
    const answers = await Promise.all(Array.from({ length: 8 }, () => post(data, headers)))
    const codes = new Set(answers.map((answer) => answer.statusCode))
    expect([...codes].every((code) => code === 202 || code === 409)).toBe(true)
    const ids = answers.filter(({ statusCode }) => statusCode === 202).map((answer) => answer.json().id)
    expect(new Set(ids).size).toBe(1)
  })
})

test('the number of an invoice posted as JSON is taken for one that comes as XML', async () => {
  const posted = await post(order({ number: 'SAME/1' }))
  const twin = await api.call({
    url: `/v1/companies/${api.a.id}/invoices`,
    xml: invoiceOf(NIP_A, { number: 'SAME/1' }),
    key: api.a.key,
  })
  expect(twin.json()).toMatchObject({ code: 'INVOICE_DUPLICATE', existing: { id: posted.json().id } })
})
