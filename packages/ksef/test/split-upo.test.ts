import { readFileSync } from 'node:fs'
import { join } from 'node:path'
import fc from 'fast-check'
import { XmlDocument, XsdValidator } from 'libxml2-wasm'
import { describe, expect, test } from 'vitest'
import { ksefNumberCrc, type SplitUpo, splitUpo } from '../src/index.ts'

const directory = process.env['KSEF_CONTRACT_DIR']
if (directory === undefined)
  console.warn('SKIPPED, KSEF_CONTRACT_DIR is not set: receipts against the official schema and samples')

const DOCUMENTS_MAX = 10_000

type Document = { ksefNumber: string; invoiceHash: string; invoiceNumber: string }

const numberOf = (index: number): string => {
  const body = `5265877635-20250916-${index.toString(16).toUpperCase().padStart(12, '0')}`
  return `${body}-${ksefNumberCrc(body)}`
}
const documentOf = (index: number, invoiceNumber = `FV/${index}`): Document => ({
  ksefNumber: numberOf(index),
  invoiceHash: Buffer.alloc(32, index).toString('base64'),
  invoiceNumber,
})
const escaped = (text: string): string =>
  text.replaceAll('&', '&amp;').replaceAll('<', '&lt;').replaceAll('>', '&gt;')

const documentXml = ({ ksefNumber, invoiceHash, invoiceNumber }: Document, gap = ''): string =>
  [
    '<Dokument>',
    '<NipSprzedawcy>5265877635</NipSprzedawcy>',
    `<NumerKSeFDokumentu>${ksefNumber}</NumerKSeFDokumentu>`,
    `<NumerFaktury>${escaped(invoiceNumber)}</NumerFaktury>`,
    '<DataWystawieniaFaktury>2025-09-16</DataWystawieniaFaktury>',
    '<DataPrzeslaniaDokumentu>2025-09-16T11:02:41.584+02:00</DataPrzeslaniaDokumentu>',
    '<DataNadaniaNumeruKSeF>2025-09-16T11:02:42.084+02:00</DataNadaniaNumeruKSeF>',
    `<SkrotDokumentu>${invoiceHash}</SkrotDokumentu>`,
    '<TrybWysylki>Online</TrybWysylki>',
    '</Dokument>',
  ].join(gap)

const ROOT = '<Potwierdzenie xmlns="http://upo.schematy.mf.gov.pl/KSeF/v4-3">'
const HEADING = [
  '<NazwaPodmiotuPrzyjmujacego>Ministerstwo Finansów</NazwaPodmiotuPrzyjmujacego>',
  '<NumerReferencyjnySesji>20250916-SB-213D593000-4DE10D80A5-E9</NumerReferencyjnySesji>',
  '<Uwierzytelnienie><IdKontekstu><Nip>5265877635</Nip></IdKontekstu>',
  '<SkrotDokumentuUwierzytelniajacego>kyqH+QUgP8ATWd/95IY632mP4uqibwG66Oqclq9+qno=</SkrotDokumentuUwierzytelniajacego>',
  '</Uwierzytelnienie>',
].join('')
const FORM =
  '<NazwaStrukturyLogicznej>Schemat_FA(3)_v1-0E.xsd</NazwaStrukturyLogicznej><KodFormularza>FA (3)</KodFormularza>'
const descriptionOf = (from: number, to: number, total = to): string =>
  `<OpisPotwierdzenia><Strona>1</Strona><LiczbaStron>1</LiczbaStron><ZakresDokumentowOd>${from}</ZakresDokumentowOd>` +
  `<ZakresDokumentowDo>${to}</ZakresDokumentowDo><CalkowitaLiczbaDokumentow>${total}</CalkowitaLiczbaDokumentow></OpisPotwierdzenia>`

const PROLOG = '<?xml version="1.0" encoding="utf-8"?>'
const pageOf = (documents: readonly Document[], gap = ''): string =>
  [
    PROLOG + ROOT + HEADING + descriptionOf(1, documents.length) + FORM,
    ...documents.map((one) => documentXml(one, gap)),
    '</Potwierdzenie>',
  ].join(gap)
const two = [documentOf(1), documentOf(2)] as const
const page = pageOf(two)

const split = (text: string): SplitUpo => splitUpo(Buffer.from(text, 'utf8'))
function documentsOf(result: SplitUpo) {
  if (!result.ok) throw new Error(JSON.stringify(result.refusal))
  return result.documents
}

test('every document of a page comes out with its number, its hash and a receipt of its own', () => {
  const words = fc.string({ minLength: 1, maxLength: 40, unit: fc.constantFrom(...'FV/ 1&<>"\'żółć💶-') })
  const arrangement = fc.record({
    invoiceNumbers: fc.array(words, { minLength: 1, maxLength: 40 }),
    gap: fc.constantFrom('', '\n', '\r\n\t', '  '),
    mark: fc.constantFrom('', '\uFEFF'),
  })
  fc.assert(
    fc.property(arrangement, ({ invoiceNumbers, gap, mark }) => {
      const documents = invoiceNumbers.map((number, index) => documentOf(index, number))
      const found = documentsOf(split(mark + pageOf(documents, gap)))
      expect(found.map(({ ksefNumber, invoiceHash }) => ({ ksefNumber, invoiceHash }))).toEqual(
        documents.map(({ ksefNumber, invoiceHash }) => ({ ksefNumber, invoiceHash })),
      )
      const own = (document: Document) =>
        `${mark + PROLOG + ROOT + HEADING + FORM + gap + documentXml(document, gap) + gap}</Potwierdzenie>`
      expect(found.map(({ xml }) => Buffer.from(xml).toString())).toEqual(documents.map(own))
      // A receipt of one is read like a page, and comes out as it is.
      for (const { xml } of found) expect(documentsOf(splitUpo(xml))[0]?.xml).toEqual(xml)
    }),
    { numRuns: 50 },
  )
})

test('a full page comes out whole', () => {
  const documents = Array.from({ length: DOCUMENTS_MAX }, (_, index) => documentOf(index))
  const found = documentsOf(split(pageOf(documents, '\n')))
  expect(found.map(({ ksefNumber }) => ksefNumber)).toEqual(documents.map(({ ksefNumber }) => ksefNumber))
})

test('a page tells which one it is of how many', () => {
  expect(split(page)).toMatchObject({
    sessionReferenceNumber: '20250916-SB-213D593000-4DE10D80A5-E9',
    page: { page: 1, pages: 1, from: 1, to: 2, total: 2 },
  })
})

test('a signature at the end is left out, and so is what a root says besides', () => {
  const signed = page.replace(
    '</Potwierdzenie>',
    '<ds:Signature xmlns:ds="http://www.w3.org/2000/09/xmldsig#"><ds:SignedInfo/></ds:Signature></Potwierdzenie>',
  )
  expect(documentsOf(split(signed))).toEqual(documentsOf(split(page)))
  const wider = ROOT.replace(
    ' xmlns=',
    ' xmlns:xsi="http://www.w3.org/2001/XMLSchema-instance" wersjaSchemy="4-3" xmlns=',
  )
  const [first] = documentsOf(split(page.replace(ROOT, wider)))
  expect(Buffer.from(first?.xml ?? []).toString()).toContain(wider)
})

const NOT_UNDERSTOOD: [string, string][] = [
  ['nothing', ''],
  ['HTML', '<html><body>Request Rejected</body></html>'],
  ['a page cut in a document', page.slice(0, page.lastIndexOf('<TrybWysylki>'))],
  ['a page cut between documents', page.slice(0, page.lastIndexOf('<Dokument>'))],
  ['no document', pageOf([])],
  ['another namespace', page.replace('v4-3', 'v4-4')],
  ['a document type', page.replace(PROLOG, `${PROLOG}<!DOCTYPE x [<!ENTITY e "x">]>`)],
  ['an entity of its own', page.replace('FV/1', '&e;')],
  ['a comment between documents', page.replace('</Dokument><Dokument>', '</Dokument><!-- --><Dokument>')],
  ['a section of plain characters', page.replace('FV/1', '<![CDATA[FV/1]]>')],
  ['an element nobody announced', page.replace('<TrybWysylki>', '<Nowy>1</Nowy><TrybWysylki>')],
  ['a missing element', page.replace('<NumerFaktury>FV/1</NumerFaktury>', '')],
  ['an empty element', page.replace('FV/1', '')],
  ['an attribute nobody announced', page.replace('<Dokument>', '<Dokument nr="1">')],
  ['a prefix', page.replaceAll(/<(\/?)(?=[A-Z])/g, '<$1upo:').replace('xmlns=', 'xmlns:upo=')],
  ['a hash that is none', page.replace(two[0].invoiceHash, 'AAAA')],
  ['something after the end', `${page}<Potwierdzenie/>`],
  [
    'a document within a signature',
    page.replace(
      '</Potwierdzenie>',
      `<Signature xmlns="http://www.w3.org/2000/09/xmldsig#">${documentXml(documentOf(3))}</Signature></Potwierdzenie>`,
    ),
  ],
]

test.each(NOT_UNDERSTOOD)('%s is refused whole', (_, text) => {
  expect(split(text)).toMatchObject({ ok: false, refusal: { code: 'UPO_NOT_UNDERSTOOD' } })
})

test.each([
  [
    'a number with a wrong checksum',
    'UPO_NUMBER_INVALID',
    pageOf([{ ...two[0], ksefNumber: wrong(two[0]) }]),
  ],
  ['the same number twice', 'UPO_DOCUMENT_TWICE', pageOf([two[0], two[0]])],
  [
    'fewer documents than announced',
    'UPO_INCOMPLETE',
    page.replace(descriptionOf(1, 2), descriptionOf(1, 9)),
  ],
  ['more documents than announced', 'UPO_INCOMPLETE', page.replace(descriptionOf(1, 2), descriptionOf(1, 1))],
  ['several documents and no word of the page', 'UPO_INCOMPLETE', page.replace(descriptionOf(1, 2), '')],
])('%s: %s', (_, code, text) => {
  expect(split(text)).toMatchObject({ ok: false, refusal: { code } })
})

function wrong({ ksefNumber }: Document): string {
  return ksefNumber.slice(0, -2) + (ksefNumber.endsWith('00') ? '01' : '00')
}

test('bytes that are not UTF-8 are refused', () => {
  const bytes = Buffer.from(page, 'utf8')
  bytes[bytes.indexOf('ó')] = 0xff
  expect(splitUpo(bytes)).toMatchObject({ refusal: { code: 'UPO_NOT_UTF8', offset: 0 } })
})

test('a refusal tells where', () => {
  const at = page.lastIndexOf('<Dokument>')
  const broken = `${page.slice(0, at)}<Inny/>${page.slice(at)}`
  expect(split(broken)).toMatchObject({ refusal: { offset: at } })
})

describe.skipIf(directory === undefined)('against the official schema and samples', () => {
  const read = (...path: string[]): Buffer => readFileSync(join(directory ?? '', ...path))
  const faultOf = (xml: Uint8Array): string | null => {
    using schema = XmlDocument.fromBuffer(read('schemas', 'upo-v4-3.xsd'))
    using validator = XsdValidator.fromDoc(schema)
    using document = XmlDocument.fromBuffer(xml)
    try {
      validator.validate(document)
      return null
    } catch (error) {
      return String(error)
    }
  }
  /** The schema fixes the Ministry's name, to which the samples add that they come from TEST. */
  const asOfProduction = (xml: Uint8Array): Buffer =>
    Buffer.from(Buffer.from(xml).toString('utf8').replace(' - środowisko testowe (TE)', ''))

  test('the receipt cut out of the sample of a session is the sample of an invoice', () => {
    const found = documentsOf(splitUpo(read('samples', 'upo-sesja-kontekst-id-nip.xml')))
    expect(found).toHaveLength(2)
    expect(Buffer.from(found[1]?.xml ?? [])).toEqual(read('samples', 'upo-faktura-kontekst-id-nip.xml'))
    for (const { xml } of found) expect(faultOf(asOfProduction(xml))).toBeNull()
  })

  test('excerpts keep the schema, whatever the context and the proof', () => {
    const contexts = [
      '<Nip>5265877635</Nip>',
      '<IdWewnetrzny>5265877635-12345</IdWewnetrzny>',
      '<IdZlozonyVatUE>5265877635-DE123456789</IdZlozonyVatUE>',
      '<IdDostawcyUslugPeppol>PPL123456</IdDostawcyUslugPeppol>',
    ]
    const token =
      '<NumerReferencyjnyTokenaKSeF>20250916-EC-213D593000-4DE10D80A5-E9</NumerReferencyjnyTokenaKSeF>'
    for (const context of contexts)
      for (const proof of [null, token]) {
        const other = page
          .replace('<Nip>5265877635</Nip>', context)
          .replace(/<SkrotDokumentuUwierzytelniajacego>.*?<\/\w+>/, (before) => proof ?? before)
        expect(faultOf(Buffer.from(other))).toBeNull()
        for (const { xml } of documentsOf(split(other))) expect(faultOf(xml)).toBeNull()
      }
  })

  test('the check of this test notices a wrong receipt', () => {
    expect(faultOf(Buffer.from(page.replace('2025-09-16<', 'today<')))).not.toBeNull()
  })
})
