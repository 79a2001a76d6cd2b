import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { invoiceOf, NIP_A, type RunningApi, startApi, textOf } from './running-api.ts'

let api: RunningApi
beforeAll(async () => {
  api = await startApi()
})
afterAll(() => api[Symbol.asyncDispose]())

const post = (xml: Uint8Array | string, headers: Record<string, string> = {}) =>
  api.call({ url: `/v1/companies/${api.a.id}/invoices`, xml, headers, key: api.a.key })

describe('posting an invoice', () => {
  test('answers 202 with its place, and it can be read back byte for byte', async () => {
    const xml = invoiceOf(NIP_A, { number: 'FV/2026/11/0001' })
    const posted = await post(xml)
    expect(posted.statusCode, posted.body).toBe(202)
    expect(posted.json()).toMatchObject({
      companyId: api.a.id,
      state: 'pending',
      formCode: 'FA (3)',
      sellerNip: NIP_A,
      kind: 'VAT',
      number: 'FV/2026/11/0001',
      issueDate: '2026-11-22',
      ksefNumber: null,
      upo: null,
      reason: null,
      attempts: 0,
    })
    const location = String(posted.headers.location)
    expect(location).toBe(`/v1/companies/${api.a.id}/invoices/${posted.json().id}`)
    const read = await api.call({ url: location, key: api.a.key })
    expect(read.json()).toEqual(posted.json())
    const back = await api.call({ url: `${location}/xml`, key: api.a.key })
    expect(back.rawPayload).toEqual(Buffer.from(xml))
    expect(back.headers).toMatchObject({
      'content-type': 'application/xml',
      'cache-control': 'private, no-store',
      'content-disposition': `attachment; filename="invoice-${posted.json().id}.xml"`,
    })
  })

  test('a legal invoice of exactly 1,000,000 bytes passes', async () => {
    const posted = await post(invoiceOf(NIP_A, { padToBytes: 1_000_000 }))
    expect(posted.statusCode, posted.body.slice(0, 500)).toBe(202)
  })
})

test('prints', () => {
  console.log(api.lines.slice(-4).join(''), textOf(invoiceOf(NIP_A)).length)
})
