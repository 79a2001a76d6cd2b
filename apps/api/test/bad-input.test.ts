import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { type Call, invoiceOf, type RunningApi, startApi, TOMORROW, textOf } from './running-api.ts'

let api: RunningApi
beforeAll(async () => {
  api = await startApi()
})
afterAll(() => api?.[Symbol.asyncDispose]())

const PROLOG = '<?xml version="1.0" encoding="UTF-8"?>'
const edited = (edit: (xml: string) => string) => () =>
  Buffer.from(edit(textOf(invoiceOf(api.a.nip))), 'utf8')

type Bad = {
  xml: () => Uint8Array
  code?: string
  status?: number
  fault?: string
  place?: 'line' | 'xpath' | 'none'
}

const DOCUMENTS: Record<string, Bad> = {
  'is not well formed': {
    xml: edited((x) => x.replace('</Fa>', '</Fb>')),
    fault: 'INVOICE_NOT_XML',
    place: 'line',
  },
  'is empty': { xml: () => Buffer.alloc(0), fault: 'INVOICE_NOT_XML', place: 'none' },
  'is JSON under the type of XML': {
    xml: () => Buffer.from('{"a":1}'),
    fault: 'INVOICE_NOT_XML',
    place: 'line',
  },
  'has a DTD': {
    xml: edited((x) => x.replace(PROLOG, `${PROLOG}<!DOCTYPE Faktura>`)),
    fault: 'INVOICE_HAS_DOCTYPE',
    place: 'line',
  },
  'has an external entity': {
    xml: edited((x) =>
      x
        .replace(PROLOG, `${PROLOG}\n<!DOCTYPE Faktura [<!ENTITY e SYSTEM "file:///etc/passwd">]>`)
        .replace('<P_2>', '<P_2>&e;'),
    ),
    fault: 'INVOICE_HAS_DOCTYPE',
    place: 'line',
  },
  'has a BOM': {
    xml: () => Buffer.concat([Buffer.from([0xef, 0xbb, 0xbf]), invoiceOf(api.a.nip)]),
    fault: 'INVOICE_HAS_BOM',
    place: 'line',
  },
  'declares another encoding': {
    xml: edited((x) => x.replace('UTF-8', 'ISO-8859-2')),
    fault: 'INVOICE_NOT_UTF8',
    place: 'line',
  },
  'is in another encoding': {
    xml: () => Buffer.from(textOf(invoiceOf(api.a.nip)).replace('ul. ', 'ul\u00a3 '), 'latin1'),
    fault: 'INVOICE_NOT_UTF8',
    place: 'line',
  },
  'has a processing instruction': {
    xml: edited((x) => x.replace('<Naglowek>', '<?app run?><Naglowek>')),
    fault: 'INVOICE_HAS_PROCESSING_INSTRUCTION',
    place: 'line',
  },
  'has a discouraged character': {
    xml: edited((x) => x.replace('<P_7>', '<P_7>\u0086')),
    fault: 'INVOICE_DISCOURAGED_CHARACTER',
    place: 'line',
  },
  'has a wrong namespace': {
    xml: edited((x) => x.replace(/xmlns="[^"]+"/, 'xmlns="http://crd.gov.pl/wzor/2020/01/01/1/"')),
    fault: 'INVOICE_UNKNOWN_FORM',
    place: 'line',
  },
  'breaks the XSD': {
    xml: edited((x) => x.replace('<KodWaluty>PLN', '<KodWaluty>ZLOTY')),
    fault: 'INVOICE_XSD',
    place: 'xpath',
  },
  'has 1,000,001 bytes': {
    xml: () => invoiceOf(api.a.nip, { padToBytes: 1_000_001 }),
    fault: 'INVOICE_TOO_LARGE',
    place: 'none',
  },
  'has 3,000,001 bytes': {
    xml: () => invoiceOf(api.a.nip, { padToBytes: 3_000_001 }),
    fault: 'INVOICE_TOO_LARGE',
    place: 'none',
  },
  'is of tomorrow': {
    xml: () => invoiceOf(api.a.nip, { issueDate: TOMORROW }),
    fault: 'INVOICE_DATED_IN_FUTURE',
    place: 'none',
  },
  'is another seller’s': {
    xml: () => invoiceOf(api.b.nip),
    code: 'INVOICE_SELLER_MISMATCH',
    fault: 'INVOICE_SELLER_MISMATCH',
    place: 'xpath',
  },
  'is larger than any body': {
    xml: () => Buffer.alloc(3_200_000, 0x20),
    code: 'BODY_TOO_LARGE',
    status: 413,
  },
}

const REJECT = `update submissions set state = 'rejected', reason = '{"code": "KSEF_REJECTED"}', next_attempt_at = null where id = $1`

const path = (id: string) => `/v1/companies/${id}/invoices`

describe('an invoice is refused, stored nowhere and queued nowhere, when it', () => {
  test.each(Object.entries(DOCUMENTS))(
    '%s',
    async (_, { xml, code = 'INVOICE_INVALID', status = 422, fault, place }) => {
      const before = await api.counts()
      const headers = { 'idempotency-key': crypto.randomUUID() }
      const answer = await api.call({ url: path(api.a.id), xml: xml(), key: api.a.key, headers })
      const problem = answer.json()
      expect([answer.statusCode, problem.code], answer.body.slice(0, 600)).toEqual([status, code])
      expect(answer.headers['content-type']).toBe('application/problem+json; charset=utf-8')
      if (fault !== undefined) {
        expect(problem.faults[0]).toMatchObject({ code: fault, message: expect.stringMatching(/\S/) })
        if (place === 'line') expect(problem.faults[0].line).toBeGreaterThan(0)
        if (place === 'xpath') expect(problem.faults[0].xpath).toMatch(/^\/.*Faktura/)
      }
      expect(await api.counts()).toEqual(before)
    },
  )

  test('is a duplicate of one of its own, which the answer names', async () => {
    const first = await api.call({
      url: path(api.a.id),
      xml: invoiceOf(api.a.nip, { number: 'ONCE/1' }),
      key: api.a.key,
    })
    expect(first.statusCode, first.body).toBe(202)
    const before = await api.counts()
    const changed = invoiceOf(api.a.nip, { number: 'ONCE/1', buyerNip: '4444444444' })
    const second = await api.call({ url: path(api.a.id), xml: changed, key: api.a.key })
    expect([second.statusCode, second.json().code]).toEqual([409, 'INVOICE_DUPLICATE'])
    expect(second.json().existing).toEqual({ id: first.json().id, location: first.headers.location })
    expect(await api.counts()).toEqual(before)
    const ofB = await api.call({
      url: path(api.b.id),
      xml: invoiceOf(api.b.nip, { number: 'ONCE/1' }),
      key: api.b.key,
    })
    expect(ofB.statusCode, 'the same number of another company is another invoice').toBe(202)
  })

  test.each<[string, () => Partial<Call>, number, string]>([
    ['comes as JSON that is no invoice', () => ({ json: { invoice: 1 } }), 422, 'INVOICE_INVALID'],
    ['comes as text/xml', () => ({ headers: { 'content-type': 'text/xml' } }), 415, 'MEDIA_TYPE_UNSUPPORTED'],
    ['comes without a type', () => ({ headers: { 'content-type': '' } }), 415, 'MEDIA_TYPE_UNSUPPORTED'],
    [
      'comes under another charset',
      () => ({ headers: { 'content-type': 'application/xml; charset=iso-8859-2' } }),
      415,
      'MEDIA_TYPE_UNSUPPORTED',
    ],
    ['comes compressed', () => ({ headers: { 'content-encoding': 'gzip' } }), 415, 'MEDIA_TYPE_UNSUPPORTED'],
    [
      'comes as multipart',
      () => ({ headers: { 'content-type': 'multipart/form-data; boundary=x' } }),
      415,
      'MEDIA_TYPE_UNSUPPORTED',
    ],
    [
      'is for an unknown company',
      () => ({ url: path(crypto.randomUUID()), key: api.providerKey }),
      404,
      'NOT_FOUND',
    ],
    ['is for a foreign company', () => ({ url: path(api.b.id) }), 404, 'NOT_FOUND'],
    ['comes without a key', () => ({ key: null }), 401, 'UNAUTHENTICATED'],
    [
      'comes with a blank in its Idempotency-Key',
      () => ({ headers: { 'idempotency-key': 'a b' } }),
      400,
      'REQUEST_INVALID',
    ],
    [
      'comes with an Idempotency-Key of 256 characters',
      () => ({ headers: { 'idempotency-key': 'k'.repeat(256) } }),
      400,
      'REQUEST_INVALID',
    ],
    [
      'comes with an empty Idempotency-Key',
      () => ({ headers: { 'idempotency-key': '' } }),
      400,
      'REQUEST_INVALID',
    ],
  ])('%s', async (...[, change, status, code]) => {
    const before = await api.counts()
    const { json, ...more } = change()
    const body = json === undefined ? { xml: invoiceOf(api.a.nip) } : { json }
    const answer = await api.call({ url: path(api.a.id), key: api.a.key, method: 'POST', ...body, ...more })
    expect([answer.statusCode, answer.json().code], answer.body).toEqual([status, code])
    expect(answer.json().help).toMatch(/\S/)
    expect(await api.counts()).toEqual(before)
  })

  test('comes for a company without an integration', async () => {
    const { id } = (
      await api.call({ url: '/v1/companies', json: { nip: '5555555555', name: 'Alone' } })
    ).json()
    const before = await api.counts()
    const answer = await api.call({ url: path(id), xml: invoiceOf('5555555555') })
    expect([answer.statusCode, answer.json().code]).toEqual([409, 'INTEGRATION_MISSING'])
    expect(await api.counts()).toEqual(before)
  })
})

describe('what an invoice may be', () => {
  test.each(['application/xml; charset=utf-8', 'application/xml; charset="UTF-8"', 'Application/XML'])(
    'under the type %s',
    async (type) => {
      const headers = { 'content-type': type }
      const answer = await api.call({
        url: path(api.a.id),
        xml: invoiceOf(api.a.nip),
        key: api.a.key,
        headers,
      })
      expect(answer.statusCode, answer.body).toBe(202)
    },
  )

  test('of exactly 1,000,000 bytes', async () => {
    const xml = invoiceOf(api.a.nip, { padToBytes: 1_000_000 })
    expect(xml.byteLength).toBe(1_000_000)
    const answer = await api.call({ url: path(api.a.id), xml, key: api.a.key })
    expect(answer.statusCode, answer.body.slice(0, 500)).toBe(202)
  })

  test('of the form FA(2) on TEST', async () => {
    const answer = await api.call({
      url: path(api.a.id),
      xml: invoiceOf(api.a.nip, { form: 'FA (2)' }),
      key: api.a.key,
    })
    expect([answer.statusCode, answer.json().formCode], answer.body).toEqual([202, 'FA (2)'])
  })

  test('posted again once KSeF has rejected it', async () => {
    const xml = invoiceOf(api.a.nip, { number: 'AGAIN/1' })
    const first = await api.call({ url: path(api.a.id), xml, key: api.a.key })
    await api.query(REJECT, [first.json().id])
    expect((await api.call({ url: path(api.a.id), xml, key: api.a.key })).statusCode).toBe(202)
  })
})
