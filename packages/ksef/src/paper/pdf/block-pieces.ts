import { pathOf, symbolOf } from '../../qr/qr-code.ts'
import type { QrCode } from '../../qr/verification-link.ts'
import type { Block, Section } from '../paper.ts'
import { gridPieces, listPieces } from './field-pieces.ts'
import {
  drawLines,
  heightOf,
  INK,
  LABEL,
  type Piece,
  type Setting,
  STRONG,
  space,
  TEXT,
  textPieces,
} from './piece.ts'
import { tablePieces } from './table-pieces.ts'
import { lineHeight } from './typesetting.ts'

const HEADING_SIZES = [10.5, 9, 8.5]
const BESIDE_GAP = 18
const CODE_SIZE = 124
const CODE_GAP = 8
/** The quiet zone above a code, so that its address begins beside its first modules. */
const CODE_INSET = 10

function headingPieces({ typesetter, width }: Setting, title: string, depth: number): Piece[] {
  const size = HEADING_SIZES[Math.min(depth, HEADING_SIZES.length - 1)] ?? TEXT.size
  const style = { ...STRONG, size }
  const lines = typesetter.lines(title, width, style)
  const above = depth === 0 ? 9 : 5
  return [
    {
      height: above + heightOf(lines) + 3,
      staysWithNext: true,
      draw(canvas, x, y) {
        drawLines(canvas, lines, { x, y: y + above, width, align: 'left' })
        if (depth === 0) canvas.rule({ x, y: y + above + heightOf(lines) + 0.5 }, width, '#9a9a9a')
      },
    },
  ]
}

const sectionPieces = (setting: Setting, { title, blocks }: Section, depth: number): Piece[] => [
  ...headingPieces(setting, title, depth),
  ...blocks.flatMap((block) => blockPieces(setting, block, depth + 1)),
]

const NOTHING = space(0)

/** Two lists of pieces beside each other, row by row. */
function paired(left: readonly Piece[], right: readonly Piece[], offset: number): Piece[] {
  return Array.from({ length: Math.max(left.length, right.length) }, (_, index) => {
    const [one, other] = [left[index] ?? NOTHING, right[index] ?? NOTHING]
    return {
      height: Math.max(one.height, other.height),
      staysWithNext: one.staysWithNext === true || other.staysWithNext === true,
      draw(canvas, x, y) {
        one.draw(canvas, x, y)
        other.draw(canvas, x + offset, y)
      },
    }
  })
}

function besidePieces({ typesetter, width }: Setting, sections: readonly Section[], depth: number): Piece[] {
  const half = { typesetter, width: (width - BESIDE_GAP) / 2 }
  const narrow = sections.map((section) => [
    ...headingPieces(half, section.title, depth),
    ...section.blocks.flatMap((block) =>
      block.kind === 'fields' ? listPieces(half, block.fields) : blockPieces(half, block, depth + 1),
    ),
  ])
  return Array.from({ length: Math.ceil(narrow.length / 2) }, (_, nth) =>
    paired(narrow[2 * nth] ?? [], narrow[2 * nth + 1] ?? [], half.width + BESIDE_GAP),
  ).flat()
}

/** The code with its label beneath, and its address beside it for whoever cannot scan. */
function codePiece({ typesetter, width }: Setting, code: QrCode): Piece {
  const symbol = symbolOf(code)
  const fitted = typesetter.extent(code.label, STRONG).natural
  const size = Math.min(STRONG.size, (STRONG.size * (CODE_SIZE - 2)) / fitted)
  const label = typesetter.lines(code.label, CODE_SIZE, { ...STRONG, size })
  const beside = width - CODE_SIZE - CODE_GAP
  const link = typesetter.lines(code.link, beside, LABEL)
  return {
    height: Math.max(CODE_SIZE + heightOf(label), heightOf(link) + CODE_INSET) + 6,
    draw(canvas, x, y) {
      canvas.path(pathOf(symbol), { x, y }, CODE_SIZE / symbol.length)
      for (const line of label) canvas.text(line, x + (CODE_SIZE - line.width) / 2, y + CODE_SIZE - 3)
      const at = { x: x + CODE_SIZE + CODE_GAP, y: y + CODE_INSET }
      drawLines(canvas, link, { ...at, width: beside, align: 'left' })
      canvas.link(at, { width: beside, height: heightOf(link) }, code.link)
    },
  }
}

/** One over the whole width, two beside each other. */
function codePieces(setting: Setting, codes: readonly QrCode[]): Piece[] {
  if (codes.length < 2) return codes.map((code) => codePiece(setting, code))
  const half = { ...setting, width: (setting.width - BESIDE_GAP) / 2 }
  const [left, right] = [0, 1].map((side) =>
    codes.filter((_, index) => index % 2 === side).map((code) => codePiece(half, code)),
  )
  return paired(left ?? [], right ?? [], half.width + BESIDE_GAP)
}

function totalPiece({ typesetter, width }: Setting, label: string, value: string): Piece {
  const style = { ...STRONG, size: 11 }
  const lines = typesetter.lines(`${label}: ${value}`, width, style)
  return {
    height: heightOf(lines) + 14,
    draw(canvas, x, y) {
      canvas.rule({ x, y: y + 4 }, width, INK)
      drawLines(canvas, lines, { x, y: y + 7, width, align: 'right' })
      canvas.rule({ x, y: y + 8 + heightOf(lines) }, width, INK)
    },
  }
}

export function blockPieces(setting: Setting, block: Block, depth: number): Piece[] {
  switch (block.kind) {
    case 'fields':
      return gridPieces(setting, block.fields)
    case 'paragraph':
      return [...textPieces(setting, block.text, TEXT), space(lineHeight(TEXT) / 3)]
    case 'table':
      return [...tablePieces(setting, block), space(5)]
    case 'section':
      return sectionPieces(setting, block.section, depth)
    case 'beside':
      return besidePieces(setting, block.sections, depth)
    case 'total':
      return [totalPiece(setting, block.field.label, block.field.value)]
    case 'codes':
      return codePieces(setting, block.codes)
  }
}
