import { expect, test } from 'vitest'
import { modeOfReceipt } from './mode-of-receipt.ts'

const receipt = (inner: string) => Buffer.from(`<Potwierdzenie><Dokument>${inner}</Dokument></Potwierdzenie>`)

test.each([
  ['<TrybWysylki>Online</TrybWysylki>', 'Online'],
  ['<TrybWysylki>Offline</TrybWysylki>', 'Offline'],
  ['<u:TrybWysylki>Offline</u:TrybWysylki>', 'Offline'],
  ['<TrybWysylki>Hybrid</TrybWysylki>', null],
  ['<NumerFaktury>Offline</NumerFaktury>', null],
  ['', null],
])('of %j the mode is %s', (inner, mode) => {
  expect(modeOfReceipt(receipt(inner))).toBe(mode)
})
