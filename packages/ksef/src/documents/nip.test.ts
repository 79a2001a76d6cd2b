import { expect, test } from 'vitest'
import { hasNipChecksum } from './nip.ts'

test.each(['5265877635', '1111111111', '5555555555', '3756977049'])('%s passes the checksum', (nip) => {
  expect(hasNipChecksum(nip)).toBe(true)
})

test.each(['5265877634', '1234567890', '', '526587763', '52658776350', '526-587-76-35', '526587763X'])(
  '%j does not',
  (nip) => {
    expect(hasNipChecksum(nip)).toBe(false)
  },
)

test('every change of a single digit is noticed', () => {
  for (let index = 0; index < 10; index += 1) {
    for (const digit of '0123456789') {
      const changed = '5265877635'.slice(0, index) + digit + '5265877635'.slice(index + 1)
      if (changed !== '5265877635') expect(hasNipChecksum(changed)).toBe(false)
    }
  }
})
