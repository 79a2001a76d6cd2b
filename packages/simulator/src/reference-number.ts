import { randomBytes } from 'node:crypto'
import { crc8 } from './crc8.ts'

/**
 * What a reference number stands for, by the two letters inside it: challenge, authentication, KSeF token,
 * interactive session, session UPO, invoice, permission.
 */
export type ReferenceKind = 'CR' | 'AU' | 'EC' | 'SO' | 'EU' | 'EE' | 'PE'

const hex = (bytes: number): string => randomBytes(bytes).toString('hex').toUpperCase()

/** A new reference number: 36 characters, `YYYYMMDD-KK-10HEX-10HEX-CC` (type TNumerReferencyjny of UPO 4-3). */
export function newReferenceNumber(kind: ReferenceKind, at: Date): string {
  const day = at.toISOString().slice(0, 10).replaceAll('-', '')
  const body = `${day}-${kind}-${hex(5)}-${hex(5)}`
  return `${body}-${crc8(body)}`
}
