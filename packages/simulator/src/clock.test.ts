import { expect, test } from 'vitest'
import { createClock, warsawDate, warsawDateTime } from './clock.ts'

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
