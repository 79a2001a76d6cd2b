import { expect, test } from 'vitest'
import { createSlidingWindow } from './sliding-window.ts'

const LIMITS = { perSecond: 3, perMinute: 5, perHour: 8 }

test('a window slides: what was spent a second ago is free again, not what was spent at the last full second', () => {
  const window = createSlidingWindow()
  for (const moment of [900, 950, 999]) expect(window.admit(moment, LIMITS)).toBeUndefined()
  expect(window.admit(1001, LIMITS)).toEqual({ limit: 3, window: 'sekundę', freeAtMs: 1900 })
  expect(window.admit(1900, LIMITS)).toBeUndefined()
})

test('all thresholds hold at once, and the one that frees last is named', () => {
  const window = createSlidingWindow()
  for (const moment of [0, 1000, 2000, 59_000, 59_001]) window.admit(moment, LIMITS)
  expect(window.admit(59_002, LIMITS)).toEqual({ limit: 5, window: 'minutę', freeAtMs: 60_000 })
  for (const moment of [60_000, 61_000, 62_000]) expect(window.admit(moment, LIMITS)).toBeUndefined()
  expect(window.admit(200_000, LIMITS)).toEqual({ limit: 8, window: 'godzinę', freeAtMs: 3_600_000 })
  expect(window.admit(3_600_000, LIMITS)).toBeUndefined()
})

test('a clock moved back forgets what lies in the future', () => {
  const window = createSlidingWindow()
  for (const moment of [10_000, 10_001, 10_002]) window.admit(moment, LIMITS)
  expect(window.admit(9999, LIMITS)).toBeUndefined()
})
