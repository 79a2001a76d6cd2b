import { expect, test } from 'vitest'
import { retryAfterSeconds } from './retry-after.ts'

const now = new Date('2026-11-22T10:00:00.400Z')

test.each([
  ['30', 30],
  ['0', 0],
  [' 2680 ', 2680],
  ['Sun, 22 Nov 2026 10:00:30 GMT', 30],
  ['Sunday, 22-Nov-26 10:01:00 GMT', 60],
  ['Sun Nov 22 10:00:10 2026 GMT', 10],
  ['Sat, 21 Nov 2026 10:00:30 GMT', 0],
])('Retry-After %j means %i seconds, never less than told', (header, seconds) => {
  expect(retryAfterSeconds(header, now)).toBe(seconds)
})

test.each([undefined, '', '-5', '1.5', 'soon', '99999999999', 'Sun, 99 Foo 2026', '2026-11-22T10:00:30Z'])(
  'Retry-After %j is not readable',
  (header) => {
    expect(retryAfterSeconds(header, now)).toBeNull()
  },
)
