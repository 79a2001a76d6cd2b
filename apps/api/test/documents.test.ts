import { randomUUID } from 'node:crypto'
import { CompanyId, type ReceivedDocument, receivedDocument } from '@ksef-fleet/core'
import { INVOICE_EXAMPLES, INVOICE_RR_EXAMPLES, sha256Base64 } from '@ksef-fleet/ksef'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { invoiceOf, type Json, NIP_A, type Party, type RunningApi, startApi } from './running-api.ts'
import { jsonLinesOf } from './uploads.ts'

let api: RunningApi
beforeAll(async () => {
  api = await startApi()
})
afterAll(() => api?.[Symbol.asyncDispose]())

let serial = 0
type Received = {
  seller?: { nip: string; name: string }
  number?: string
  kind?: string
  issueDate?: string
  gross?: string
  currency?: string
  role?: ReceivedDocument['role']
  third?: string
}

/** An invoice as KSeF would give it out. */
function receivedXml(of: Party, from: Received): Buffer {
  const { seller = { nip: '7777777777', name: 'Dostawca' }, number = `R/${++serial}` } = from
  const party = (name: string, nip: string, called: string) =>
    `<${name}><DaneIdentyfikacyjne><NIP>${nip}</NIP><Nazwa>${called}</Nazwa></DaneIdentyfikacyjne></${name}>`
  return Buffer.from(
    `<Faktura xmlns="http://crd.gov.pl/wzor/2025/06/25/13775/">${party('Podmiot1', seller.nip, seller.name)}
     ${party('Podmiot2', of.nip, 'Nabywca')}${from.third === undefined ? '' : party('Podmiot3', from.third, 'Trzeci')}
     <Fa><KodWaluty>${from.currency ?? 'PLN'}</KodWaluty><P_1>${from.issueDate ?? '2026-11-20'}</P_1><P_2>${number}</P_2>
     <P_15>${from.gross ?? '123.00'}</P_15><RodzajFaktury>${from.kind ?? 'VAT'}</RodzajFaktury></Fa></Faktura>`,
  )
}

async function receive(of: Party, ...many: Received[]): Promise<ReceivedDocument[]> {
  const documents = many.map((from) =>
    receivedDocument(
      { environment: 'test', newId: randomUUID },
      {
        role: from.role ?? 'Subject2',
        ksefNumber: `7777777777-20261120-${String(++serial).padStart(12, '0')}-0A`,
        content: receivedXml(of, from),
        metadata: null,
      },
    ),
  )
  await api.deps.db.withCompany(CompanyId.parse(of.id), (tx) => tx.documents.insertReceived(documents))
  return documents
}

const list = async (of: Party, query: Record<string, string> = {}) => {
  const answer = await api.call({
    url: `/v1/companies/${of.id}/documents?${new URLSearchParams(query)}`,
    key: of.key,
  })
  return answer.json() as { documents: (Json & { number: string; id: string })[]; nextCursor: string | null }
}
const numbers = async (of: Party, query: Record<string, string>) =>
  (await list(of, query)).documents.map(({ number }) => number).sort()

describe('the register of documents', () => {
  test('shows what is sent from its acceptance, in batches and alone, with the way it goes', async () => {
    const posted = await api.call({
      url: `/v1/companies/${api.a.id}/invoices`,
      xml: invoiceOf(NIP_A, { number: 'WYS/1' }),
      key: api.a.key,
    })
    const { documents } = await list(api.a, { direction: 'outgoing', number: 'WYS/1' })
    expect(documents).toEqual([
      expect.objectContaining({
        direction: 'outgoing',
        roles: ['Subject1'],
        ksefNumber: null,
        form: 'FA (3)',
        kind: 'VAT',
        seller: { identifier: NIP_A, name: 'Rusztowania Wisła sp. z o.o.' },
        buyer: { identifierType: 'Nip', identifier: '3333333333', name: 'Pracownia Cegła s.c.' },
        net: '3517.00',
        vat: '808.91',
        gross: '4325.91',
        links: expect.objectContaining({ invoice: `/v1/companies/${api.a.id}/invoices/${posted.json().id}` }),
      }),
    ])
  })

  test('shows an invoice that the company issues as the buyer as one it bought', async () => {
    const seller = { nip: '7777777777', name: 'Rolnik', address: { line1: 'Nowa Wola 7' } }
    const buyer = { address: { line1: 'ul. Prosta 1' } }
    const itself = { ...INVOICE_EXAMPLES.VAT, seller, buyer, annotations: { selfInvoicing: true } }
    const farmers = { ...INVOICE_RR_EXAMPLES.VAT_RR, seller, buyer }
    const to = (path: string) => ({ url: `/v1/companies/${api.a.id}/${path}`, key: api.a.key })
    const statuses = [
      await api.call({ ...to('invoices'), json: { ...itself, number: 'SAMO/1' } }),
      await api.call({ ...to('invoices'), json: { ...farmers, number: 'RR/1' } }),
      await api.call({
        ...to('batches'),
        upload: jsonLinesOf({ ...itself, number: 'SAMO/2' }, { ...farmers, number: 'RR/2' }),
      }),
    ].map(({ statusCode }) => statusCode)
    expect(statuses).toEqual([202, 202, 202])
    const { documents } = await list(api.a, { role: 'Subject2', direction: 'outgoing' })
    expect(documents.map(({ number, roles }) => [number, roles]).sort()).toEqual([
      ['RR/1', ['Subject2']],
      ['RR/2', ['Subject2']],
      ['SAMO/1', ['Subject2']],
      ['SAMO/2', ['Subject2']],
    ])
    expect(documents[0]).toMatchObject({ buyer: { identifierType: 'Nip', identifier: NIP_A } })
    expect(await numbers(api.a, { role: 'Subject1' })).not.toContain('SAMO/1')
  })

  test('finds by every filter, and by all that are given together', async () => {
    const of = api.b
    await receive(
      of,
      { number: 'A', kind: 'KOR', gross: '-0.10', issueDate: '2026-10-31' },
      { number: 'B', currency: 'EUR', gross: '999999999999999999.99', third: '8888888888', role: 'Subject3' },
      { number: 'C', gross: '100.005', issueDate: '2026-11-01', seller: { nip: '6666666666', name: 'Młyn' } },
    )
    const expected: [Record<string, string>, string[]][] = [
      [{}, ['A', 'B', 'C']],
      [{ direction: 'incoming' }, ['A', 'B', 'C']],
      [{ direction: 'outgoing' }, []],
      [{ kind: 'KOR' }, ['A']],
      [{ role: 'Subject3' }, ['B']],
      [{ currency: 'EUR' }, ['B']],
      [{ issuedFrom: '2026-11-01' }, ['B', 'C']],
      [{ issuedTo: '2026-11-01' }, ['A', 'C']],
      [{ issuedFrom: '2026-11-02', issuedTo: '2026-11-01' }, []],
      [{ receivedBefore: '2020-01-01T00:00:00Z' }, []],
      [{ receivedFrom: '2020-01-01T00:00:00+01:00' }, ['A', 'B', 'C']],
      [{ grossMin: '100.005', grossMax: '100.005' }, ['C']],
      [{ grossMin: '100.0051' }, ['B']],
      [{ grossMax: '-0.1' }, ['A']],
      [{ grossMin: '999999999999999999.99' }, ['B']],
      [{ number: 'A' }, ['A']],
      [{ number: 'a' }, []],
      [{ party: '8888888888' }, ['B']],
      [{ party: '6666666666' }, ['C']],
      [{ party: '666666' }, []],
      [{ party: 'mlyn' }, ['C']],
      [{ party: 'A' }, []],
      [{ registered: 'false' }, []],
      [{ erased: 'true' }, []],
      [{ flag: 'unreadable' }, []],
      [{ currency: 'PLN', kind: 'VAT' }, ['C']],
    ]
    for (const [query, found] of expected)
      expect(await numbers(of, query), JSON.stringify(query)).toEqual(found)
    const [one] = await receive(of, { number: 'D' })
    expect(await numbers(of, { ksefNumber: one?.ksefNumber ?? '' })).toEqual(['D'])
    expect((await list(of, { number: 'B' })).documents[0]).toMatchObject({ gross: '999999999999999999.99' })
    expect(await numbers(api.a, { number: 'D' })).toEqual([])
  })

  test('is searched by words of names and numbers, whatever their case and accents', async () => {
    const of = api.a
    await receive(
      of,
      { number: 'FS/0071/11/2026', seller: { nip: '5555555555', name: 'Zażółć Gęślą Jaźń S.A.' } },
      { number: 'łódź-7', seller: { nip: '5555555556', name: 'ŻÓŁW &amp; Spółka' } },
    )
    const expected: [string, string[]][] = [
      ['zażółć', ['FS/0071/11/2026']],
      ['ZAZOLC gesla', ['FS/0071/11/2026']],
      ['jaźń zaż', ['FS/0071/11/2026']],
      ['zolw', ['łódź-7']],
      ['żó', ['łódź-7']],
      ['Łódź 7', ['łódź-7']],
      ['fs 0071', ['FS/0071/11/2026']],
      ['0071/11', ['FS/0071/11/2026']],
      ['5555555556', ['łódź-7']],
      ['071', []],
      ['nikt taki', []],
    ]
    for (const [q, found] of expected) expect(await numbers(of, { q }), q).toEqual(found)
  })

  test('is searched with whatever text without harm', async () => {
    const hostile = [
      ...["a' or 1=1 --", "x':*|'y", '!a & b', 'a <-> b', "'a'", '\\', '"a"', 'a:*', '%', '$1', "'':*", '@a'],
      ...['😀x', 'a'.repeat(200), 'ﷺ1', '*'],
    ]
    for (const given of hostile) {
      for (const name of ['q', 'party', 'number', 'ksefNumber']) {
        const query = new URLSearchParams({ [name]: given })
        const answer = await api.call({ url: `/v1/companies/${api.a.id}/documents?${query}` })
        expect([200, 400], `${name}=${given}`).toContain(answer.statusCode)
        if (answer.statusCode === 400) expect(answer.json().code).toBe('REQUEST_INVALID')
      }
    }
  })

  test.each([
    ['q', '...'],
    ['q', 'a\0b'],
    ['q', ''],
    ['q', 'a b c d e f g h i j k'],
    ['party', '!!'],
    ['number', '\0'],
    ['issuedFrom', '2026-02-30'],
    ['issuedFrom', '0000-01-01'],
    ['receivedFrom', '0000-01-01T00:00:00Z'],
    ['receivedFrom', 'yesterday'],
    ['grossMin', '1,50'],
    ['grossMin', '1e5'],
    ['grossMax', 'NaN'],
    ['currency', 'pln'],
    ['kind', "VAT'"],
    ['direction', 'sideways'],
    ['registered', 'yes'],
    ['limit', '0'],
    ['unknown', 'x'],
  ])('refuses %s=%j', async (name, value) => {
    const answer = await api.call({
      url: `/v1/companies/${api.a.id}/documents?${new URLSearchParams({ [name]: value })}`,
    })
    expect([answer.statusCode, answer.json().code]).toEqual([400, 'REQUEST_INVALID'])
  })

  test('is read page by page, each document once, while others keep coming', async () => {
    const of = api.b
    const made = Array.from({ length: 23 }, (_, at) => ({ number: `P/${at}`, currency: 'CHF' }))
    await receive(of, ...made)
    const seen: string[] = []
    let cursor: string | null = null
    do {
      const page = await list(of, { currency: 'CHF', limit: '5', ...(cursor === null ? {} : { cursor }) })
      seen.push(...page.documents.map(({ number }) => number))
      cursor = page.nextCursor
      await receive(of, { number: `late/${serial}`, currency: 'CHF' })
    } while (cursor !== null)
    expect(seen.sort()).toEqual(made.map(({ number }) => number).sort())
  })

  test('takes no cursor of another list, another company or another hand', async () => {
    await receive(api.a, { currency: 'CZK' }, { currency: 'CZK' })
    const { nextCursor } = await list(api.a, { currency: 'CZK', limit: '1' })
    const cursor = nextCursor ?? ''
    const status = async (url: string) => {
      const answer = await api.call({ url })
      return answer.statusCode === 200 ? 200 : answer.json().code
    }
    const at = (company: string, query: Record<string, string>) =>
      status(`/v1/companies/${company}/documents?${new URLSearchParams({ ...query, cursor })}`)
    expect(await at(api.a.id, { currency: 'CZK' })).toBe(200)
    expect(await at(api.a.id, { currency: 'PLN' })).toBe('CURSOR_INVALID')
    expect(await at(api.a.id, {})).toBe('CURSOR_INVALID')
    expect(await at(api.b.id, { currency: 'CZK' })).toBe('CURSOR_INVALID')
    expect(await status(`/v1/companies/${api.a.id}/invoices?cursor=${cursor}`)).toBe('CURSOR_INVALID')
  })
})

describe('one document', () => {
  test('is read as JSON, and as the very bytes with their hash', async () => {
    const [one] = await receive(api.a, { number: 'J/1' })
    const url = `/v1/companies/${api.a.id}/documents/${one?.id}`
    const read = await api.call({ url, key: api.a.key })
    expect(read.json()).toMatchObject({
      id: one?.id,
      number: 'J/1',
      ksefNumber: one?.ksefNumber,
      hash: sha256Base64(one?.content ?? new Uint8Array()),
      links: { self: url, xml: `${url}/xml` },
    })
    expect(read.json().links).not.toHaveProperty('upo')
    const xml = await api.call({ url: `${url}/xml`, key: api.a.key })
    expect(Buffer.compare(xml.rawPayload, one?.content ?? Buffer.alloc(0))).toBe(0)
    expect(xml.headers).toMatchObject({
      'content-type': 'application/xml',
      etag: `"${one?.hash}"`,
      'repr-digest': `sha-256=:${one?.hash}:`,
    })
    const again = await api.call({ url: `${url}/xml`, headers: { 'if-none-match': `W/"x", "${one?.hash}"` } })
    expect([again.statusCode, again.body]).toEqual([304, ''])
    const upo = await api.call({ url: `${url}/upo`, key: api.a.key })
    expect([upo.statusCode, upo.json().code]).toEqual([404, 'NOT_FOUND'])
  })

  test('that is sent has no UPO before its time', async () => {
    await api.call({
      url: `/v1/companies/${api.a.id}/invoices`,
      xml: invoiceOf(NIP_A, { number: 'BEZ-UPO' }),
      key: api.a.key,
    })
    const { documents } = await list(api.a, { number: 'BEZ-UPO' })
    const upo = await api.call({ url: `/v1/companies/${api.a.id}/documents/${documents[0]?.id}/upo` })
    expect([upo.statusCode, upo.json().code]).toEqual([409, 'UPO_NOT_YET'])
  })

  test('is given out only while its bytes are those that were stored', async () => {
    const [one] = await receive(api.a, {})
    await api.query('alter table ksef_documents_raw disable trigger user')
    await api.query(`update ksef_documents_raw set content = 'x' where id = $1`, [one?.id])
    await api.query('alter table ksef_documents_raw enable trigger user')
    const answer = await api.call({ url: `/v1/companies/${api.a.id}/documents/${one?.id}/xml` })
    expect([answer.statusCode, answer.json().code]).toEqual([500, 'INTERNAL'])
  })
})
