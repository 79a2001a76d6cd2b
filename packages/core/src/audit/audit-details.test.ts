import { expect, test } from 'vitest'
import { AUDIT_DETAILS, type AuditDetails, listedDetails } from './audit-details.ts'

const record = (values: Record<string, unknown>): AuditDetails => values as AuditDetails

test('details under names that are not listed are not told, whatever the compiler let pass', () => {
  const planted = {
    token: 'PLANTED',
    privateKeyPem: 'PLANTED',
    xml: '<Faktura/>',
    __proto__: { role: 'PLANTED' },
  }
  expect(listedDetails(record({ ...planted, role: 'operator', count: 2, reason: null, held: true }))).toEqual(
    {
      role: 'operator',
      count: 2,
      reason: null,
      held: true,
    },
  )
})

test('a detail is a plain value: nothing rides along inside an object, and a text is cut short', () => {
  const nested = { role: { token: 'PLANTED' }, scopes: ['PLANTED'], reason: 'a'.repeat(10_000) }
  expect(listedDetails(record(nested))).toEqual({ reason: 'a'.repeat(500) })
})

test('a text that is cut short within a character can still be stored', () => {
  const reason = `${'a'.repeat(499)}😀`
  expect(listedDetails(record({ reason }))).toEqual({ reason: 'a'.repeat(499) })
})

test('no listed name invites a secret, an invoice or a person', () => {
  for (const name of AUDIT_DETAILS) expect(name).not.toMatch(/token$|secret|password|pem|xml|body|person/i)
})
