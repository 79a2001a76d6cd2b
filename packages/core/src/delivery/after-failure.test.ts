import { KSEF_ERRORS, type KsefErrorCode, type KsefFailure } from '@ksef-fleet/ksef'
import fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import { afterFailure } from './after-failure.ts'
import { addSeconds, waitAt } from './delivery-context.ts'
import { createFailureStreaks } from './failure-streaks.ts'

const WAITS = [2, 5, 15]
const failure = (more: Partial<KsefFailure>): KsefFailure => ({
  operation: 'getSessionStatus',
  kind: 'server',
  effect: 'none',
  code: 'KSEF_SERVER_ERROR',
  ...more,
})
const limited = (more: Partial<KsefFailure> = {}) =>
  failure({ kind: 'rate-limited', code: 'KSEF_RATE_LIMITED', ...more })

describe('after a failure', () => {
  test.each([1, 2, 30, 2_680, 86_400])(
    '429 with Retry-After %d is obeyed exactly, and closes its limit group',
    (seconds) => {
      expect(afterFailure(limited({ retryAfterSeconds: seconds }), 3, WAITS)).toEqual({
        seconds,
        block: 'group',
        dropToken: false,
        fail: false,
      })
    },
  )

  test('what was held back waits until there is room, to the millisecond, and blames nobody', () => {
    const held = failure({ kind: 'held-back', code: 'KSEF_BUDGET_SPENT', retryAfterSeconds: 0.25 })
    for (const tries of [0, 7])
      expect(afterFailure(held, tries, WAITS)).toEqual({
        seconds: 0.25,
        block: null,
        dropToken: false,
        fail: false,
      })
  })

  test('429 without a readable Retry-After waits a minute, twice as long each time, an hour at most', () => {
    const waits = [0, 1, 2, 5, 6, 500].map((tries) => afterFailure(limited(), tries, WAITS).seconds)
    expect(waits).toEqual([60, 120, 240, 1920, 3600, 3600])
  })

  test('429 with Retry-After 0 is no leave to ask in a loop', () => {
    expect(afterFailure(limited({ retryAfterSeconds: 0 }), 0, WAITS).seconds).toBe(1)
  })

  test('a block by the firewall silences the context for a quarter of an hour', () => {
    const blocked = failure({ kind: 'forbidden', code: 'KSEF_BLOCKED_BY_SECURITY' })
    expect(afterFailure(blocked, 0, WAITS)).toMatchObject({ seconds: 900, block: 'context', fail: false })
  })

  test('401 drops the token, and does not fail the integration', () => {
    const unauthorized = failure({ kind: 'unauthorized', code: 'KSEF_UNAUTHORIZED' })
    expect(afterFailure(unauthorized, 0, WAITS)).toMatchObject({ dropToken: true, fail: false, block: null })
  })

  test.each([
    'KSEF_MISSING_PERMISSIONS',
    'SIGN_IN_TOKEN_REFUSED',
    'SIGN_IN_CERTIFICATE_REFUSED',
    'SIGN_IN_NO_PERMISSION',
    'SIGN_IN_BLOCKED',
    'SIGN_IN_REVOKED',
    'SIGN_IN_SUBJECT_DECEASED',
  ] as const)('%s is not tried again: the integration fails', (code) => {
    expect(afterFailure(failure({ kind: 'status', code }), 0, WAITS).fail).toBe(true)
  })

  test('whatever failed, the wait is positive and the schedule is kept', () => {
    const codes = Object.keys(KSEF_ERRORS) as KsefErrorCode[]
    fc.assert(
      fc.property(fc.constantFrom(...codes), fc.nat(50), (code, tries) => {
        const { seconds } = afterFailure(failure({ code }), tries, WAITS)
        expect([waitAt(WAITS, tries), 900]).toContain(seconds)
      }),
    )
  })
})

describe('a schedule of waits', () => {
  test('repeats its last one', () => {
    expect([0, 1, 2, 3, 99].map((step) => waitAt(WAITS, step))).toEqual([2, 5, 15, 15, 15])
  })

  test('that is empty is a bug, not an endless loop', () => {
    expect(() => waitAt([], 0)).toThrow('a schedule of waits is empty')
  })

  test('takes fractions of a second', () => {
    expect(addSeconds(new Date(1_000), 0.25)).toEqual(new Date(1_250))
    expect(addSeconds(new Date(1_000), -1)).toEqual(new Date(0))
  })
})

describe('a streak of failures', () => {
  test('rises by one each time, of one thing only, and ends when it worked', () => {
    const streaks = createFailureStreaks()
    expect([streaks.add('a'), streaks.add('a'), streaks.add('b'), streaks.add('a')]).toEqual([0, 1, 0, 2])
    streaks.end('a')
    expect([streaks.add('a'), streaks.add('b')]).toEqual([0, 1])
  })

  test('is forgotten when too many others came after it: memory stays bounded', () => {
    const streaks = createFailureStreaks()
    streaks.add('first')
    for (let n = 0; n < 50_000; n++) streaks.add(`other ${n}`)
    expect(streaks.add('first')).toBe(0)
  })
})
