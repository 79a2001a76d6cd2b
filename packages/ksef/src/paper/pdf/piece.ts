/** What a page is filled with: something of a height that is never cut in two. */
import type { Line, Style, Typesetter } from './typesetting.ts'
import { lineHeight } from './typesetting.ts'

/** Drawing, in points from the upper left corner of the page. */
export type Canvas = {
  text(line: Line, x: number, y: number): void
  rule(from: { x: number; y: number }, width: number, color: string): void
  fill(at: { x: number; y: number }, size: { width: number; height: number }, color: string): void
  /** A path in its own units. */
  path(d: string, at: { x: number; y: number }, scale: number): void
  link(at: { x: number; y: number }, size: { width: number; height: number }, url: string): void
}

export type Piece = {
  readonly height: number
  draw(canvas: Canvas, x: number, y: number): void
  /** A heading does not stand alone at the foot of a page. */
  readonly staysWithNext?: boolean
  /** Drawn first where a page begins with this piece: the head of its table. */
  readonly head?: Piece
}

/** What pieces are made with. */
export type Setting = { readonly typesetter: Typesetter; readonly width: number }

export const INK = '#1a1a1a'
export const GREY = '#5c5c5c'
export const RULE = '#d5d5d5'

export const TEXT: Style = { font: 'regular', size: 8, color: INK }
export const STRONG: Style = { ...TEXT, font: 'bold' }
export const LABEL: Style = { font: 'regular', size: 6.5, color: GREY }

export const space = (height: number): Piece => ({ height, draw: () => undefined })

export const heightOf = (lines: readonly Line[]): number =>
  lines.reduce((sum, { style }) => sum + lineHeight(style), 0)

/** Lines beneath each other, from the left or to the right edge of a width. */
export function drawLines(
  canvas: Canvas,
  lines: readonly Line[],
  at: { x: number; y: number; width: number; align: 'left' | 'right' },
): void {
  let { y } = at
  for (const line of lines) {
    canvas.text(line, at.align === 'right' ? at.x + at.width - line.width : at.x, y)
    y += lineHeight(line.style)
  }
}

/** A text as pieces of one line each, so that a long one goes over pages. */
export const textPieces = ({ typesetter, width }: Setting, text: string, style: Style): Piece[] =>
  typesetter.lines(text, width, style).map((line) => ({
    height: lineHeight(style),
    draw: (canvas, x, y) => canvas.text(line, x, y),
  }))
