import { crc8 } from './crc8.ts'
import { createRandomness, type Randomness } from './randomness.ts'

/**
 * What a reference number stands for, by the two letters inside it: challenge, authentication, KSeF token,
 * interactive session, batch session, export, session UPO, invoice, permission,
 * certificate enrolment, permission operation.
 */
export type ReferenceKind = 'CR' | 'AU' | 'EC' | 'SO' | 'SB' | 'EH' | 'EU' | 'EE' | 'PE' | 'CE' | 'PO'

const unseeded = createRandomness()

/** A new reference number: 36 characters, `YYYYMMDD-KK-10HEX-10HEX-CC` (type TNumerReferencyjny of UPO 4-3). */
export function newReferenceNumber(kind: ReferenceKind, at: Date, randomness: Randomness = unseeded): string {
  const day = at.toISOString().slice(0, 10).replaceAll('-', '')
  const body = `${day}-${kind}-${randomness.hex(5)}-${randomness.hex(5)}`
  return `${body}-${crc8(body)}`
}
