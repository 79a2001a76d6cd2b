/**
 * CRC-8 with polynomial 0x07 and initial value 0x00 over the ASCII bytes of `text`, two upper-case
 * hexadecimal digits (numer-ksef.md).
 */
export function crc8(text: string): string {
  let crc = 0
  for (const byte of Buffer.from(text, 'latin1')) {
    crc ^= byte
    for (let bit = 0; bit < 8; bit++) crc = crc & 0x80 ? ((crc << 1) ^ 0x07) & 0xff : crc << 1
  }
  return crc.toString(16).toUpperCase().padStart(2, '0')
}
