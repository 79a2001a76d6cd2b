/** Pictures of a code with its label beneath (kody-qr.md, "Oznaczenie pod kodem QR"). */
import { encode } from 'fast-png'
import { xmlText } from '../xml-text.ts'
import { labelPixels } from './label-pixels.ts'
import { pathOf, type QrSymbol, symbolOf } from './qr-code.ts'
import type { QrCode } from './verification-link.ts'

const PIXELS_PER_MODULE = 8
const LABEL_MODULES_MAX = 3
/** In SVG the label is text of the reader's font, so it is kept well within the width. */
const CHARACTER_WIDTH = 0.64

/** SVG that draws with nothing but its own elements: it may stand inside a page that forbids everything else. */
export function qrSvg(code: QrCode): string {
  const symbol = symbolOf(code)
  const size = symbol.length
  const letters = Math.min(LABEL_MODULES_MAX, (size - 2) / (code.label.length * CHARACTER_WIDTH))
  const height = size + LABEL_MODULES_MAX
  return [
    `<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 ${size} ${height}" role="img">`,
    `<title>${xmlText(code.label)}</title>`,
    `<rect width="${size}" height="${height}" fill="#fff"/>`,
    `<path fill="#000" shape-rendering="crispEdges" d="${pathOf(symbol)}"/>`,
    `<text x="${size / 2}" y="${size + 1}" text-anchor="middle" font-family="sans-serif" font-size="${letters.toFixed(2)}">`,
    `${xmlText(code.label)}</text></svg>`,
  ].join('')
}

function paintSymbol(pixels: Uint8Array, symbol: QrSymbol, width: number): void {
  for (const [row, modules] of symbol.entries())
    for (const [column, isDark] of modules.entries())
      if (isDark)
        for (let y = 0; y < PIXELS_PER_MODULE; y++) {
          const from = (row * PIXELS_PER_MODULE + y) * width + column * PIXELS_PER_MODULE
          pixels.fill(0, from, from + PIXELS_PER_MODULE)
        }
}

/** PNG in greys, eight pixels a module. */
export function qrPng(code: QrCode): Uint8Array {
  const symbol = symbolOf(code)
  const width = symbol.length * PIXELS_PER_MODULE
  const margin = 2 * PIXELS_PER_MODULE
  const label = labelPixels(code.label, width - 2 * margin, LABEL_MODULES_MAX * PIXELS_PER_MODULE)
  const height = width + label.height + margin
  const pixels = new Uint8Array(width * height).fill(255)
  paintSymbol(pixels, symbol, width)
  for (let y = 0; y < label.height; y++)
    for (let x = 0; x < label.width; x++)
      pixels[(width + y) * width + margin + x] = 255 - (label.ink[y * label.width + x] ?? 0)
  return encode({ width, height, data: pixels, channels: 1, depth: 8 })
}
