import { expect, test } from 'vitest'
import { readSystemWarnings } from './system-warning.ts'

test('several warnings in one header come apart', () => {
  expect(readSystemWarnings('requestChallenge', '[sig-001]: Podpis bez SigningTime | [x]: drugi')).toEqual([
    { operation: 'requestChallenge', code: 'sig-001', message: 'Podpis bez SigningTime' },
    { operation: 'requestChallenge', code: 'x', message: 'drugi' },
  ])
})

test('a warning in another form is kept as it is', () => {
  expect(readSystemWarnings('sendInvoice', 'uwaga')).toEqual([
    { operation: 'sendInvoice', code: 'unknown', message: 'uwaga' },
  ])
})

test('no header is no warning', () => {
  expect(readSystemWarnings('sendInvoice', undefined)).toEqual([])
})
