import { expect, test } from 'vitest'
import { hasInternalIdCheckDigit, hasNipCheckDigit } from './identifier-checks.ts'

test.each(['5265877635', '7980332920', '3755747347'])('%s carries its check digit', (nip) => {
  expect(hasNipCheckDigit(nip)).toBe(true)
})

test.each(['5265877636', '1111111112', '526587763'])('%s does not', (nip) => {
  expect(hasNipCheckDigit(nip)).toBe(false)
})

test('an internal identifier carries a check digit of its own', () => {
  expect(hasInternalIdCheckDigit('5265877635-00017')).toBe(true)
  expect(hasInternalIdCheckDigit('5265877635-00018')).toBe(false)
  expect(hasInternalIdCheckDigit('5265877635-0017')).toBe(false)
})
