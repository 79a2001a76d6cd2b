/** The words beneath a code as grey pixels, drawn from the outlines of the font that papers are set in. */
import type { Glyph } from 'fontkit'
import { paperFonts } from '../paper/fonts.ts'

type Point = { readonly x: number; readonly y: number }
type Edge = { readonly from: Point; readonly to: Point }

/** 0 is nothing, 255 is full ink. */
export type Pixels = { readonly width: number; readonly height: number; readonly ink: Uint8Array }

/** Samples of a pixel in each direction. */
const SAMPLES = 4
const CURVE_STEPS = 6

const between = (a: Point, b: Point, t: number): Point => ({
  x: a.x + (b.x - a.x) * t,
  y: a.y + (b.y - a.y) * t,
})

/** A quadratic curve, as TrueType outlines have, as points after its start. */
const curve = (from: Point, control: Point, to: Point): Point[] =>
  Array.from({ length: CURVE_STEPS }, (_, step) => {
    const t = (step + 1) / CURVE_STEPS
    return between(between(from, control, t), between(control, to, t), t)
  })

function edgesOf(glyph: Glyph, place: (x: number, y: number) => Point): Edge[] {
  const edges: Edge[] = []
  let [start, at]: Point[] = [place(0, 0), place(0, 0)]
  const draw = (points: readonly Point[]): void => {
    for (const to of points) {
      if (at !== undefined) edges.push({ from: at, to })
      at = to
    }
  }
  for (const { command, args } of glyph.path.commands) {
    const [x = 0, y = 0, toX = 0, toY = 0] = args
    if (command === 'moveTo') at = start = place(x, y)
    else if (command === 'quadraticCurveTo') draw(curve(at ?? place(0, 0), place(x, y), place(toX, toY)))
    else if (command === 'closePath') draw(start === undefined ? [] : [start])
    else draw([place(x, y)])
  }
  return edges
}

/** Where a line of sight along `y` crosses the outlines, and which way each goes. */
const crossings = (edges: readonly Edge[], y: number): { x: number; way: number }[] =>
  edges
    .filter(({ from, to }) => from.y <= y !== to.y <= y)
    .map(({ from, to }) => ({
      x: from.x + ((y - from.y) / (to.y - from.y)) * (to.x - from.x),
      way: to.y > from.y ? 1 : -1,
    }))
    .sort((a, b) => a.x - b.x)

function fill(edges: readonly Edge[], width: number, height: number): Uint8Array {
  const samples = new Uint8Array(width * height)
  for (let row = 0; row < height * SAMPLES; row++) {
    let winding = 0
    let from = 0
    for (const { x, way } of crossings(edges, (row + 0.5) / SAMPLES)) {
      if (winding !== 0)
        for (let at = Math.ceil(from * SAMPLES - 0.5); at < x * SAMPLES - 0.5; at++) {
          const pixel = Math.floor(row / SAMPLES) * width + Math.floor(at / SAMPLES)
          samples[pixel] = (samples[pixel] ?? 0) + 1
        }
      winding += way
      from = x
    }
  }
  return samples.map((count) => Math.round((count * 255) / (SAMPLES * SAMPLES)))
}

/** One line of text, centred, its letters as large as the width allows and `heightMax` permits. */
export function labelPixels(text: string, width: number, heightMax: number): Pixels {
  const font = paperFonts().regular
  const run = font.layout(text)
  const unit = Math.min(width / run.advanceWidth, heightMax / (font.ascent - font.descent))
  const height = Math.ceil((font.ascent - font.descent) * unit)
  let pen = (width - run.advanceWidth * unit) / 2
  const edges = run.glyphs.flatMap((glyph, index) => {
    const left = pen
    pen += (run.positions[index]?.xAdvance ?? glyph.advanceWidth) * unit
    return edgesOf(glyph, (x, y) => ({ x: left + x * unit, y: (font.ascent - y) * unit }))
  })
  return { width, height, ink: fill(edges, width, height) }
}
