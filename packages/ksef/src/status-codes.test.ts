import { expect, test } from 'vitest'
import { meaningOfInvoiceStatus, meaningOfSessionStatus, SIGN_IN_STATUSES } from './status-codes.ts'

test('415 and 440 mean different things to a session, an invoice and a sign-in', () => {
  const means = [
    meaningOfSessionStatus(415).means,
    meaningOfInvoiceStatus(415).means,
    SIGN_IN_STATUSES[415].code,
  ]
  expect(new Set(means).size).toBe(3)
  expect(meaningOfSessionStatus(440).means).not.toBe(meaningOfInvoiceStatus(440).means)
})

test('a status never seen before is neither success nor failure', () => {
  expect(meaningOfInvoiceStatus(299).outcome).toBe('unknown')
  expect(meaningOfSessionStatus(199).outcome).toBe('unknown')
})
