import type { SessionInvoice } from '@ksef-fleet/ksef'
import { expect, test } from 'vitest'
import { originalIn } from './original-document.ts'

const NUMBER = 'KSEF-1'
const entry = (invoiceHash: string, more: Partial<SessionInvoice> = {}): SessionInvoice => ({
  referenceNumber: `of ${invoiceHash}`,
  invoiceHash,
  status: { code: 200, description: '', details: [], extensions: {} },
  ...more,
})
const ours = { invoiceHash: 'ours', ksefNumber: NUMBER }

test('a registered entry with our hash is our document, whatever number KSeF named', () => {
  const registered = { ksefNumber: 'KSEF-2', invoicingMode: 'Offline' } as const
  const list = [entry('another', { ksefNumber: NUMBER }), entry('ours', registered)]
  expect(originalIn(list, ours)).toEqual({
    is: 'ours',
    ...registered,
    referenceNumber: 'of ours',
    upoDownloadUrl: null,
  })
})

test('the named number with another hash is another document', () => {
  expect(originalIn([entry('another', { ksefNumber: NUMBER })], ours)).toEqual({
    is: 'another',
    ksefNumber: NUMBER,
  })
})

test('our hash without a number, the number without a hash, and an empty list settle nothing', () => {
  const { invoiceHash: _hash, ...unhashed } = entry('another', { ksefNumber: NUMBER })
  for (const list of [[entry('ours')], [unhashed], []]) expect(originalIn(list, ours)).toBeNull()
})
