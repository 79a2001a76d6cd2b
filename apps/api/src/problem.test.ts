import { DatabaseFailure, ERRORS, FleetError } from '@ksef-fleet/core'
import { describe, expect, test } from 'vitest'
import { failureOf } from './failure.ts'
import { ERROR_CODES, ProblemDocument, problemOf } from './problem.ts'

describe('problemOf', () => {
  test.each(ERROR_CODES)('makes a whole document of %s', (code) => {
    const problem = problemOf(new FleetError(code), { requestId: 'r' })
    expect(ProblemDocument.parse(problem)).toEqual(problem)
    expect(problem).toMatchObject({
      code,
      type: `/docs/errors#${code}`,
      status: ERRORS[code].httpStatus ?? 500,
    })
  })

  test('carries faults, what is there already, and when to come again', () => {
    const error = new FleetError('INVOICE_DUPLICATE', {
      existingId: 'x',
      retryAfterSeconds: 7,
      faults: [{ code: 'A', message: 'a', line: 3 }],
    })
    expect(problemOf(error, { requestId: 'r', existingLocation: '/v1/x' })).toMatchObject({
      existing: { id: 'x', location: '/v1/x' },
      retryAfterSeconds: 7,
      faults: [{ code: 'A', message: 'a', line: 3 }],
    })
  })

  test('of every code that heals by itself and is answered with 503 says when to come again', () => {
    const bare = ERROR_CODES.filter((code) => ERRORS[code].httpStatus === 503).filter(
      (code) => problemOf(new FleetError(code), { requestId: 'r' }).retryAfterSeconds === undefined,
    )
    expect(bare).toEqual([])
  })
})

describe('failureOf', () => {
  const thrown = (more: object) => Object.assign(new Error('secret words'), more)

  test.each<[string, unknown, string]>([
    ['an expected failure', new FleetError('COMPANY_EXISTS'), 'COMPANY_EXISTS'],
    ['a lost database', new DatabaseFailure('unavailable'), 'DATABASE_UNAVAILABLE'],
    ['a refusal of the database', new DatabaseFailure('refused'), 'INTERNAL'],
    ['a conflict nobody foresaw', new DatabaseFailure('conflict'), 'INTERNAL'],
    [
      'a handler that took too long',
      thrown({ code: 'FST_ERR_HANDLER_TIMEOUT', statusCode: 503 }),
      'DATABASE_UNAVAILABLE',
    ],
    ['a path that cannot be decoded', thrown({ code: 'FST_ERR_BAD_URL', statusCode: 400 }), 'NOT_FOUND'],
    ['a 400 of a plugin', thrown({ statusCode: 400 }), 'REQUEST_INVALID'],
    ['a 500 of a plugin', thrown({ statusCode: 500 }), 'INTERNAL'],
    ['a bug', new TypeError('x is not a function'), 'INTERNAL'],
    ['a thrown string', 'oops', 'INTERNAL'],
    ['nothing', undefined, 'INTERNAL'],
  ])('of %s is of the closed table', (...[, given, code]) => {
    const failure = failureOf(given)
    expect(failure.code).toBe(code)
    expect(failure.message).not.toContain('secret words')
  })
})
