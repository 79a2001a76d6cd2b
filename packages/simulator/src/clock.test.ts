import { expect, test } from 'vitest'
import { createClock, warsawDate, warsawDateTime, warsawMoment } from './clock.ts'

test('the Polish day begins before the UTC day', () => {
  expect(warsawDate(new Date('2026-11-21T22:59:59Z'))).toBe('2026-11-21')
  expect(warsawDate(new Date('2026-11-21T23:00:00Z'))).toBe('2026-11-22')
})

test('local time carries the offset of its season', () => {
  expect(warsawDateTime(new Date('2026-11-22T20:00:00.007Z'))).toBe('2026-11-22T21:00:00.007+01:00')
  expect(warsawDateTime(new Date('2026-07-01T22:30:00Z'))).toBe('2026-07-02T00:30:00.000+02:00')
})

test('a shifted clock keeps running and comes back', () => {
  let underlying = 1000
  const clock = createClock(() => new Date(underlying))
  clock.shift(500)
  underlying += 1
  expect(clock.now().getTime()).toBe(1501)
  clock.shift(0)
  expect(clock.now().getTime()).toBe(1001)
})

test.each([
  ['2026-11-22T10:00:00Z', '2026-11-22T10:00:00.000Z'],
  ['2026-11-22T10:00:00+03:00', '2026-11-22T07:00:00.000Z'],
  ['2026-11-22T10:00:00', '2026-11-22T09:00:00.000Z'],
  ['2026-07-01T10:00:00.5', '2026-07-01T08:00:00.500Z'],
  ['2026-11-22', '2026-11-21T23:00:00.000Z'],
  ['2026-03-29T01:59:59', '2026-03-29T00:59:59.000Z'],
  ['2026-03-29T03:00:00', '2026-03-29T01:00:00.000Z'],
  ['2026-10-25T03:00:00', '2026-10-25T02:00:00.000Z'],
])('a caller who writes %s means %s', (text, moment) => {
  expect(warsawMoment(text).toISOString()).toBe(moment)
})

test('what is no date is no moment', () => {
  expect([warsawMoment('wczoraj'), warsawMoment('2026-13-01T00:00:00')].map(Number)).toEqual([NaN, NaN])
})
