import { expect, test } from 'vitest'
import {
  effectOfRefusal,
  forbiddenCode,
  KSEF_ERRORS,
  type KsefErrorCode,
  REFUSALS,
  refusalCode,
} from './error-codes.ts'
import { type KsefOperation, OPERATIONS } from './operations.ts'

test('each code of the table is said by something, so none is dead', async () => {
  const { readFile, glob } = await import('node:fs/promises')
  let source = ''
  for await (const file of glob('**/*.ts', { cwd: import.meta.dirname })) {
    if (file.endsWith('.test.ts')) continue
    const text = await readFile(`${import.meta.dirname}/${file}`, 'utf8')
    source += file === 'error-codes.ts' ? text.slice(text.indexOf('const SIGN_IN')) : text
  }
  expect(Object.keys(KSEF_ERRORS).filter((code) => !source.includes(`'${code}'`))).toEqual([])
})

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
