import { expect, test } from 'vitest'
import { crc8 } from './crc8.ts'

test('the checksum is that of the published example', () => {
  expect(crc8('5265877635-20250826-0100001AF629')).toBe('AF')
})

test('a changed digit changes the checksum', () => {
  expect(crc8('5265877635-20250826-0100001AF628')).not.toBe('AF')
})
