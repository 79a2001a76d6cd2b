import { KSEF_ERRORS, type KsefErrorCode, type KsefFailure } from '@ksef-fleet/ksef'
import { describe, expect, test } from 'vitest'
import { afterSend, isRefusalOfSession, REFUSALS_MAX } from './after-send.ts'

const failure = (more: Partial<KsefFailure>): KsefFailure => ({
  operation: 'sendInvoice',
  kind: 'refused',
  effect: 'none',
  code: 'KSEF_INPUT_INVALID',
  ...more,
})
const after = (more: Partial<KsefFailure>, refusals = 1) =>
  afterSend({ ok: false, failure: failure(more) }, refusals)

describe('after a POST', () => {
  test('that was answered, the invoice is sent under KSeF’s reference', () => {
    const result = { ok: true, value: { referenceNumber: 'R' } } as const
    expect(afterSend(result, 0)).toEqual({ to: 'sent', referenceNumber: 'R' })
  })

  test.each(Object.keys(KSEF_ERRORS) as KsefErrorCode[])(
    'whose effect is unknown, %s never lets the invoice be sent again unlooked for',
    (code) => {
      for (const kind of ['no-answer', 'server', 'unreadable', 'refused'] as const)
        expect(['lost', 'held']).toContain(after({ code, kind, effect: 'unknown' }).to)
    },
  )

  test.each(Object.keys(KSEF_ERRORS) as KsefErrorCode[])(
    'that had no effect, %s never leaves it sent or lost',
    (code) => {
      expect(['pending', 'held']).toContain(after({ code }).to)
    },
  )

  test('that never left, it is pending, however often that happened', () => {
    const never = { kind: 'connection', code: 'KSEF_UNREACHABLE' } as const
    expect(after(never, 1_000)).toEqual({
      to: 'pending',
      code: 'KSEF_UNREACHABLE',
      leaveSession: false,
      reason: { code: 'KSEF_UNREACHABLE' },
    })
  })

  test.each(['SESSION_FULL', 'SESSION_CLOSED', 'SESSION_PAUSED', 'KSEF_SESSION_NOT_FOUND'] as const)(
    'that %s refused, it goes to another session, until that has happened too often',
    (code) => {
      expect(isRefusalOfSession(code)).toBe(true)
      expect(after({ code, exceptionCode: 21155 })).toEqual({
        to: 'pending',
        code,
        leaveSession: true,
        reason: { code: 'DELIVERY_TRIES_AGAIN', ksefCode: 21155, ksefResource: 'request' },
      })
      expect(after({ code }, REFUSALS_MAX)).toMatchObject({
        to: 'held',
        reason: { code: 'DELIVERY_KEEPS_FAILING' },
      })
    },
  )

  test('that KSeF refused with a number nobody knows, it is held with KSeF’s words', () => {
    const unknown = {
      code: 'KSEF_UNKNOWN_CODE',
      effect: 'unknown',
      exceptionCode: 29999,
      description: 'opis',
    } as const
    expect(after({ ...unknown, details: ['a'] })).toEqual({
      to: 'held',
      code: 'KSEF_UNKNOWN_CODE',
      reason: {
        code: 'KSEF_UNKNOWN_ANSWER',
        ksefCode: 29999,
        ksefResource: 'request',
        description: 'opis',
        details: ['a'],
      },
    })
  })

  test('that was refused without a number of KSeF’s, it is lost: it may have passed an edge that gave up', () => {
    for (const httpStatus of [400, 404, 408, 425])
      expect(after({ code: 'KSEF_UNKNOWN_CODE', effect: 'unknown', httpStatus })).toEqual({
        to: 'lost',
        code: 'KSEF_UNKNOWN_CODE',
      })
  })

  test('that lacked a permission, it is held for one; a firewall is no lack of permission', () => {
    const forbidden = { kind: 'forbidden', code: 'KSEF_MISSING_PERMISSIONS' } as const
    expect(after(forbidden)).toMatchObject({ to: 'held', reason: { code: 'KSEF_PERMISSION_MISSING' } })
    expect(after({ kind: 'forbidden', code: 'KSEF_BLOCKED_BY_SECURITY' }).to).toBe('pending')
  })

  test('that failed in the sign-in on its way, the number is told to be a sign-in’s', () => {
    const refused = { kind: 'status', code: 'SIGN_IN_NO_PERMISSION', exceptionCode: 415 } as const
    expect(after(refused)).toMatchObject({ reason: { ksefCode: 415, ksefResource: 'sign-in' } })
  })

  test.each([
    ['KSEF_RATE_LIMITED', 'rate-limited'],
    ['KSEF_UNAUTHORIZED', 'unauthorized'],
    ['KSEF_BUDGET_SPENT', 'held-back'],
  ] as const)('that ended with %s, it stays in its session', (code, kind) => {
    expect(after({ kind, code })).toMatchObject({ to: 'pending', code, leaveSession: false })
  })
})
