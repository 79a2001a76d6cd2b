import { expect, test } from 'vitest'
import { credentialExpiry } from './credential-expiry.ts'

const NOW = new Date('2026-11-22T12:00:00Z')
const inDays = (days: number) => new Date(NOW.getTime() + days * 86_400_000)

test.each([
  [-1, 'expired', false],
  [0, 'expired', false],
  [0.5, 'within-1-day', true],
  [1, 'within-1-day', true],
  [6.9, 'within-7-days', true],
  [14, 'within-14-days', true],
  [15, 'within-30-days', true],
  [30.1, 'later', true],
] as const)('%d days before its end a credential is %s', (days, window, isValid) => {
  expect(credentialExpiry({ notBefore: inDays(-100), notAfter: inDays(days) }, NOW)).toEqual({
    window,
    notAfter: inDays(days),
    daysLeft: Math.floor(days),
    isValid,
  })
})

test('a credential without an end never ends, and one that has not begun is not valid', () => {
  expect(credentialExpiry({ notBefore: null, notAfter: null }, NOW)).toMatchObject({
    window: 'never',
    daysLeft: null,
    isValid: true,
  })
  expect(credentialExpiry({ notBefore: inDays(1), notAfter: inDays(2) }, NOW).isValid).toBe(false)
})
