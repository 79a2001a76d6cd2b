import { expect, test } from 'vitest'
import { KSEF_ERRORS, type KsefErrorCode } from './error-codes.ts'
import { type KsefOperation, OPERATIONS } from './operations.ts'
import { effectOfRefusal, forbiddenCode, REFUSALS, refusalCode } from './refusals.ts'

test('a refusal is named by operation and number; 21405 by its number alone', () => {
  for (const [operation, refusals] of Object.entries(REFUSALS) as [
    KsefOperation,
    Record<number, KsefErrorCode>,
  ][]) {
    for (const [number, code] of Object.entries(refusals))
      expect(refusalCode(operation, Number(number))).toBe(code)
  }
  for (const operation of Object.keys(OPERATIONS) as KsefOperation[]) {
    expect(refusalCode(operation, 21405)).toBe('KSEF_INPUT_INVALID')
    expect(refusalCode(operation, 99999)).toBe('KSEF_UNKNOWN_CODE')
    expect(refusalCode(operation, undefined)).toBe('KSEF_UNKNOWN_CODE')
  }
})

test('only a code nobody knows leaves the outcome open', () => {
  const open = (Object.keys(KSEF_ERRORS) as KsefErrorCode[]).filter(
    (code) => effectOfRefusal(code) === 'unknown',
  )
  expect(open).toEqual(['KSEF_UNKNOWN_CODE'])
})

test('a 403 without a reason, or with one of tomorrow, is just forbidden', () => {
  expect(forbiddenCode(undefined)).toBe('KSEF_FORBIDDEN')
  expect(forbiddenCode('moon-phase')).toBe('KSEF_FORBIDDEN')
  expect(forbiddenCode('ip-not-allowed')).toBe('KSEF_IP_NOT_ALLOWED')
})
