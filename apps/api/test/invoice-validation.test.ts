import { INVOICE_EXAMPLES } from '@ksef-fleet/ksef'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { invoiceOf, NIP_A, NIP_B, type RunningApi, startApi, textOf } from './running-api.ts'

let api: RunningApi
beforeAll(async () => {
  api = await startApi()
})
afterAll(() => api?.[Symbol.asyncDispose]())

const validate = (
  xml: Uint8Array | string,
  more: { company?: string; key?: string; headers?: Record<string, string> } = {},
) =>
  api.call({
    url: `/v1/companies/${more.company ?? api.a.id}/invoices/validate`,
    xml,
    key: more.key ?? api.a.key,
    ...(more.headers === undefined ? {} : { headers: more.headers }),
  })
const post = (xml: Uint8Array) => api.call({ url: `/v1/companies/${api.a.id}/invoices`, xml, key: api.a.key })
const changed = (xml: Uint8Array, from: string, to: string) => {
  expect(textOf(xml)).toContain(from)
  return Buffer.from(textOf(xml).replace(from, to))
}

const REJECT = `update submissions set state = 'rejected', reason = '{"code": "KSEF_REJECTED"}', next_attempt_at = null where id = $1`

describe('validating an invoice', () => {
  test('answers 200 and valid for one that may be sent, and stores nothing', async () => {
    const before = await api.counts()
    const answer = await validate(invoiceOf(NIP_A))
    expect(answer.statusCode, answer.body).toBe(200)
    expect(answer.json()).toEqual({ valid: true, findings: [] })
    expect(await api.counts()).toEqual(before)
  })

  test('tells every finding at once, in both languages, with its place and source', async () => {
    const wrongTotal = changed(invoiceOf(NIP_A), '<P_15>4325.91', '<P_15>4000.00')
    const answer = await validate(changed(wrongTotal, '<P_8B>14<', '<P_8B>15<'))
    expect(answer.statusCode, answer.body).toBe(200)
    const { valid, findings } = answer.json()
    expect(valid).toBe(false)
    expect(findings.map(({ code }: { code: string }) => code)).toEqual(['FA_TOTAL', 'FA_LINE_NET'])
    expect(findings[0]).toEqual({
      code: 'FA_TOTAL',
      severity: 'error',
      ksefRefuses: false,
      message: {
        pl: 'P_15 wynosi 4000.00, a pola P_13_… i P_14_… dają razem 4325.91.',
        en: 'P_15 is 4000.00, while the fields P_13_… and P_14_… come to 4325.91.',
      },
      help: expect.objectContaining({ pl: expect.any(String), en: expect.any(String) }),
      source: 'art. 106e ust. 1 pkt 15; XSD FA(3), P_15',
      line: 2,
      xpath: '/Faktura/Fa/P_15',
    })
  })

  test('is still valid with warnings only', async () => {
    const answer = await validate(invoiceOf(NIP_A, { issueDate: '2026-11-20' }))
    expect(answer.json()).toMatchObject({
      valid: true,
      findings: [{ code: 'FA_ISSUED_BEFORE_TODAY', severity: 'warning' }],
    })
  })

  test('answers 200 for what is no invoice at all', async () => {
    for (const [xml, code] of [
      ['<a/>', 'INVOICE_UNKNOWN_FORM'],
      ['not XML', 'INVOICE_NOT_XML'],
      ['\uFEFF<a/>', 'INVOICE_HAS_BOM'],
      [changed(invoiceOf(NIP_A), '<KodWaluty>PLN', '<KodWaluty>ZLOTY'), 'INVOICE_XSD'],
    ] as const) {
      const answer = await validate(xml)
      expect(answer.statusCode, answer.body).toBe(200)
      expect(answer.json()).toMatchObject({
        valid: false,
        findings: [{ code, severity: 'error', ksefRefuses: true }],
      })
    }
  })

  test('says the same of a large one, which goes to a thread', async () => {
    const large = invoiceOf(NIP_A, { padToBytes: 900_000 })
    expect((await validate(large)).json()).toEqual({ valid: true, findings: [] })
    const answer = await validate(changed(large, '<P_15>4325.91', '<P_15>4000.00'))
    expect(answer.json()).toMatchObject({ valid: false, findings: [{ code: 'FA_TOTAL' }] })
  })

  test('turns a bad request away with a problem document', async () => {
    const text = await validate(invoiceOf(NIP_A), { headers: { 'content-type': 'text/plain' } })
    expect(text.statusCode).toBe(415)
    expect(text.json()).toMatchObject({ code: 'MEDIA_TYPE_UNSUPPORTED' })
    const bare = await api.call({
      method: 'POST',
      url: `/v1/companies/${api.a.id}/invoices/validate`,
      key: api.a.key,
    })
    expect(bare.json()).toMatchObject({ code: 'MEDIA_TYPE_UNSUPPORTED' })
    expect((await validate(Buffer.alloc(3_200_000, 32))).statusCode).toBe(413)
  })
})

describe('an invoice as JSON', () => {
  const url = () => `/v1/companies/${api.a.id}/invoices/validate`
  const told = async (json: object) => (await api.call({ url: url(), json, key: api.a.key })).json()

  test('is built and held against every rule', async () => {
    expect(await told(INVOICE_EXAMPLES.VAT)).toMatchObject({ valid: true })
  })

  test('that lacks something is told the place in its data', async () => {
    const { buyer: _, ...without } = INVOICE_EXAMPLES.VAT
    const { valid, findings } = await told({ ...without, byuer: {} })
    expect(valid).toBe(false)
    expect(findings).toContainEqual(
      expect.objectContaining({ code: 'INVOICE_FIELD_UNKNOWN', pointer: '/byuer', ksefRefuses: false }),
    )
  })
})

describe('a finding about an invoice as JSON', () => {
  const url = () => `/v1/companies/${api.a.id}/invoices/validate`
  const findings = async (json: object): Promise<Record<string, unknown>[]> =>
    (await api.call({ url: url(), json, key: api.a.key })).json().findings
  const [first, second] = INVOICE_EXAMPLES.VAT.lines
  const { address: _, ...buyer } = INVOICE_EXAMPLES.VAT.buyer

  test.each<[code: string, change: object, pointer: string, xpath: string]>([
    ['FA_BUYER_ADDRESS_MISSING', { buyer }, '/buyer', '/Faktura/Podmiot2'],
    [
      'FA_JST_WITHOUT_UNIT',
      { buyer: { ...INVOICE_EXAMPLES.VAT.buyer, jst: true } },
      '/buyer/jst',
      '/Faktura/Podmiot2/JST',
    ],
    [
      'FA_LINE_RATE_OUT_OF_FORCE',
      { lines: [first, { ...second, vatRate: 22 }] },
      '/lines/1/vatRate',
      '/Faktura/Fa/FaWiersz[2]/P_12',
    ],
    [
      'INVOICE_SELLER_MISMATCH',
      { seller: { nip: NIP_B, name: 'B', address: { line1: 'x' } } },
      '/seller/nip',
      '/Faktura/Podmiot1/DaneIdentyfikacyjne/NIP',
    ],
  ])('%s names the field in the JSON, and the element too', async (...[code, change, pointer, xpath]) => {
    const found = await findings({ ...INVOICE_EXAMPLES.VAT, ...change })
    const one = found.find((each) => each.code === code)
    expect(one, JSON.stringify(found)).toMatchObject({ pointer, xpath })
    // Lines are of a file that the caller never sees.
    expect(one).not.toHaveProperty('line')
  })

  test('that its number is taken names it too', async () => {
    const json = { ...INVOICE_EXAMPLES.VAT, number: 'taken/json' }
    await api.call({ url: `/v1/companies/${api.a.id}/invoices`, json, key: api.a.key })
    expect(await findings(json)).toContainEqual(
      expect.objectContaining({ code: 'INVOICE_DUPLICATE', pointer: '/number', xpath: '/Faktura/Fa/P_2' }),
    )
  })
})

describe('accepting with validate=strict', () => {
  const wrongTotal = () => changed(invoiceOf(NIP_A), '<P_15>4325.91', '<P_15>4000.00')
  const accept = (query: string, body: { xml: Uint8Array } | { json: object }) =>
    api.call({ url: `/v1/companies/${api.a.id}/invoices${query}`, key: api.a.key, ...body })

  test('refuses what breaks the act, and stores nothing; without it only what KSeF would refuse', async () => {
    const before = await api.counts()
    const refused = await accept('?validate=strict', { xml: wrongTotal() })
    expect([refused.statusCode, refused.json().code], refused.body).toEqual([422, 'INVOICE_INVALID'])
    expect(refused.json().faults).toEqual([
      {
        code: 'FA_TOTAL',
        message: 'P_15 is 4000.00, while the fields P_13_… and P_14_… come to 4325.91.',
        help: expect.any(String),
        line: 2,
        xpath: '/Faktura/Fa/P_15',
      },
    ])
    expect(await api.counts()).toEqual(before)
    expect((await accept('', { xml: wrongTotal() })).statusCode).toBe(202)
    expect((await accept('?validate=ksef', { xml: wrongTotal() })).statusCode).toBe(202)
  })

  test('passes warnings, names the field of JSON, and still says first what KSeF says', async () => {
    const warned = invoiceOf(NIP_A, { issueDate: '2026-11-20' })
    expect((await accept('?validate=strict', { xml: warned })).statusCode).toBe(202)
    const jst = {
      ...INVOICE_EXAMPLES.VAT,
      number: 'strict/1',
      buyer: { ...INVOICE_EXAMPLES.VAT.buyer, jst: true },
    }
    const refused = await accept('?validate=strict', { json: jst })
    expect(refused.json().faults).toMatchObject([{ code: 'FA_JST_WITHOUT_UNIT', pointer: '/buyer/jst' }])
    expect((await accept('', { json: jst })).statusCode).toBe(202)
    const broken = changed(invoiceOf(NIP_A), '<KodWaluty>PLN', '<KodWaluty>ZLOTY')
    expect((await accept('?validate=strict', { xml: broken })).json().faults).toMatchObject([
      { code: 'INVOICE_XSD' },
    ])
    expect((await accept('?validate=loose', { xml: warned })).json().code).toBe('REQUEST_INVALID')
  })

  test('holds for large documents too, which go to a thread', async () => {
    const large = invoiceOf(NIP_A, { padToBytes: 400_000 })
    const refused = await accept('?validate=strict', {
      xml: changed(large, '<P_15>4325.91', '<P_15>4000.00'),
    })
    expect(refused.json().faults).toMatchObject([{ code: 'FA_TOTAL' }])
  })
})

describe('against the company', () => {
  test('an invoice of another seller is not valid for it', async () => {
    const answer = await validate(invoiceOf(NIP_B))
    expect(answer.json()).toMatchObject({
      valid: false,
      findings: [
        {
          code: 'INVOICE_SELLER_MISMATCH',
          severity: 'error',
          message: { pl: expect.stringContaining(NIP_A) },
        },
      ],
    })
  })

  test('a number that is taken names the invoice that has it, until KSeF rejected that', async () => {
    const xml = invoiceOf(NIP_A, { number: 'taken/1' })
    expect((await validate(xml)).json().valid).toBe(true)
    const posted = (await post(xml)).json()
    expect((await validate(xml)).json()).toMatchObject({
      valid: false,
      findings: [
        {
          code: 'INVOICE_DUPLICATE',
          ksefRefuses: true,
          existing: { id: posted.id, location: `/v1/companies/${api.a.id}/invoices/${posted.id}` },
        },
      ],
    })
    const correction = changed(xml, '<RodzajFaktury>VAT', '<RodzajFaktury>UPR')
    expect(
      (await validate(correction)).json().findings.map(({ code }: { code: string }) => code),
    ).not.toContain('INVOICE_DUPLICATE')
    await api.query(REJECT, [posted.id])
    expect((await validate(xml)).json()).toEqual({ valid: true, findings: [] })
  })

  test('another company’s numbers are not told of, and its route is not there', async () => {
    const theirs = invoiceOf(NIP_B, { number: 'shared/1' })
    await api.call({ url: `/v1/companies/${api.b.id}/invoices`, xml: theirs, key: api.b.key })
    expect((await validate(invoiceOf(NIP_A, { number: 'shared/1' }))).json()).toEqual({
      valid: true,
      findings: [],
    })
    expect((await validate(theirs, { company: api.b.id })).statusCode).toBe(404)
    expect((await validate(theirs, { company: crypto.randomUUID(), key: api.providerKey })).statusCode).toBe(
      404,
    )
  })
})
