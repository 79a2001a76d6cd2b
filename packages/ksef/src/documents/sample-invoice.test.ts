import { expect, test } from 'vitest'
import { inspectInvoice } from './inspect-invoice.ts'
import { sampleInvoice } from './sample-invoice.ts'

const request = {
  sellerNip: '5265877635',
  buyerNip: '1111111111',
  number: 'FV/11/2026/0001 & <ostatnia>',
  issueDate: '2026-11-20',
} as const
const setting = { now: new Date('2026-11-22T12:00:00Z'), environment: 'test' } as const

test.each(['FA (2)', 'FA (3)'] as const)('a sample %s passes the whole acceptance check', (form) => {
  const inspection = inspectInvoice(sampleInvoice({ ...request, form }), setting)
  expect(inspection).toMatchObject({
    ok: true,
    facts: {
      formCode: { systemCode: form, schemaVersion: '1-0E', value: 'FA' },
      sellerNip: '5265877635',
      kind: 'VAT',
      number: 'FV/11/2026/0001 & <ostatnia>',
      issueDate: '2026-11-20',
      hasAttachment: false,
    },
  })
})

test('a padded sample has exactly the size asked for and stays valid', () => {
  const invoice = sampleInvoice({ ...request, form: 'FA (3)', padToBytes: 1_000_000 })
  expect(invoice.length).toBe(1_000_000)
  expect(inspectInvoice(invoice, setting)).toMatchObject({ ok: true, facts: { size: 1_000_000 } })
})

test('a sample cannot be padded to less than it has', () => {
  expect(() => sampleInvoice({ ...request, form: 'FA (3)', padToBytes: 100 })).toThrow(RangeError)
})
