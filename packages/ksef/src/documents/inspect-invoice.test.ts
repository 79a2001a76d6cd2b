import { createHash } from 'node:crypto'
import { XmlDocument } from 'libxml2-wasm'
import { describe, expect, test } from 'vitest'
import { FORMS } from './form-code.ts'
import { type InspectionSetting, inspectInvoice } from './inspect-invoice.ts'
import { checkInvoiceBytes } from './invoice-bytes.ts'
import { readInvoice } from './read-invoice.ts'
import { sampleInvoice } from './sample-invoice.ts'
import { validateInvoice } from './validate-invoice.ts'

const request = {
  form: 'FA (3)',
  sellerNip: '5265877635',
  buyerNip: '1111111111',
  number: 'FV/1',
  issueDate: '2026-11-22',
} as const
const noon: InspectionSetting = { now: new Date('2026-11-22T12:00:00Z'), environment: 'test' }
const codes = (bytes: Uint8Array, setting = noon): string[] => {
  const inspection = inspectInvoice(bytes, setting)
  return inspection.ok ? [] : inspection.faults.map((fault) => fault.code)
}
const changed = (from: string | RegExp, to: string): Uint8Array => {
  const text = Buffer.from(sampleInvoice(request)).toString('utf8')
  const result = text.replace(from, to)
  if (result === text) throw new Error(`nothing to change at ${from}`)
  return Buffer.from(result)
}

describe('what the whole check says', () => {
  test('an accepted invoice comes with the hash and size KSeF will be told', () => {
    const bytes = sampleInvoice(request)
    const inspection = inspectInvoice(bytes, noon)
    expect(inspection).toMatchObject({
      ok: true,
      facts: { invoiceHash: createHash('sha256').update(bytes).digest('base64'), size: bytes.length },
    })
  })

  test('a fault names the line, the XPath, what is wrong and what to do', () => {
    const bytes = changed('<P_15>', '\n\n<P_15>x')
    const inspection = inspectInvoice(bytes, noon)
    expect(inspection).toMatchObject({
      ok: false,
      faults: [
        { code: 'INVOICE_XSD', line: 4, xpath: '/Faktura/Fa/P_15', help: expect.stringContaining('XPath') },
      ],
    })
    expect(inspection.ok ? '' : inspection.faults[0]?.message).toContain('P_15')
  })

  test('a fault in a line of the invoice says which line', () => {
    expect(inspectInvoice(changed(/<P_11>(?!.*<P_11>)/, '<P_11>x'), noon)).toMatchObject({
      ok: false,
      faults: [{ xpath: '/Faktura/Fa/FaWiersz[2]/P_11' }],
    })
  })

  test('well-formedness is judged before the schema, bytes before well-formedness', () => {
    expect(codes(changed('</P_2>', '</P_3>'))).toContain('INVOICE_NOT_XML')
    expect(codes(changed('</P_2>', '</P_3><?x?>'))).toEqual(['INVOICE_HAS_PROCESSING_INSTRUCTION'])
  })

  test('an empty file and plain text are not XML', () => {
    expect(codes(new Uint8Array())).toEqual(['INVOICE_NOT_XML'])
    expect(codes(Buffer.from('{"invoice":1}'))).toEqual(['INVOICE_NOT_XML'])
  })
})

describe('dates', () => {
  test.each([
    ['2026-11-22T22:59:59Z', ['INVOICE_DATED_IN_FUTURE']],
    ['2026-11-22T23:00:00Z', []],
  ])('an invoice of the 23rd seen at %s, when it is %j', (now, expected) => {
    const bytes = sampleInvoice({ ...request, issueDate: '2026-11-23' })
    expect(codes(bytes, { ...noon, now: new Date(now) })).toEqual(expected)
  })
})

describe('environments', () => {
  test.each([
    ['test', 'FA (2)', []],
    ['demo', 'FA (2)', ['INVOICE_FORM_NOT_ACCEPTED_HERE']],
    ['production', 'FA (2)', ['INVOICE_FORM_NOT_ACCEPTED_HERE']],
    ['production', 'FA (3)', []],
  ] as const)('%s and %s give %j', (environment, form, expected) => {
    expect(codes(sampleInvoice({ ...request, form }), { ...noon, environment })).toEqual(expected)
  })

  test('a wrong NIP of any party is a fault on production only, with its place', () => {
    const bytes = sampleInvoice({ ...request, buyerNip: '1111111112' })
    expect(codes(bytes)).toEqual([])
    expect(inspectInvoice(bytes, { ...noon, environment: 'production' })).toMatchObject({
      ok: false,
      faults: [{ code: 'INVOICE_NIP_CHECKSUM', xpath: '/Faktura/Podmiot2[1]/DaneIdentyfikacyjne/NIP' }],
    })
  })

  test('the NIP inside an internal identifier of a third party counts too', () => {
    const third =
      '<Podmiot3><DaneIdentyfikacyjne><IDWew>1111111112-12345</IDWew><Nazwa>Filia</Nazwa></DaneIdentyfikacyjne><Rola>8</Rola></Podmiot3>'
    const bytes = changed('</Podmiot2>', `</Podmiot2>${third}`)
    expect(codes(bytes)).toEqual([])
    expect(codes(bytes, { ...noon, environment: 'production' })).toEqual(['INVOICE_NIP_CHECKSUM'])
  })
})

describe('reading', () => {
  /** libxml2's own view of a field, where white space collapses as the schema's token type says. */
  const byLibxml2 = (bytes: Uint8Array, path: string): string => {
    const document = XmlDocument.fromBuffer(bytes)
    const content = document.get(path, { t: FORMS['FA (3)'].namespace })?.content ?? ''
    document.dispose()
    return content.replace(/\s+/g, ' ').trim()
  }

  test.each([
    'FV/1 &amp; FV/2',
    '&#x46;V&#47;1',
    '<![CDATA[FV & <1>]]>',
    'F<!-- hidden -->V/1',
    '&amp;#65;',
    '&amp;amp;lt;',
    '<![CDATA[&#65;&amp;]]>&#65;',
    ' FV \n\t 1 ',
    '&quot;FV&apos; &gt; 1',
    'ŻÓŁĆ/1/🧾',
    '007',
    '1e5',
    'true',
    '__proto__',
  ])('the number %j is read as another parser reads it', (spelling) => {
    const bytes = changed('<P_2>FV/1', `<P_2>${spelling}`)
    const read = readInvoice(bytes)
    expect(read.ok && read.facts.number).toBe(byLibxml2(bytes, '/t:Faktura/t:Fa/t:P_2'))
    expect(read.ok && read.facts.number).not.toBe('')
  })

  test('the seller is the one of Podmiot1, whatever else carries a NIP', () => {
    const bytes = changed(
      '<Naglowek>',
      '<!-- <Podmiot1><DaneIdentyfikacyjne><NIP>9999999999</NIP> --><Naglowek>',
    )
    expect(readInvoice(bytes)).toMatchObject({ ok: true, facts: { sellerNip: '5265877635' } })
  })

  test.each([
    [
      'the seller twice',
      '</Podmiot1>',
      '</Podmiot1><Podmiot1><DaneIdentyfikacyjne><NIP>9999999999</NIP></DaneIdentyfikacyjne></Podmiot1>',
    ],
    ['the number twice', '</P_2>', '</P_2><P_2>FV/2</P_2>'],
    ['no number', '<P_2>FV/1</P_2>', ''],
    ['an empty number', '<P_2>FV/1</P_2>', '<P_2> </P_2>'],
  ])('%s is not read as one of them', (_, from, to) => {
    expect(readInvoice(changed(from, to))).toMatchObject({
      ok: false,
      faults: [{ code: 'INVOICE_FIELD_UNREADABLE' }],
    })
  })

  test('an attachment is noticed', () => {
    expect(readInvoice(changed('</Fa>', '</Fa><Zalacznik><BlokDanych/></Zalacznik>'))).toMatchObject({
      ok: true,
      facts: { hasAttachment: true },
    })
  })

  test('an FA_RR is read by its own field names', () => {
    const { namespace } = FORMS['FA_RR (1)']
    const xml = `<Faktura xmlns="${namespace}"><Naglowek><KodFormularza kodSystemowy="FA_RR (1)" wersjaSchemy="1-1E">FA_RR</KodFormularza></Naglowek><Podmiot1><DaneIdentyfikacyjne><NIP>5265877635</NIP></DaneIdentyfikacyjne></Podmiot1><FakturaRR><P_4B>2026-11-20</P_4B><P_4C>RR/1</P_4C><RodzajFaktury>VAT_RR</RodzajFaktury></FakturaRR></Faktura>`
    expect(readInvoice(Buffer.from(xml))).toMatchObject({
      ok: true,
      facts: { formCode: { value: 'FA_RR' }, number: 'RR/1', issueDate: '2026-11-20', kind: 'VAT_RR' },
    })
  })
})

describe('bytes and schema on their own', () => {
  test('a broken byte is placed by line and column', () => {
    const bytes = Buffer.concat([Buffer.from('<a>\n  łąka'), Buffer.from([0xff]), Buffer.from('</a>')])
    expect(checkInvoiceBytes(bytes)).toMatchObject([{ code: 'INVOICE_NOT_UTF8', line: 2, column: 7 }])
  })

  test('a literal replacement character is not a broken byte', () => {
    expect(checkInvoiceBytes(Buffer.from('<a>\ufffd</a>'))).toEqual([])
  })

  test('faults are bounded, however many there are', () => {
    expect(checkInvoiceBytes(Buffer.from(`<a>${'\u0080'.repeat(400_000)}</a>`))).toHaveLength(20)
  })

  test('a document is held against the schema asked for, not the one it names', () => {
    const faults = validateInvoice(sampleInvoice(request), FORMS['FA (2)'].code)
    expect(faults[0]).toMatchObject({ code: 'INVOICE_XSD', line: 2 })
  })

  test.each(['FA (2)', 'FA (3)', 'FA_RR (1)'] as const)(
    'the schema of %s compiles without a network',
    (form) => {
      expect(validateInvoice(Buffer.from('<x/>'), FORMS[form].code)).toMatchObject([{ code: 'INVOICE_XSD' }])
    },
  )
})
