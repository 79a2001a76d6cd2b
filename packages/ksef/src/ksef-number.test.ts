import fc from 'fast-check'
import { expect, test } from 'vitest'
import { ksefNumberCrc, parseKsefNumber, sellerNipOf } from './ksef-number.ts'

test.each([
  // Numbers printed in the official documents.
  '5265877635-20250826-0100001AF629-AF',
  '5265877635-20250626-010080DD2B5E-26',
])('the published number %s is recognised', (number) => {
  expect(parseKsefNumber(number)).toBe(number)
})

/** CRC-8 by polynomial division on a bit string: nothing in common with the byte-wise original. */
function crcByDivision(text: string): string {
  const bits = [...Buffer.from(text)].map((byte) => byte.toString(2).padStart(8, '0')).join('')
  let remainder = BigInt(`0b${bits}00000000`)
  for (let shift = bits.length - 1; shift >= 0; shift -= 1) {
    if ((remainder >> BigInt(shift + 8)) & 1n) remainder ^= 0x107n << BigInt(shift)
  }
  return remainder.toString(16).toUpperCase().padStart(2, '0')
}

test('the checksum agrees with plain polynomial division', () => {
  const hex = fc.stringMatching(/^[0-9A-F]{12}$/)
  fc.assert(
    fc.property(hex, (technical) => {
      const data = `5265877635-20260201-${technical}`
      expect(ksefNumberCrc(data)).toBe(crcByDivision(data))
    }),
  )
})

test('any single wrong character is noticed', () => {
  const number = '5265877635-20250826-0100001AF629-AF'
  for (let index = 0; index < number.length; index += 1) {
    const other = number[index] === '1' ? '2' : '1'
    expect(parseKsefNumber(number.slice(0, index) + other + number.slice(index + 1))).toBeNull()
  }
})

test.each([
  '',
  '5265877635-20250826-0100001AF629-af',
  '5265877635-20250826-010000-1AF629-AF',
  ' 5265877635-20250826-0100001AF629-AF',
])('%j is no KSeF number', (text) => {
  expect(parseKsefNumber(text)).toBeNull()
})

test('a number starts with the NIP of the seller', () => {
  const number = parseKsefNumber('5265877635-20250826-0100001AF629-AF')
  expect(number === null ? null : sellerNipOf(number)).toBe('5265877635')
})
