import { expect, test } from 'vitest'
import { absentDate, readWireDate, warsawDay, wireDate } from './wire-date.ts'

test.each([
  ['2025-07-11T12:23:56.0154302+00:00', '2025-07-11T12:23:56.015Z'],
  ['2025-07-11T12:23:56Z', '2025-07-11T12:23:56.000Z'],
  ['2025-07-11T14:23:56+02:00', '2025-07-11T12:23:56.000Z'],
  // Without an offset KSeF means Warsaw: summer and winter time.
  ['2025-07-11T14:23:56', '2025-07-11T12:23:56.000Z'],
  ['2025-12-11T13:23:56.5', '2025-12-11T12:23:56.500Z'],
])('%s is read as %s', (text, instant) => {
  expect(readWireDate(text)?.toISOString()).toBe(instant)
})

test.each([
  '',
  '2025-07-11',
  'yesterday',
  '2025-13-45T99:99:99Z',
  '0001-01-01T00:00:00',
  '1899-12-31T00:00:00Z',
])('%j is no date-time', (text) => {
  expect(readWireDate(text)).toBeNull()
})

test.each([
  undefined,
  null,
  '0001-01-01T00:00:00',
  '0001-01-01T00:00:00Z',
  '0001-01-01T00:00:00.0000000+00:00',
])('%j is no date where one may be absent', (said) => {
  expect(absentDate.parse(said)).toBeUndefined()
  expect(wireDate.safeParse(said).success).toBe(false)
})

test('a date that may be absent is one when it is there, and nothing else is', () => {
  expect(absentDate.parse('2025-07-11T12:23:56Z')).toEqual(new Date('2025-07-11T12:23:56Z'))
  expect(absentDate.safeParse('yesterday').success).toBe(false)
})

test('the day in Poland changes at midnight in Warsaw, in summer and in winter', () => {
  expect(warsawDay(new Date('2026-11-22T22:59:59Z'))).toBe('2026-11-22')
  expect(warsawDay(new Date('2026-11-22T23:00:00Z'))).toBe('2026-11-23')
  expect(warsawDay(new Date('2026-07-22T21:59:59Z'))).toBe('2026-07-22')
  expect(warsawDay(new Date('2026-07-22T22:00:00Z'))).toBe('2026-07-23')
})
