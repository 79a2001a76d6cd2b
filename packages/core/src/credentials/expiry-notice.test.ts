import { describe, expect, test } from 'vitest'
import { dueNotice, firstNoticeAt, nextNoticeAt } from './expiry-notice.ts'

const END = new Date('2026-12-31T23:00:00Z')
const before = (days: number) => new Date(END.getTime() - days * 86_400_000)
const ending = { notAfter: END }

describe('the notice of an end', () => {
  test.each([
    [31, null],
    [30, 30],
    [29, 30],
    [14, 14],
    [7, 7],
    [3, 7],
    [1, 1],
    [0.2, 1],
    [0, null],
    [-5, null],
  ] as const)('at %d days is the one of %s days', (left, notice) => {
    expect(dueNotice(ending, before(left))).toBe(notice)
  })

  test.each([
    [31, 30],
    [30, 14],
    [10, 7],
    [7, 1],
  ] as const)('at %d days is followed by the one of %d days', (left, next) => {
    expect(nextNoticeAt(ending, before(left))).toEqual(before(next))
  })

  test('is followed by none on the last day', () => {
    expect(nextNoticeAt(ending, before(1))).toBeNull()
  })

  test('is given at once when a credential starts with less than thirty days left', () => {
    expect(firstNoticeAt(ending, before(20))).toEqual(before(20))
    expect(firstNoticeAt(ending, before(40))).toEqual(before(30))
  })

  test('is never given for a credential without an end', () => {
    expect(dueNotice({ notAfter: null }, END)).toBeNull()
    expect(nextNoticeAt({ notAfter: null }, END)).toBeNull()
    expect(firstNoticeAt({ notAfter: null }, END)).toBeNull()
  })
})
