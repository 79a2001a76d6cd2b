/** Tables: columns as wide as what stands in them allows, rows as pieces, the head again on every page. */
import type { Cell, Column, Row } from '../paper.ts'
import { drawLines, GREY, heightOf, INK, type Piece, RULE, type Setting, STRONG, TEXT } from './piece.ts'
import type { Line, Style } from './typesetting.ts'

const PADDING = 3
/** Type gets smaller until the longest word of each column fits. */
const SIZES = [7.5, 7, 6.5, 6, 5.5, 5]
const NOTE_SHRINK = 0.87
/** Rows with more lines are cut, so that they go over pages. */
const LINES_MAX = 40
const HEAD_FILL = '#f0f0f0'
const GROUP_FILL = '#f7f7f7'

type Table = { readonly columns: readonly Column[]; readonly rows: readonly Row[] }
type Extent = { natural: number; least: number }

const styleOf = (size: number, strong: boolean | undefined): Style => ({
  ...(strong === true ? STRONG : TEXT),
  size,
})
const noteStyle = (size: number): Style => ({ ...TEXT, size: size * NOTE_SHRINK, color: GREY })

const isGroup = ({ cells }: Row, { columns }: Table): boolean => cells.length === 1 && columns.length > 1

/** For type of one point; widths grow as it does. */
function extentsOf({ typesetter }: Setting, table: Table): Extent[] {
  const extents: Extent[] = table.columns.map(({ title }) => typesetter.extent(title, styleOf(1, true)))
  const widen = (index: number, { natural, least }: Extent): void => {
    const known = extents[index]
    if (known !== undefined)
      extents[index] = { natural: Math.max(known.natural, natural), least: Math.max(known.least, least) }
  }
  for (const row of table.rows) {
    if (isGroup(row, table)) continue
    for (const [index, { text, notes = [], strong }] of row.cells.entries()) {
      widen(index, typesetter.extent(text, styleOf(1, strong)))
      for (const note of notes) widen(index, typesetter.extent(note, noteStyle(1)))
    }
  }
  return extents
}

const atSize = (extents: readonly Extent[], size: number): Extent[] =>
  extents.map(({ natural, least }) => ({
    natural: natural * size + 2 * PADDING,
    least: least * size + 2 * PADDING,
  }))

const total = (values: readonly number[]): number => values.reduce((sum, value) => sum + value, 0)

/** The widest are cut down to one width until all fit: short words stay whole. */
function capped(widths: readonly number[], width: number): number[] {
  let cap = 0
  let left = width
  for (const [index, one] of widths.toSorted((a, b) => a - b).entries()) {
    cap = left / (widths.length - index)
    if (one > cap) break
    left -= one
  }
  return widths.map((one) => Math.min(one, cap))
}

/**
 * Numbers are not broken while there is room; texts share what is left by how long they are. Without room for the longest
 * words, these are broken.
 */
function widthsOf(extents: readonly Extent[], columns: readonly Column[], width: number): number[] {
  const natural = extents.map((extent) => extent.natural)
  const least = extents.map((extent, index) =>
    columns[index]?.align === 'right' ? extent.natural : extent.least,
  )
  const leastOfAll = extents.map((extent) => extent.least)
  const floor = total(least) <= width ? least : leastOfAll
  if (total(floor) > width) return capped(floor, width)
  const wish = natural.map((one, index) => one - (floor[index] ?? 0))
  const spare = width - total(floor)
  if (total(wish) >= spare) {
    const share = total(wish) === 0 ? 0 : spare / total(wish)
    return floor.map((one, index) => one + (wish[index] ?? 0) * share)
  }
  // More room than words: those that grow take it, else the longest text.
  const texts = natural.map((one, index) => (columns[index]?.align === 'left' ? one : 0))
  const longest = texts.indexOf(Math.max(...texts))
  const isNamed = columns.some(({ grows }) => grows === true)
  const grows = columns.map((column, index) => (isNamed ? column.grows === true : index === longest))
  const rest = width - total(natural.filter((_, index) => grows[index] !== true))
  const count = grows.filter(Boolean).length
  const even = natural.every((one, index) => grows[index] !== true || one <= rest / count)
  return natural.map((one, index) => {
    if (grows[index] !== true) return one
    return even ? rest / count : one + (width - total(natural)) / count
  })
}

type Laid = {
  readonly lines: readonly Line[]
  readonly column: Column
  readonly left: number
  readonly width: number
}

function rowPiece(cells: readonly Laid[], look: { fill?: string; rule: string }, width: number): Piece {
  const height = Math.max(...cells.map(({ lines }) => heightOf(lines))) + PADDING
  return {
    height,
    draw(canvas, x, y) {
      if (look.fill !== undefined) canvas.fill({ x, y }, { width, height }, look.fill)
      for (const { lines, column, left, width: wide } of cells)
        drawLines(canvas, lines, {
          x: x + left + PADDING,
          y: y + PADDING / 2,
          width: wide - 2 * PADDING,
          align: column.align,
        })
      canvas.rule({ x, y: y + height }, width, look.rule)
    },
  }
}

/** A row of very many lines in parts that fit on a page. */
const parts = (cells: readonly Laid[]): Laid[][] => {
  const most = Math.max(1, ...cells.map(({ lines }) => lines.length))
  return Array.from({ length: Math.ceil(most / LINES_MAX) }, (_, nth) =>
    cells.map((cell) => ({ ...cell, lines: cell.lines.slice(nth * LINES_MAX, (nth + 1) * LINES_MAX) })),
  )
}

export function tablePieces(setting: Setting, table: Table): Piece[] {
  const { typesetter, width } = setting
  const unit = extentsOf(setting, table)
  const sized = SIZES.map((size) => ({ size, extents: atSize(unit, size) }))
  const fits = sized.find(({ extents }) => total(extents.map(({ least }) => least)) <= width) ?? sized.at(-1)
  const size = fits?.size ?? TEXT.size
  const widths = widthsOf(fits?.extents ?? [], table.columns, width)
  const lefts = widths.map((_, index) => total(widths.slice(0, index)))
  const laid = (index: number, { text, notes = [], strong }: Cell): Laid => {
    const wide = widths[index] ?? width
    const inner = wide - 2 * PADDING
    const lines = [
      ...(text === '' && notes.length > 0 ? [] : typesetter.lines(text, inner, styleOf(size, strong))),
      ...notes.flatMap((note) => typesetter.lines(note, inner, noteStyle(size))),
    ]
    const column = table.columns[index] ?? { title: '', align: 'left' }
    return { lines, column, left: lefts[index] ?? 0, width: wide }
  }
  const head = rowPiece(
    table.columns.map(({ title }, index) => laid(index, { text: title, strong: true })),
    { fill: HEAD_FILL, rule: INK },
    width,
  )
  const rows = table.rows.flatMap((row): Piece[] => {
    if (!isGroup(row, table))
      return parts(row.cells.map((cell, index) => laid(index, cell))).map((cells) => ({
        ...rowPiece(cells, { rule: RULE }, width),
        head,
      }))
    const lines = typesetter.lines(row.cells[0]?.text ?? '', width - 2 * PADDING, styleOf(size, true))
    const cell: Laid = { lines, column: { title: '', align: 'left' }, left: 0, width }
    return [{ ...rowPiece([cell], { fill: GROUP_FILL, rule: RULE }, width), head, staysWithNext: true }]
  })
  return [{ ...head, staysWithNext: true }, ...rows]
}
