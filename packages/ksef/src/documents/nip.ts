const WEIGHTS = [6, 5, 7, 2, 3, 4, 5, 6, 7] as const

/** The NIP's checksum: weighted sum of nine digits modulo 11 equals the tenth; a remainder of 10 is never valid. */
export function hasNipChecksum(nip: string): boolean {
  if (!/^\d{10}$/.test(nip)) return false
  const sum = WEIGHTS.reduce((total, weight, index) => total + weight * Number(nip[index]), 0)
  return sum % 11 === Number(nip[9])
}
