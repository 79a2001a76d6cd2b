import { KSEF_ERRORS, type KsefErrorCode, type KsefFailure } from '@ksef-fleet/ksef'
import { describe, expect, test } from 'vitest'
import { meaningOfRefusal } from './meaning-of-refusal.ts'

const meaning = (code: KsefErrorCode, more: Partial<KsefFailure> = {}) =>
  meaningOfRefusal({ operation: 'getSignInStatus', kind: 'status', effect: 'none', code, ...more })

describe('a failed sign-in', () => {
  test.each([
    ['SIGN_IN_TOKEN_REFUSED', 'credential'],
    ['SIGN_IN_CERTIFICATE_REFUSED', 'credential'],
    ['SIGN_IN_SUBJECT_DECEASED', 'credential'],
    ['SIGN_IN_BLOCKED', 'credential'],
    ['SIGN_IN_NO_PERMISSION', 'permission'],
    ['SIGN_IN_REVOKED', 'refused'],
    ['SIGN_IN_REFUSED', 'refused'],
    ['SIGN_IN_SUBJECT_INVALID', 'refused'],
    ['SIGN_IN_FAILED', 'passes'],
    ['SIGN_IN_CANCELLED', 'passes'],
    ['SIGN_IN_TOO_SLOW', 'passes'],
    ['KSEF_RATE_LIMITED', 'passes'],
    ['KSEF_BUDGET_SPENT', 'passes'],
    ['KSEF_NO_ANSWER', 'passes'],
    ['KSEF_BLOCKED_BY_SECURITY', 'passes'],
  ] as const)('%s says: %s', (code, says) => {
    expect(meaning(code)).toBe(says)
  })

  test('condemns a credential only for what is said of it, never for the network or for KSeF’s own failures', () => {
    for (const [code, { actor }] of Object.entries(KSEF_ERRORS)) {
      if (actor === 'nobody' || actor === 'ksef' || actor === 'software')
        expect(meaning(code as KsefErrorCode), code).toBe('passes')
    }
  })
})
