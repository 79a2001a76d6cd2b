/** The fonts papers are set in: DejaVu Sans Condensed, which has the letters of every language of the Union. */
import { readFileSync } from 'node:fs'
import { createRequire } from 'node:module'
import { create, type Font } from 'fontkit'

export type PaperFonts = { readonly regular: Font; readonly bold: Font }

const resolve = createRequire(import.meta.url).resolve

const bytesOf = (file: string): Buffer => readFileSync(resolve(`dejavu-fonts-ttf/ttf/${file}`))

type FontBytes = { readonly [Name in keyof PaperFonts]: Buffer }

let read: FontBytes | undefined
const fontBytes = (): FontBytes => {
  read ??= { regular: bytesOf('DejaVuSansCondensed.ttf'), bold: bytesOf('DejaVuSansCondensed-Bold.ttf') }
  return read
}

function open(bytes: Buffer): Font {
  const font = create(bytes)
  if ('fonts' in font) throw new Error('a single font was expected, not a collection')
  return font
}

/**
 * Fonts for one document. A font keeps for each of its shapes the letters it was first asked for with, none when it was drawn
 * as part of another one, and a PDF says by them what its text is: shared, they would change what is read in later documents.
 */
export const fontsOfDocument = (): PaperFonts => ({
  regular: open(fontBytes().regular),
  bold: open(fontBytes().bold),
})

let opened: PaperFonts | undefined

/** For measuring and drawing shapes: opened once and kept for the life of the process. */
export function paperFonts(): PaperFonts {
  opened ??= fontsOfDocument()
  return opened
}
