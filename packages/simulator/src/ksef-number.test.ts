import { expect, test } from 'vitest'
import { createKsefNumbering, ksefNumberOf } from './ksef-number.ts'
import { newReferenceNumber } from './reference-number.ts'

test('a number takes its day from Polish time', () => {
  const number = ksefNumberOf('5265877635', new Date('2025-08-25T22:30:00Z'), '0100001AF629')
  expect(number).toBe('5265877635-20250826-0100001AF629-AF')
})

test('numbers are unique and 35 characters long', () => {
  const next = createKsefNumbering()
  const numbers = new Set(Array.from({ length: 1000 }, () => next('5265877635', new Date())))
  expect(numbers.size).toBe(1000)
  expect([...numbers].every((number) => number.length === 35)).toBe(true)
})

test('a reference number has the 36 characters that the receipt’s schema demands', () => {
  const number = newReferenceNumber('SO', new Date('2026-11-22T20:00:00Z'))
  expect(number).toMatch(/^20261122-SO-[0-9A-F]{10}-[0-9A-F]{10}-[0-9A-F]{2}$/)
})
