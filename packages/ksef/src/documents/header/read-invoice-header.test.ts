import { readFileSync } from 'node:fs'
import { join } from 'node:path'
import fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import { HOSTILE } from '../../../test/hostile-invoices.ts'
import { sampleInvoice } from '../sample-invoice.ts'
import { NOBODY } from './invoice-header.ts'
import {
  type HeaderReading,
  readInvoiceHeader,
  readParsedHeader,
  readPlainHeader,
} from './read-invoice-header.ts'

const read = (xml: string): HeaderReading => readInvoiceHeader(Buffer.from(xml, 'utf8'))
const FA3 = 'http://crd.gov.pl/wzor/2025/06/25/13775/'
const fa = (fields: string, rest = '') => `<Faktura xmlns="${FA3}">${rest}<Fa>${fields}</Fa></Faktura>`
const party = (name: string, inside: string, after = '') =>
  `<${name}><DaneIdentyfikacyjne>${inside}</DaneIdentyfikacyjne>${after}</${name}>`

describe('the head of an FA', () => {
  test('is read whole', () => {
    const bytes = sampleInvoice({
      form: 'FA (3)',
      sellerNip: '5265877635',
      buyerNip: '1111111111',
      number: 'FV/1 & Żółć',
      issueDate: '2026-11-22',
    })
    expect(readInvoiceHeader(bytes)).toEqual({
      form: 'FA (3)',
      kind: 'VAT',
      number: 'FV/1 & Żółć',
      issueDate: '2026-11-22',
      saleDate: null,
      seller: { identifier: { type: 'Nip', value: '5265877635' }, name: 'Rusztowania Wisła sp. z o.o.' },
      buyer: { identifier: { type: 'Nip', value: '1111111111' }, name: 'Pracownia Cegła s.c.' },
      thirdParties: [],
      authorized: null,
      currency: 'PLN',
      totals: { net: '3517.00', vat: '808.91', gross: '4325.91' },
      corrected: null,
      correctedCount: 0,
      correctedByNumber: [],
      isSelfInvoicing: false,
      hasAttachment: false,
    })
  })

  test('adds up net and VAT of all rates, and leaves out what is stated again in PLN and what is to pay', () => {
    const fields = `<P_13_1>100.10</P_13_1><P_14_1>23.02</P_14_1><P_14_1W>99.99</P_14_1W><P_13_6_1>-0.05</P_13_6_1>
      <P_13_11>7</P_13_11><P_14_5>0.005</P_14_5><P_15>130.075</P_15><P_15ZK>1.00</P_15ZK>`
    expect(read(fa(fields))).toMatchObject({
      totals: { net: '107.05', vat: '23.025', gross: '130.075' },
    })
  })

  test('tells every kind of identifier, third parties with their roles, and who is authorized', () => {
    const parties = [
      party('Podmiot1', '<NIP>5265877635</NIP><Nazwa> Młyn\n Żółty </Nazwa>'),
      party('Podmiot2', '<KodUE>DE</KodUE><NrVatUE>123456789</NrVatUE><Nazwa>Mühle</Nazwa>'),
      party('Podmiot3', '<IDWew>5265877635-00001</IDWew>', '<Rola>4</Rola>'),
      party('Podmiot3', '<KodKraju>US</KodKraju><NrID>X-1</NrID>', '<RolaInna>1</RolaInna>'),
      party('Podmiot3', '<BrakID>1</BrakID><Nazwa>Jan</Nazwa>', '<Rola>11</Rola>'),
      party('PodmiotUpowazniony', '<NIP>1111111111</NIP>'),
    ].join('')
    expect(read(fa('', parties))).toMatchObject({
      seller: { identifier: { type: 'Nip', value: '5265877635' }, name: 'Młyn Żółty' },
      buyer: { identifier: { type: 'VatUe', value: 'DE123456789' }, name: 'Mühle' },
      thirdParties: [
        { identifier: { type: 'InternalId', value: '5265877635-00001' }, role: 4 },
        { identifier: { type: 'Other', value: 'X-1' }, role: null },
        { identifier: { type: 'None', value: null }, name: 'Jan', role: 11 },
      ],
      authorized: { identifier: { type: 'Nip', value: '1111111111' } },
    })
  })

  test('tells self-invoicing, an attachment, and the date of sale or the end of its period', () => {
    const whole = `<Faktura xmlns="${FA3}"><Fa><P_6>2026-11-19</P_6><Adnotacje><P_17>1</P_17></Adnotacje></Fa><Zalacznik/></Faktura>`
    expect(read(whole)).toMatchObject({ isSelfInvoicing: true, hasAttachment: true, saleDate: '2026-11-19' })
    const period = '<OkresFa><P_6_Od>2026-10-01</P_6_Od><P_6_Do>2026-10-31</P_6_Do></OkresFa>'
    expect(read(fa(period))).toMatchObject({ saleDate: '2026-10-31' })
  })

  test('with prefixes, a byte order mark or processing instructions is read as well: KSeF took such ones once', () => {
    const prefixed = `\uFEFF<?xml-stylesheet href="x"?><f:Faktura xmlns:f="${FA3}"><f:Fa><f:P_2>1</f:P_2></f:Fa></f:Faktura>`
    expect(read(prefixed)).toMatchObject({ form: 'FA (3)', number: '1' })
  })

  test('lacks what the document lacks, or has in another form, and keeps the rest', () => {
    const fields = '<P_1>2026-02-30</P_1><KodWaluty>zł</KodWaluty><P_15>dużo</P_15><P_2>FV/9</P_2>'
    expect(read(fa(fields))).toEqual({
      form: 'FA (3)',
      number: 'FV/9',
      ...{ kind: null, issueDate: null, saleDate: null, currency: null, authorized: null, corrected: null },
      ...{ seller: NOBODY, buyer: NOBODY, thirdParties: [], correctedCount: 0, correctedByNumber: [] },
      ...{ isSelfInvoicing: false, hasAttachment: false },
      totals: { net: null, vat: null, gross: null },
    })
  })

  test('is bounded: long texts are cut and of a thousand third parties a hundred kept', () => {
    const many = party('Podmiot3', '<NIP>1111111111</NIP>').repeat(1_000)
    const reading = read(fa(`<P_2>${'😀'.repeat(2_000)}</P_2>`, many))
    if (!('thirdParties' in reading)) throw new Error('not read')
    expect(reading.thirdParties).toHaveLength(100)
    expect(reading.number?.isWellFormed()).toBe(true)
    expect(reading.number?.length).toBeLessThanOrEqual(512)
  })
})

test('the head of an FA_RR is read under its own names', () => {
  const xml = `<Faktura xmlns="http://crd.gov.pl/wzor/2026/03/06/14189/">${party('Podmiot1', '<NIP>1111111111</NIP>')}
    <FakturaRR><KodWaluty>PLN</KodWaluty><P_4A>2026-11-18</P_4A><P_4B>2026-11-20</P_4B><P_4C>RR/1</P_4C><P_11_1>100.00</P_11_1>
    <P_11_1W>1.00</P_11_1W><P_11_2>7.00</P_11_2><P_12_1>107.00</P_12_1><P_12_2>sto siedem</P_12_2>
    <RodzajFaktury>VAT_RR</RodzajFaktury></FakturaRR></Faktura>`
  expect(read(xml)).toMatchObject({
    form: 'FA_RR (1)',
    kind: 'VAT_RR',
    number: 'RR/1',
    issueDate: '2026-11-20',
    saleDate: '2026-11-18',
    totals: { net: '100.00', vat: '7.00', gross: '107.00' },
  })
})

const ublParty = (id: string, name: string) =>
  `<cac:Party><cac:PartyName><cbc:Name>${name}</cbc:Name></cac:PartyName>
   <cac:PartyTaxScheme><cbc:CompanyID>${id}</cbc:CompanyID></cac:PartyTaxScheme></cac:Party>`
const ubl = (root: string, inside: string) =>
  `<${root} xmlns="urn:oasis:names:specification:ubl:schema:xsd:${root}-2"
     xmlns:cac="urn:oasis:names:specification:ubl:schema:xsd:CommonAggregateComponents-2"
     xmlns:cbc="urn:oasis:names:specification:ubl:schema:xsd:CommonBasicComponents-2">
   <cbc:ID>PEF/1</cbc:ID><cbc:IssueDate>2026-11-20</cbc:IssueDate><cbc:DocumentCurrencyCode>EUR</cbc:DocumentCurrencyCode>
   ${inside}</${root}>`

test('the head of a PEF invoice and of its correction is read from UBL', () => {
  const inside = `<cac:AccountingSupplierParty>${ublParty('PL5265877635', 'Młyn')}</cac:AccountingSupplierParty>
    <cac:AccountingCustomerParty>${ublParty('DE123456789', 'Mühle')}</cac:AccountingCustomerParty>
    <cac:TaxTotal><cbc:TaxAmount currencyID="PLN">98.90</cbc:TaxAmount></cac:TaxTotal>
    <cac:TaxTotal><cbc:TaxAmount currencyID="EUR">23.00</cbc:TaxAmount></cac:TaxTotal>
    <cac:LegalMonetaryTotal><cbc:TaxExclusiveAmount currencyID="EUR">100</cbc:TaxExclusiveAmount>
    <cbc:TaxInclusiveAmount currencyID="EUR">123</cbc:TaxInclusiveAmount></cac:LegalMonetaryTotal>`
  expect(read(ubl('Invoice', inside))).toMatchObject({
    form: 'PEF (3)',
    kind: 'VAT_PEF',
    number: 'PEF/1',
    issueDate: '2026-11-20',
    seller: { identifier: { type: 'Nip', value: '5265877635' }, name: 'Młyn' },
    buyer: { identifier: { type: 'VatUe', value: 'DE123456789' }, name: 'Mühle' },
    currency: 'EUR',
    totals: { net: '100.00', vat: '23.00', gross: '123.00' },
    correctedCount: 0,
  })
  const reference =
    '<cac:BillingReference><cac:InvoiceDocumentReference><cbc:ID>PEF/0</cbc:ID></cac:InvoiceDocumentReference></cac:BillingReference>'
  expect(read(ubl('CreditNote', reference))).toMatchObject({
    form: 'PEF_KOR (3)',
    kind: 'KOR_PEF',
    corrected: { number: 'PEF/0', ksefNumber: null },
    correctedCount: 1,
    correctedByNumber: ['PEF/0'],
  })
})

describe('what is no invoice', () => {
  test('is unknown when it is XML of another form, and says which', () => {
    expect(read('<Potwierdzenie xmlns="urn:upo"/>')).toEqual({
      form: 'unknown',
      root: 'Potwierdzenie',
      namespace: 'urn:upo',
    })
    expect(read('<Faktura/>')).toMatchObject({ form: 'unknown', namespace: '' })
    expect(read(`<x xmlns="${FA3}"/>`)).toMatchObject({ form: 'unknown', root: 'x' })
    expect(read('<Invoice xmlns="constructor"/>')).toMatchObject({ form: 'unknown' })
  })

  test('is none when it is not XML, and nothing is thrown', () => {
    for (const text of ['', ' ', '\0', 'hello', '<a>', '{"a": 1}', '<a>&x;</a>', '<a>'.repeat(100_000)])
      expect(read(text)).toEqual({ form: 'none', because: 'not-xml' })
    expect(readInvoiceHeader(new Uint8Array(3_000_001))).toEqual({ form: 'none', because: 'too-large' })
  })

  test('is none when it declares a document type, in whatever encoding', () => {
    const xml = `<!DOCTYPE Faktura [<!ENTITY x "FV">]><Faktura xmlns="${FA3}"><Fa><P_2>&x;</P_2></Fa></Faktura>`
    expect(read(xml)).toEqual({ form: 'none', because: 'has-doctype' })
    expect(readInvoiceHeader(Buffer.from(`\uFEFF${xml}`, 'utf16le'))).toMatchObject({ form: 'none' })
    expect(
      read(xml.replace('<!DOCTYPE', '<!--<!DOCTYPE').replace(']>', ']>-->').replace('&x;', '1')),
    ).toMatchObject({
      number: '1',
    })
  })

  test('bytes of any kind, and an invoice damaged anywhere, are answered', () => {
    const sample = Buffer.from(
      sampleInvoice({
        form: 'FA (3)',
        sellerNip: '5265877635',
        buyerNip: '1111111111',
        number: 'FV/1',
        issueDate: '2026-11-22',
      }),
    )
    const damaged = fc
      .tuple(fc.nat(sample.length - 1), fc.uint8Array({ maxLength: 8 }))
      .map(([at, bytes]) =>
        Buffer.concat([sample.subarray(0, at), bytes, sample.subarray(at + bytes.length)]),
      )
    fc.assert(
      fc.property(fc.oneof(fc.uint8Array(), damaged), (bytes) => {
        expect(typeof readInvoiceHeader(bytes).form).toBe('string')
      }),
      { numRuns: 300 },
    )
  })

  test.each(HOSTILE)('$tries does no harm', ({ bytes }) => {
    expect(typeof readInvoiceHeader(bytes).form).toBe('string')
  })
})

describe('the reader of plain XML', () => {
  const sample = (form: 'FA (2)' | 'FA (3)') =>
    Buffer.from(
      sampleInvoice({
        form,
        sellerNip: '5265877635',
        buyerNip: '1111111111',
        number: 'FV/1 & Ż',
        issueDate: '2026-11-22',
      }),
    ).toString('utf8')

  test('reads an invoice as programs write it, and tells of it what the parser tells', () => {
    for (const xml of [
      sample('FA (2)'),
      sample('FA (3)'),
      fa('<P_2>a &amp; &lt;b&gt;&quot;&apos;</P_2><P_15/>'),
    ]) {
      const plain = readPlainHeader(Buffer.from(xml))
      expect(plain).not.toBeNull()
      expect(plain).toEqual(readParsedHeader(Buffer.from(xml)))
    }
  })

  const PIECES = [
    ...[
      '<',
      '>',
      '/',
      '&',
      ';',
      '"',
      "'",
      '=',
      ' ',
      '\n',
      '\r',
      '\0',
      '\uFFFE',
      '\u0085',
      ':',
      '-',
      '<?x?>',
      '<?xml version="1.0"?>',
    ],
    ...[
      '<!--x-->',
      '<!-- -- -->',
      '<![CDATA[x]]>',
      ']]>',
      '&amp;',
      '&#38;',
      '&#x3c;',
      '&x;',
      '&lt',
      '<!DOCTYPE x>',
      '\uFEFF',
      'Ż',
    ],
    ...[
      '<P_2>2</P_2>',
      '<P_2/>',
      '</P_2>',
      '<P_2>',
      '<Fa>',
      '</Fa>',
      '<a:b/>',
      '<a b="1" b="2"/>',
      '<a b=\'1\' c = "2" />',
    ],
    ...[
      '<a xmlns="x"><P_2>3</P_2></a>',
      ' xmlns:a="b"',
      ' a:b="c"',
      ' xmlns=""',
      '<1/>',
      '<a b="<"/>',
      '<a b=">"/>',
      '<a b=1/>',
    ],
  ]

  test('declines what it does not know: where it answers, the parser says the same of it', () => {
    const xml = sample('FA (3)')
    const spoiled = fc
      .array(
        fc.record({
          at: fc.nat(xml.length),
          cut: fc.oneof(fc.constant(0), fc.nat(3), fc.nat(200)),
          piece: fc.oneof(fc.constantFrom(...PIECES), fc.string({ maxLength: 3 })),
        }),
        { maxLength: 3 },
      )
      .map((edits) =>
        edits.reduce((text, { at, cut, piece }) => text.slice(0, at) + piece + text.slice(at + cut), xml),
      )
    let answered = 0
    fc.assert(
      fc.property(spoiled, (text) => {
        const bytes = Buffer.from(text)
        const plain = readPlainHeader(bytes)
        if (plain === null) return
        answered += 1
        expect(plain).toEqual(readParsedHeader(bytes))
      }),
      { numRuns: 1_500 },
    )
    expect(answered).toBeGreaterThan(100)
  })

  test.each(['\u00a0', '\u2028', '\u3000', '\ufeff', '\u000b'])(
    'a space that is none of XML (%j) is left to the parser',
    (space) => {
      const xml = [
        `<Faktura${space}xmlns="${FA3}"><Fa/></Faktura>`,
        `<Faktura xmlns${space}="${FA3}"><Fa/></Faktura>`,
        `<Faktura xmlns="${FA3}"${space}><Fa/></Faktura>`,
        `<Faktura xmlns="${FA3}"><Fa${space}a="1"/></Faktura>`,
      ]
      for (const one of xml) expect(readPlainHeader(Buffer.from(one))).toBeNull()
    },
  )

  test.each(HOSTILE)('$tries is left to the parser, or read as the parser reads it', ({ bytes }) => {
    const plain = readPlainHeader(bytes)
    if (plain !== null) expect(plain).toEqual(readParsedHeader(bytes))
  })
})

const folder = process.env['KSEF_CONTRACT_DIR']
if (folder === undefined)
  console.warn('SKIPPED, KSEF_CONTRACT_DIR is not set: the heads of the official samples')

describe.skipIf(folder === undefined)('the official samples', () => {
  const sample = (name: string): HeaderReading =>
    readInvoiceHeader(readFileSync(join(folder ?? '', 'samples', name)))

  test.each([
    ['invoice-template-fa-2.xml', 'FA (2)', { net: '35260.63', vat: '8109.94', gross: '43370.57' }],
    ['invoice-template-fa-3.xml', 'FA (3)', { net: '43.60', vat: '10.03', gross: '53.63' }],
    [
      'invoice-template-fa-3-with-custom-Subject2.xml',
      'FA (3)',
      { net: '43.60', vat: '10.03', gross: '53.63' },
    ],
  ])('%s', (name, form, totals) => {
    expect(sample(name)).toMatchObject({ form, kind: 'VAT', currency: 'PLN', totals })
  })

  test('a UPO is no invoice', () => {
    expect(sample('upo-faktura-kontekst-id-nip.xml')).toMatchObject({
      form: 'unknown',
      root: 'Potwierdzenie',
    })
  })
})
