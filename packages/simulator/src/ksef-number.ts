import { warsawDate } from './clock.ts'
import { crc8 } from './crc8.ts'
import { createRandomness, type Randomness } from './randomness.ts'

/** `NIP-YYYYMMDD-12HEX` plus its CRC-8: 35 characters. The day is that of `invoicingDate` (numer-ksef.md). */
export function ksefNumberOf(sellerNip: string, invoicingDate: Date, technical: string): string {
  const body = `${sellerNip}-${warsawDate(invoicingDate).replaceAll('-', '')}-${technical}`
  return `${body}-${crc8(body)}`
}

/** Hands out technical parts: a running number keeps them unique, random digits keep them unguessable. */
/** The same number with another checksum, for clients that must notice. */
function withWrongSum(ksefNumber: string): string {
  const last = Number.parseInt(ksefNumber.slice(-1), 16) ^ 1
  return `${ksefNumber.slice(0, -1)}${last.toString(16).toUpperCase()}`
}

export type NumberingState = { issued: number }

export function createKsefNumbering(
  randomness: Randomness = createRandomness(),
  state: NumberingState = { issued: 0 },
  hasWrongSum: () => boolean = () => false,
): (sellerNip: string, invoicingDate: Date) => string {
  return (sellerNip, invoicingDate) => {
    state.issued += 1
    const running = state.issued.toString(16).padStart(6, '0')
    const technical = `${running}${randomness.hex(3)}`.toUpperCase()
    const ksefNumber = ksefNumberOf(sellerNip, invoicingDate, technical)
    return hasWrongSum() ? withWrongSum(ksefNumber) : ksefNumber
  }
}
