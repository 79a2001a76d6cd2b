import { describe, expect, test } from 'vitest'
import { readParsedHeader, readPlainHeader } from './read-invoice-header.ts'

const KSEF_NUMBER = '5265877635-20260226-010080615740-E4'
const KNOWN = `<NrKSeF>1</NrKSeF><NrKSeFFaKorygowanej>${KSEF_NUMBER}</NrKSeFFaKorygowanej>`
const original = (number: string, more = '<NrKSeFN>1</NrKSeFN>') =>
  `<DaneFaKorygowanej><NrFaKorygowanej>${number}</NrFaKorygowanej>${more}</DaneFaKorygowanej>`
const correctionOf = (...originals: string[]): Uint8Array =>
  Buffer.from(
    `<Faktura xmlns="http://crd.gov.pl/wzor/2025/06/25/13775/">
     <Fa><RodzajFaktury>KOR</RodzajFaktury><P_15>-12.30</P_15>${originals.join('')}</Fa></Faktura>`,
  )

describe.each([
  ['plain XML', readPlainHeader],
  ['all of XML', readParsedHeader],
])('the head of a correction, by the reader of %s,', (_name, read) => {
  test('names the first invoice corrected and how many there are', () => {
    expect(read(correctionOf(original('FV/1', KNOWN), original('FV/2')))).toMatchObject({
      kind: 'KOR',
      totals: { net: null, vat: null, gross: '-12.30' },
      corrected: { number: 'FV/1', ksefNumber: KSEF_NUMBER },
      correctedCount: 2,
    })
  })

  test('numbers those that it names without a KSeF number, each once', () => {
    const nameless = '<DaneFaKorygowanej><NrKSeFN>1</NrKSeFN></DaneFaKorygowanej>'
    const named = [original('FV/1', KNOWN), original(' FV/2 &amp;\n Ż'), original('FV/3'), original('FV/3')]
    expect(read(correctionOf(...named, nameless))).toMatchObject({
      correctedCount: 5,
      correctedByNumber: ['FV/2 & Ż', 'FV/3'],
    })
  })

  test('numbers a thousand of them at most', () => {
    const many = Array.from({ length: 1_200 }, (_, index) => original(`FV/${index}`))
    const header = read(correctionOf(...many))
    if (header === null || !('correctedByNumber' in header)) throw new Error('not read')
    expect(header.correctedCount).toBe(1_200)
    expect(header.correctedByNumber).toHaveLength(1_000)
    expect(header.correctedByNumber.at(-1)).toBe('FV/999')
  })
})
