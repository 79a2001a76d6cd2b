/** A KSeF number that passed its checksum: `NIP-YYYYMMDD-12HEX-CRC8`, 35 characters. */
export type KsefNumber = string & { readonly __ksefNumber: true }

const CHECKED_CHARACTERS = 32
const SHAPE =
  /^[1-9](?:\d[1-9]|[1-9]\d)\d{7}-20[2-9]\d(?:0[1-9]|1[0-2])(?:0[1-9]|[12]\d|3[01])-[0-9A-F]{12}-[0-9A-F]{2}$/

/**
 * CRC-8 (polynomial 0x07, initial value 0x00) over the first 32 characters, as two upper-case hex digits
 * (numer-ksef.md). The dash before the checksum is not covered.
 */
export function ksefNumberCrc(number: string): string {
  let crc = 0
  for (const byte of Buffer.from(number.slice(0, CHECKED_CHARACTERS), 'latin1')) {
    crc ^= byte
    for (let bit = 0; bit < 8; bit += 1) crc = crc & 0x80 ? ((crc << 1) ^ 0x07) & 0xff : crc << 1
  }
  return crc.toString(16).toUpperCase().padStart(2, '0')
}

const isKsefNumber = (text: string): text is KsefNumber =>
  SHAPE.test(text) && ksefNumberCrc(text) === text.slice(-2)

/** Recognises a KSeF 2.0 number; null for any other text, also for the 36 characters of KSeF 1.0. */
export const parseKsefNumber = (text: string): KsefNumber | null => (isKsefNumber(text) ? text : null)

/** The seller's NIP, which is the first part of the number. */
export const sellerNipOf = (number: KsefNumber): string => number.slice(0, 10)
