/** Words into lines: measured once a document, broken at spaces, and inside a word only where it is wider than its column. */
import type { Font } from 'fontkit'
import { paperFonts } from '../fonts.ts'

export type Style = { readonly font: 'regular' | 'bold'; readonly size: number; readonly color: string }

export type Line = { readonly text: string; readonly width: number; readonly style: Style }

const LEADING = 1.25

export const lineHeight = ({ size }: Style): number => size * LEADING

export type Typesetter = {
  lines(text: string, width: number, style: Style): Line[]
  /** Width of a text in one line, and of its widest word. */
  extent(text: string, style: Style): { readonly natural: number; readonly least: number }
}

/** Letters that every font has; the many texts of these alone need no look at the rest. */
const PLAIN = /^[\u0020-\u017f\u00a0]*$/

/** A character that the font cannot draw is named by its number rather than shown as a box that says nothing. */
export function drawable(text: string, font: Font): string {
  if (PLAIN.test(text)) return text
  return Array.from(text, (character) => {
    const codePoint = character.codePointAt(0) ?? 0
    return font.hasGlyphForCodePoint(codePoint)
      ? character
      : `[U+${codePoint.toString(16).toUpperCase().padStart(4, '0')}]`
  }).join('')
}

export function createTypesetter(): Typesetter {
  const fonts = paperFonts()
  /** In units of the font, by word. */
  const widths = { regular: new Map<string, number>(), bold: new Map<string, number>() }

  const widthOf = (word: string, { font, size }: Style): number => {
    let width = widths[font].get(word)
    if (width === undefined) {
      width = fonts[font].layout(word).advanceWidth / fonts[font].unitsPerEm
      widths[font].set(word, width)
    }
    return width * size
  }

  /** A word wider than its line, in pieces that fit. */
  const pieces = (word: string, width: number, style: Style): string[] => {
    const found = ['']
    for (const character of word) {
      const longer = `${found.at(-1)}${character}`
      if (found.at(-1) !== '' && widthOf(longer, style) > width) found.push(character)
      else found[found.length - 1] = longer
    }
    return found
  }

  /** What lines are filled with; inside a broken word no space stands before it. */
  const parts = (text: string, width: number, style: Style): { part: string; broken: boolean }[] =>
    drawable(text, fonts[style.font])
      .split(' ')
      .flatMap((word) =>
        widthOf(word, style) <= width
          ? [{ part: word, broken: false }]
          : pieces(word, width, style).map((part, index) => ({ part, broken: index > 0 })),
      )

  return {
    extent(text, style) {
      const words = drawable(text, fonts[style.font]).split(' ')
      const each = words.map((word) => widthOf(word, style))
      const spaces = (words.length - 1) * widthOf(' ', style)
      return {
        natural: each.reduce((sum, one) => sum + one, spaces),
        least: each.reduce((most, one) => Math.max(most, one), 0),
      }
    },
    lines(text, width, style) {
      const space = widthOf(' ', style)
      const lines: Line[] = []
      let line: Line | undefined
      for (const { part, broken } of parts(text, width, style)) {
        const wide = widthOf(part, style)
        if (line !== undefined && !broken && line.width + space + wide <= width)
          line = { text: `${line.text} ${part}`, width: line.width + space + wide, style }
        else {
          if (line !== undefined) lines.push(line)
          line = { text: part, width: wide, style }
        }
      }
      return line === undefined ? lines : [...lines, line]
    },
  }
}
