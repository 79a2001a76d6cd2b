import { ARCHIVE_PROBLEMS, EXPORT_PROBLEMS, KSEF_ERRORS } from '@ksef-fleet/ksef'
import { expect, test } from 'vitest'
import { ERRORS } from '../errors.ts'
import { meaningOf } from './stored-code.ts'

const UNKNOWN = ERRORS.KSEF_UNKNOWN_ANSWER

test('each code that may be stored has its own meaning, whichever part of the fleet it comes from', () => {
  const codes = [ERRORS, KSEF_ERRORS, EXPORT_PROBLEMS, ARCHIVE_PROBLEMS].flatMap((table) =>
    Object.keys(table),
  )
  for (const code of codes.filter((one) => one !== 'KSEF_UNKNOWN_ANSWER')) {
    expect(meaningOf(code).means, code).not.toBe(UNKNOWN.means)
  }
})

test.each([
  ['KSEF_SERVER_ERROR', 'ksef'],
  ['EXPORT_ADDRESS_REFUSED', 'fleet'],
  ['ARCHIVE_UNREADABLE', 'ksef'],
  ['SYNC_BROKEN', 'fleet'],
])('%s is for %s to act on', (code, blame) => {
  expect(meaningOf(code).blame).toBe(blame)
})

test.each(['NO_SUCH_CODE', '', 'toString'])('%j is a code this version does not know', (code) => {
  expect(meaningOf(code)).toBe(UNKNOWN)
})
