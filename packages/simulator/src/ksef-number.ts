import { randomBytes } from 'node:crypto'
import { warsawDate } from './clock.ts'
import { crc8 } from './crc8.ts'

/** `NIP-YYYYMMDD-12HEX` plus its CRC-8: 35 characters. The day is that of `invoicingDate` (numer-ksef.md). */
export function ksefNumberOf(sellerNip: string, invoicingDate: Date, technical: string): string {
  const body = `${sellerNip}-${warsawDate(invoicingDate).replaceAll('-', '')}-${technical}`
  return `${body}-${crc8(body)}`
}

/** Hands out technical parts: a running number keeps them unique, random digits keep them unguessable. */
export function createKsefNumbering(): (sellerNip: string, invoicingDate: Date) => string {
  let issued = 0
  return (sellerNip, invoicingDate) => {
    issued += 1
    const running = issued.toString(16).padStart(6, '0')
    const technical = `${running}${randomBytes(3).toString('hex')}`.toUpperCase()
    return ksefNumberOf(sellerNip, invoicingDate, technical)
  }
}
