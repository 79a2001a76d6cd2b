/** What a company is registered with stands on its invoices made of JSON, unless they say something else. */
import { INVOICE_EXAMPLES, INVOICE_RR_EXAMPLES, readInvoiceData } from '@ksef-fleet/ksef'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { type Json, NIP_A, NIP_B, NOW, type RunningApi, startApi } from './running-api.ts'

let api: RunningApi
beforeAll(async () => {
  api = await startApi({ now: () => NOW })
})
afterAll(() => api?.[Symbol.asyncDispose]())

const ADDRESS = { country: 'PL', line1: 'ul. Leśna 3', line2: '17-230 Białowieża' }
const CONTACT = { email: 'faktury@tartak.example', phone: '+48 85 000 00 00' }
const ACCOUNT = { number: '73111111111111111111111111', bankName: 'Bank Spółdzielczy' }

const url = (company = api.a) => `/v1/companies/${company.id}`
const change = (json: unknown, key = api.a.key) => api.call({ method: 'PATCH', url: url(), json, key })
const read = async (company = api.a) => (await api.call({ url: url(company) })).json()

let serial = 0
const { seller: _, payment: _payment, ...VAT } = INVOICE_EXAMPLES.VAT
const order = (more: Json = {}): Json => ({ ...VAT, number: `C/${++serial}`, ...more })
const post = (json: unknown, company = api.a) =>
  api.call({ url: `${url(company)}/invoices`, json, key: company.key })
async function made(json: unknown) {
  const posted = await post(json)
  expect(posted.statusCode, posted.body).toBe(202)
  const { rawPayload } = await api.call({ url: `${String(posted.headers.location)}/xml`, key: api.a.key })
  const data = readInvoiceData(rawPayload)
  return data.ok ? (data.data as Json) : expect.unreachable(JSON.stringify(data.faults))
}

describe('the particulars of a company', () => {
  test('come with it or later, are read with it, stay until they are changed, and go', async () => {
    const created = await api.call({
      url: '/v1/companies',
      json: { nip: '4444444444', name: 'New', address: ADDRESS, contact: CONTACT, bankAccount: ACCOUNT },
    })
    expect([created.statusCode, created.json()], created.body).toMatchObject([
      201,
      { address: ADDRESS, contact: CONTACT, bankAccount: ACCOUNT },
    ])
    expect(await read()).toMatchObject({ address: null, contact: null, bankAccount: null })
    const changed = await change({ address: ADDRESS, contact: CONTACT })
    expect([changed.statusCode, changed.json()], changed.body).toMatchObject([
      200,
      { nip: NIP_A, address: ADDRESS, contact: CONTACT, bankAccount: null },
    ])
    await change({ contact: null, name: 'Tartak Świerk' })
    expect(await read()).toMatchObject({ name: 'Tartak Świerk', address: ADDRESS, contact: null })
    expect(await read(api.b)).toMatchObject({ name: `Company ${NIP_B}`, address: null })
  })

  test('are changed on record: by whom and which, not to what', async () => {
    await change({ address: ADDRESS, bankAccount: null }, api.providerKey)
    const { entries } = (await api.call({ url: `${url()}/audit?action=company.change` })).json()
    expect(entries[0]).toMatchObject({ taxpayerNip: NIP_A, details: { fields: 'address bankAccount' } })
    expect(entries[0].actor).not.toBe(entries[1].actor)
    expect(JSON.stringify(entries)).not.toContain('Leśna')
  })

  test.each<[what: string, change: unknown, pointer: string]>([
    ['an address without its line', { address: { line2: 'x' } }, '/address/line1'],
    ['an unknown field', { address: { line1: 'x', street: 'y' } }, '/address/street'],
    ['a country the schema does not know', { address: { country: 'XQ', line1: 'x' } }, '/address/country'],
    ['an account that is none', { bankAccount: { number: '123' } }, '/bankAccount/number'],
    ['an e-mail that is none', { contact: { email: 'nobody' } }, '/contact/email'],
    ['another NIP', { nip: NIP_B }, '/nip'],
    ['nothing', {}, ''],
  ])('such as %s are refused, with the place', async (_what, wrong, pointer) => {
    const before = await read()
    const refused = await change(wrong)
    expect([refused.statusCode, refused.json().code], refused.body).toEqual([400, 'REQUEST_INVALID'])
    expect(refused.json().faults.map((fault: { pointer?: string }) => fault.pointer ?? '')).toContain(pointer)
    expect(await read()).toEqual(before)
  })

  test('are nobody else’s to change', async () => {
    expect((await change({ name: 'Stolen' }, api.b.key)).statusCode).toBe(404)
    const gone = await api.call({
      method: 'PATCH',
      url: `/v1/companies/${crypto.randomUUID()}`,
      json: { name: 'x' },
    })
    expect(gone.statusCode).toBe(404)
  })
})

describe('an invoice as JSON', () => {
  const transfer = { payment: { form: 'transfer', due: [{ date: '2026-12-01' }] } }

  test('that says nothing of its seller has the company’s particulars', async () => {
    await change({ address: ADDRESS, contact: CONTACT, bankAccount: ACCOUNT })
    const { name } = await read()
    expect(await made(order(transfer))).toMatchObject({
      seller: { nip: NIP_A, name, address: ADDRESS, contacts: [CONTACT] },
      payment: { form: 'transfer', accounts: [ACCOUNT] },
    })
    const farmers = await made({ ...INVOICE_RR_EXAMPLES.VAT_RR, number: 'RR/own', buyer: {} })
    expect(farmers).toMatchObject({ buyer: { nip: NIP_A, name, address: ADDRESS, contacts: [CONTACT] } })
    const itself = {
      seller: { nip: NIP_B, name: 'Other', address: { line1: 'x' } },
      annotations: { selfInvoicing: true },
    }
    const written = await made(order({ ...transfer, ...itself, buyer: {} }))
    expect(written).toMatchObject({ seller: { nip: NIP_B }, buyer: { nip: NIP_A, address: ADDRESS } })
    expect([written.seller, written.payment]).not.toMatchObject([
      { contacts: [CONTACT] },
      { accounts: [ACCOUNT] },
    ])
  })

  test('that says it has what it says', async () => {
    const seller = {
      name: 'Oddział',
      address: { country: 'PL', line1: 'Inna 1' },
      contacts: [{ phone: '1' }],
    }
    const accounts = [{ number: '11111111111111111111111111' }]
    const said = await made(order({ seller, payment: { form: 'transfer', accounts } }))
    expect(said).toMatchObject({ seller: { nip: NIP_A, ...seller }, payment: { accounts } })
    expect(await made(order({ payment: { form: 'cash' } }))).toMatchObject({ payment: { form: 'cash' } })
    const { payment: cash } = (await made(order({ payment: { form: 'cash' } }))) as { payment: Json }
    expect(cash).toEqual({ form: 'cash' })
    const { KOR } = INVOICE_EXAMPLES
    const back = (await made({ ...KOR, number: 'C/KOR', payment: { form: 'transfer' } })) as { payment: Json }
    expect(back.payment).toEqual({ form: 'transfer' })
  })

  test('of another seller is not given the company’s address', async () => {
    const refused = await post(order({ seller: { nip: NIP_B, name: 'Other' } }))
    expect(refused.json().faults).toMatchObject([
      { code: 'INVOICE_FIELD_MISSING', pointer: '/seller/address' },
    ])
  })

  test('whose seller has no address anywhere is told which field to give, and where', async () => {
    const refused = await post(order(), api.b)
    expect([refused.statusCode, refused.json().faults], refused.body).toEqual([
      422,
      [
        {
          code: 'INVOICE_FIELD_MISSING',
          pointer: '/seller/address',
          message:
            'Neither the invoice nor the company has it: give `address` here, or set it on the company for all its invoices.',
          help: expect.any(String),
        },
      ],
    ])
  })
})
