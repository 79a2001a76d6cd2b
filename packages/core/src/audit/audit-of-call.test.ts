import type { CallRecord, KsefFailureKind } from '@ksef-fleet/ksef'
import { expect, test } from 'vitest'
import { AUDIT_DETAILS } from './audit-details.ts'
import { auditOfCall } from './audit-of-call.ts'

const OWNER = { actor: 'worker', subject: 'an integration', taxpayerNip: '5265877635' }
const sent: CallRecord = {
  operation: 'sendInvoice',
  httpStatus: 202,
  durationMs: 12.6,
  referenceNumber: 'R-1',
}

test('a call is told with its operation, its time in whole milliseconds, and KSeF’s reference number', () => {
  expect(auditOfCall(sent, { ...OWNER, providerNip: '7980332920', requestId: 'q' })).toEqual({
    actor: 'worker',
    action: 'ksef.call',
    subject: 'an integration',
    outcome: 'ok',
    operation: 'sendInvoice',
    httpStatus: 202,
    durationMs: 13,
    referenceNumber: 'R-1',
    taxpayerNip: '5265877635',
    providerNip: '7980332920',
    requestId: 'q',
    details: {},
  })
})

test('what KSeF said no to is refused, and what got no clear answer has failed', () => {
  const outcomes: Record<KsefFailureKind, 'refused' | 'failed'> = {
    refused: 'refused',
    unauthorized: 'refused',
    forbidden: 'refused',
    gone: 'refused',
    'rate-limited': 'refused',
    'held-back': 'failed',
    status: 'refused',
    connection: 'failed',
    'no-answer': 'failed',
    server: 'failed',
    unreadable: 'failed',
  }
  for (const [kind, outcome] of Object.entries(outcomes)) {
    const failureKind = kind as KsefFailureKind
    const entry = auditOfCall({ operation: 'sendInvoice', durationMs: 1, failureKind }, OWNER)
    expect(entry.outcome, kind).toBe(outcome)
  }
})

test('a failure is told by its codes', () => {
  const failed = {
    ...sent,
    failureKind: 'refused',
    failureCode: 'KSEF_INPUT_INVALID',
    ksefCode: 21_301,
  } as const
  const { errorCode, details } = auditOfCall(failed as CallRecord, OWNER)
  expect([errorCode, details]).toEqual(['KSEF_INPUT_INVALID', { ksefCode: 21_301 }])
})

test('whatever else a record of a call may carry one day stays out of the entry', () => {
  const planted = { ...sent, token: 'PLANTED', body: 'PLANTED', traceId: 'a trace' }
  const entry = auditOfCall(planted, { ...OWNER, credentialId: 'c', credentialVersion: 7 })
  expect(JSON.stringify(entry)).not.toContain('PLANTED')
  expect(
    Object.keys(entry.details ?? {}).every((name) => AUDIT_DETAILS.some((known) => known === name)),
  ).toBe(true)
})
