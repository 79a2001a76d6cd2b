import { expect, test } from 'vitest'
import { decodeInvoice } from './byte-rules.ts'

const isRefused = (text: string): boolean => 'finding' in decodeInvoice(Buffer.from(text))

const RANGES: [number, number][] = [
  [0x7f, 0x84],
  [0x86, 0x9f],
  [0xfdd0, 0xfdef],
  ...Array.from({ length: 16 }, (_, plane): [number, number] => [
    (plane + 1) * 0x10000 + 0xfffe,
    (plane + 1) * 0x10000 + 0xffff,
  ]),
]

test.each(RANGES)(
  'both ends of the discouraged range %i-%i are refused, written or referred to',
  (first, last) => {
    for (const codePoint of [first, last]) {
      expect(isRefused(`<a>${String.fromCodePoint(codePoint)}</a>`)).toBe(true)
      expect(isRefused(`<a>&#${codePoint};</a>`)).toBe(true)
      expect(isRefused(`<a>&#x${codePoint.toString(16)};</a>`)).toBe(true)
    }
  },
)

test.each([0x7e, 0x85, 0xa0, 0xfdcf, 0xfdf0, 0x1fffd])('the allowed neighbour %i passes', (codePoint) => {
  expect(isRefused(`<a>${String.fromCodePoint(codePoint)}</a>`)).toBe(false)
})

test('UTF-8 in any spelling of its name passes, another declared encoding or version does not', () => {
  expect(isRefused('<?xml version="1.0" encoding="utf-8"?><a/>')).toBe(false)
  expect(isRefused("<?xml version='1.0'?><a/>")).toBe(false)
  expect(isRefused('<?xml version="1.0" encoding="windows-1250"?><a/>')).toBe(true)
  expect(isRefused('<?xml version="1.1"?><a/>')).toBe(true)
})

test('bytes that are not UTF-8 and a byte order mark are refused', () => {
  expect(decodeInvoice(Uint8Array.of(0x3c, 0xc3, 0x28))).toHaveProperty('finding')
  expect(decodeInvoice(Uint8Array.of(0xef, 0xbb, 0xbf, 0x3c))).toHaveProperty('finding')
})
