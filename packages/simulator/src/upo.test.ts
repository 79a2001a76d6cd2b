import { expect, test } from 'vitest'
import { crc8 } from './crc8.ts'
import { newReferenceNumber } from './reference-number.ts'
import type { SendingSession } from './stores/sessions.ts'
import { UPO_PAGE_INVOICES, upoPageCount, upoPageReference } from './upo.ts'

test.each([
  [0, 1],
  [1, 1],
  [UPO_PAGE_INVOICES, 1],
  [UPO_PAGE_INVOICES + 1, 2],
  [3 * UPO_PAGE_INVOICES, 3],
])('%i accepted invoices make %i pages', (invoices, pages) => {
  expect(upoPageCount(invoices)).toBe(pages)
})

test('every page has its own number, and each is a well-formed reference number', () => {
  const upoReferenceNumber = newReferenceNumber('EU', new Date('2026-11-22T10:00:00Z'))
  const session: Pick<SendingSession, 'upoReferenceNumber'> = { upoReferenceNumber }
  const numbers = [1, 2, 3].map((page) => upoPageReference(session, page))
  expect(numbers[0]).toBe(upoReferenceNumber)
  expect(new Set(numbers).size).toBe(3)
  for (const number of numbers) {
    expect(number).toMatch(/^20261122-EU-[0-9A-F]{10}-[0-9A-F]{10}-[0-9A-F]{2}$/)
    expect(crc8(number.slice(0, -3))).toBe(number.slice(-2))
  }
})
