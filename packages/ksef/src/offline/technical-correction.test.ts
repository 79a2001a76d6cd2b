import { expect, test } from 'vitest'
import { sampleInvoice } from '../documents/sample-invoice.ts'
import { technicalCorrectionOf } from './technical-correction.ts'

const TEXT = Buffer.from(
  sampleInvoice({
    form: 'FA (3)',
    sellerNip: '5265877635',
    buyerNip: '1111111111',
    number: 'FV/1',
    issueDate: '2026-11-22',
  }),
).toString('utf8')

function changed(from: string | RegExp, to: string): string {
  const result = TEXT.replace(from, to)
  if (result === TEXT) throw new Error(`nothing to change at ${from}`)
  return result
}
const compared = (original: string, corrected: string) =>
  technicalCorrectionOf(Buffer.from(original), Buffer.from(corrected))

test.each([
  ['the same bytes', TEXT],
  [
    'another moment of writing, another program',
    changed(
      /<DataWytworzeniaFa>.*?<\/SystemInfo>/s,
      '<DataWytworzeniaFa>2026-11-24T08:00:00Z</DataWytworzeniaFa><SystemInfo>Nowy</SystemInfo>',
    ),
  ],
  ['lines and indents', TEXT.replaceAll('><', '>\n  <')],
  ['a comment', changed('<Fa>', '<Fa><!-- poprawka techniczna -->')],
  ['references for characters', changed('Najem rusztowania', '&#x4e;ajem rusztowania')],
  ['prefixes', TEXT.replaceAll(/<(\/?)(?=[A-Z])/g, '<$1f:').replace('xmlns=', 'xmlns:f=')],
])('a file that differs by %s says the same', (_, corrected) => {
  expect(compared(TEXT, corrected)).toEqual({ kind: 'same', repaired: [] })
})

test.each([
  ['an amount', [/<P_15>.*?</, '<P_15>1.00<'], '/Faktura/Fa/P_15'],
  ['a line', [/(<P_7>)Transport/, '$1Dowóz'], '/Faktura/Fa/FaWiersz[2]/P_7'],
  ['the buyer', ['<NIP>1111111111', '<NIP>2222222222'], '/Faktura/Podmiot2/DaneIdentyfikacyjne/NIP'],
  ['the number', ['FV/1', 'FV/2'], '/Faktura/Fa/P_2'],
  ['the date of issue', [/<P_1>2026-11-22/, '<P_1>2026-11-23'], '/Faktura/Fa/P_1'],
  ['a missing line', [/<FaWiersz><NrWierszaFa>2.*?<\/FaWiersz>/s, ''], '/Faktura/Fa/FaWiersz[2]/NrWierszaFa'],
] as const)('%s may not differ, and its place is told', (_, change, xpath) => {
  const corrected = changed(change[0], change[1])
  expect(compared(TEXT, corrected)).toMatchObject({ kind: 'different', first: { xpath } })
  const back = compared(corrected, TEXT)
  expect(back.kind).toBe('different')
})

test('a difference shows both sides, and null where there is nothing', () => {
  expect(compared(TEXT, changed('FV/1', 'FV/2'))).toEqual({
    kind: 'different',
    first: { xpath: '/Faktura/Fa/P_2', original: 'FV/1', corrected: 'FV/2' },
  })
  const added = changed('</Fa>', '<DodatkowyOpis><Klucz>a</Klucz><Wartosc>b</Wartosc></DodatkowyOpis></Fa>')
  expect(compared(TEXT, added)).toMatchObject({ first: { original: null, corrected: 'a' } })
})

test('what broke the schema may be repaired, and is told', () => {
  const wrongAmount = changed(/<P_15>(?=\d)/, '<P_15>x')
  const repaired = compared(wrongAmount, TEXT)
  expect(repaired).toMatchObject({ kind: 'same', repaired: [{ xpath: '/Faktura/Fa/P_15' }] })

  const withoutAnnotation = changed('<P_23>2</P_23>', '')
  expect(compared(withoutAnnotation, TEXT)).toEqual({
    kind: 'same',
    repaired: [{ xpath: '/Faktura/Fa/Adnotacje/P_23', original: null, corrected: '2' }],
  })

  const misnamed = changed(/<P_15>(.*?)<\/P_15>/, '<P_15B>$1</P_15B>')
  expect(compared(misnamed, TEXT)).toMatchObject({
    kind: 'same',
    repaired: [{ original: expect.any(String) }, { original: null }],
  })
})

test('elements in the wrong order break the schema; put right they are the same content', () => {
  const disordered = changed(/(<P_16>2<\/P_16>)(<P_17>2<\/P_17>)/, '$2$1')
  expect(compared(disordered, TEXT)).toEqual({ kind: 'same', repaired: [] })
})

test('a broken place elsewhere excuses no other difference', () => {
  const original = changed(/<P_15>(?=\d)/, '<P_15>x')
  expect(compared(original, changed('Najem rusztowania', 'Wynajem rusztowania'))).toMatchObject({
    kind: 'different',
    first: { xpath: '/Faktura/Fa/FaWiersz[1]/P_7' },
  })
  const withoutAnnotation = changed('<P_23>2</P_23>', '')
  expect(compared(withoutAnnotation, changed('<P_16>2', '<P_16>1'))).toMatchObject({
    kind: 'different',
    first: { xpath: '/Faktura/Fa/Adnotacje/P_16' },
  })
})

test('a further line is never a repair, even in a list that is broken', () => {
  const broken = changed(/<P_15>.*?<\/P_15>/, '')
  const third = '<FaWiersz><NrWierszaFa>3</NrWierszaFa><P_7>Kaucja</P_7></FaWiersz>'
  const grown = changed(/<\/FaWiersz>(?!<FaWiersz>)/, `</FaWiersz>${third}`)
  expect(compared(broken, grown)).toMatchObject({
    kind: 'different',
    first: { xpath: '/Faktura/Fa/FaWiersz[3]/NrWierszaFa' },
  })
})

test('what identifies the invoice is no repair, even where it broke the schema', () => {
  const wrongDate = changed(/<P_1>2026-11-22/, '<P_1>22.11.2026')
  expect(compared(wrongDate, TEXT)).toMatchObject({ kind: 'different', first: { xpath: '/Faktura/Fa/P_1' } })
})

test('a file that is no invoice cannot be compared, and says which of the two it is', () => {
  expect(compared('<Faktura', TEXT)).toMatchObject({
    kind: 'unreadable',
    file: 'original',
    faults: [{ code: 'INVOICE_NOT_XML' }],
  })
  expect(compared(TEXT, TEXT.replace(/xmlns="[^"]*"/, 'xmlns="urn:x"'))).toMatchObject({
    kind: 'unreadable',
    file: 'corrected',
    faults: [{ code: 'INVOICE_UNKNOWN_FORM' }],
  })
  expect(compared(TEXT, `<!DOCTYPE x>${TEXT}`)).toMatchObject({ file: 'corrected' })
})
