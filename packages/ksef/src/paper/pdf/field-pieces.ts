/** Labelled values: in a grid over the whole width, or one beneath the other in half of it. */
import type { Field } from '../paper.ts'
import { drawLines, heightOf, LABEL, type Piece, type Setting, STRONG, TEXT } from './piece.ts'
import type { Line } from './typesetting.ts'

const COLUMNS = 4
const GAP = 10
const ROW_GAP = 3
const LABEL_SHARE = 0.36
/** A value of more lines is cut, so that it goes over pages. */
const LINES_MAX = 20

type Laid = { readonly label: Line[]; readonly value: Line[]; readonly span: number }

const styleOf = ({ strong }: Field) => (strong === true ? STRONG : TEXT)

function laidOut({ typesetter, width }: Setting, field: Field): Laid {
  const one = (width - (COLUMNS - 1) * GAP) / COLUMNS
  const needed = typesetter.extent(field.value, styleOf(field)).natural
  const span = Math.min(COLUMNS, Math.max(1, Math.ceil((needed + GAP) / (one + GAP))))
  const wide = span * one + (span - 1) * GAP
  return {
    label: typesetter.lines(field.label, wide, LABEL),
    value: typesetter.lines(field.value, wide, styleOf(field)),
    span,
  }
}

/** Cells into rows: a wide value takes several places of a row. */
function rowsOf(cells: readonly Laid[]): Laid[][] {
  const rows: Laid[][] = []
  let free = 0
  for (const cell of cells) {
    if (cell.span > free) {
      rows.push([])
      free = COLUMNS
    }
    rows.at(-1)?.push(cell)
    free -= cell.span
  }
  return rows
}

const chunks = <T>(all: readonly T[], size: number): T[][] =>
  Array.from({ length: Math.ceil(all.length / size) }, (_, nth) => all.slice(nth * size, (nth + 1) * size))

function gridRow(cells: readonly Laid[], one: number): Piece[] {
  const [only] = cells
  if (cells.length === 1 && only !== undefined && only.value.length > LINES_MAX)
    return chunks([...only.label, ...only.value], LINES_MAX).map((lines) => ({
      height: heightOf(lines),
      draw: (canvas, x, y) => drawLines(canvas, lines, { x, y, width: one, align: 'left' }),
    }))
  return [
    {
      height: Math.max(...cells.map(({ label, value }) => heightOf(label) + heightOf(value))) + ROW_GAP,
      draw(canvas, x, y) {
        let left = x
        for (const { label, value, span } of cells) {
          drawLines(canvas, [...label, ...value], { x: left, y, width: one, align: 'left' })
          left += span * (one + GAP)
        }
      },
    },
  ]
}

export function gridPieces(setting: Setting, fields: readonly Field[]): Piece[] {
  const one = (setting.width - (COLUMNS - 1) * GAP) / COLUMNS
  return rowsOf(fields.map((field) => laidOut(setting, field))).flatMap((cells) => gridRow(cells, one))
}

/** Label to the left of its value; for narrow places. */
export function listPieces({ typesetter, width }: Setting, fields: readonly Field[]): Piece[] {
  const labelWidth = width * LABEL_SHARE
  const valueWidth = width - labelWidth - GAP / 2
  return fields.map((field) => {
    const label = typesetter.lines(field.label, labelWidth, { ...LABEL, size: 7 })
    const value = typesetter.lines(field.value, valueWidth, styleOf(field))
    return {
      height: Math.max(heightOf(label), heightOf(value)) + 1.5,
      draw(canvas, x, y) {
        drawLines(canvas, label, { x, y: y + 0.8, width: labelWidth, align: 'left' })
        drawLines(canvas, value, { x: x + width - valueWidth, y, width: valueWidth, align: 'left' })
      },
    }
  })
}
