import encodeQr from 'qr'
import type { QrCode } from './verification-link.ts'

/** Modules of a symbol row by row, true is dark, with the quiet zone around it. */
export type QrSymbol = readonly (readonly boolean[])[]

/** ISO/IEC 18004 asks for four light modules on each side. */
const QUIET_MODULES = 4

/** Error correction M: a print that lost 15 % of its modules is still read. */
export const symbolOf = ({ link }: QrCode): QrSymbol =>
  encodeQr(link, 'raw', { ecc: 'medium', border: QUIET_MODULES, encoding: 'byte' })

/**
 * The dark modules as one path in module units, row by row: an SVG's `d`, which PDF renderers take as well.
 */
export function pathOf(symbol: QrSymbol): string {
  const runs: string[] = []
  for (const [y, row] of symbol.entries()) {
    for (let x = 0; x < row.length; x++) {
      if (row[x] !== true) continue
      const from = x
      while (row[x + 1] === true) x += 1
      runs.push(`M${from} ${y}h${x - from + 1}v1h${from - x - 1}z`)
    }
  }
  return runs.join('')
}
