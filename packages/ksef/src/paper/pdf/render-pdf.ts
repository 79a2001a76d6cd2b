import PDFDocument from 'pdfkit'
import { fontsOfDocument, paperFonts } from '../fonts.ts'
import type { Paper } from '../paper.ts'
import { blockPieces } from './block-pieces.ts'
import {
  type Canvas,
  INK,
  LABEL,
  type Piece,
  type Setting,
  STRONG,
  space,
  TEXT,
  textPieces,
} from './piece.ts'
import { createTypesetter, type Line, lineHeight, type Style } from './typesetting.ts'

type Pdf = InstanceType<typeof PDFDocument>

/** A4 in points. */
const PAGE = { width: 595.28, height: 841.89 }
const MARGIN = 40
const FOOT = 24
const WIDTH = PAGE.width - 2 * MARGIN
const BOTTOM = PAGE.height - MARGIN - FOOT
const NOTICE = '#b00020'
const NUMBER_WIDTH = 60

function canvasOf(pdf: Pdf): Canvas {
  const fonts = paperFonts()
  const ascent = (style: Style): number =>
    (fonts[style.font].ascent / fonts[style.font].unitsPerEm) * style.size
  return {
    text(line, x, y) {
      if (line.text === '') return
      const { font, size, color } = line.style
      // Half of the leading above, so that fills and rules sit evenly around a line.
      const baseline = y + (lineHeight(line.style) - size) / 2 + ascent(line.style) * 0.94
      pdf.font(font).fontSize(size).fillColor(color)
      pdf.text(line.text, x, baseline, { lineBreak: false, baseline: 'alphabetic' })
    },
    rule({ x, y }, width, color) {
      pdf
        .moveTo(x, y)
        .lineTo(x + width, y)
        .lineWidth(0.5)
        .strokeColor(color)
        .stroke()
    },
    fill: ({ x, y }, { width, height }, color) => void pdf.rect(x, y, width, height).fill(color),
    path: (d, { x, y }, scale) => void pdf.save().translate(x, y).scale(scale).path(d).fill('#000').restore(),
    link: ({ x, y }, { width, height }, url) => void pdf.link(x, y, width, height, url),
  }
}

function headPieces(setting: Setting, paper: Paper): Piece[] {
  const notice =
    paper.notice === null ? [] : textPieces(setting, paper.notice, { ...STRONG, size: 10, color: NOTICE })
  const known = paper.identity === null ? '' : `${paper.identity.label}: ${paper.identity.value}`
  const identity = known === '' ? [] : textPieces(setting, known, { ...STRONG, size: 9 })
  return [
    ...textPieces(setting, paper.overline, LABEL),
    ...textPieces(setting, paper.title, { ...STRONG, size: 16 }),
    ...textPieces(setting, paper.subtitle, { ...TEXT, size: 11 }),
    ...identity,
    { height: 8, draw: (canvas, x, y) => canvas.rule({ x, y: y + 3 }, WIDTH, INK) },
    ...notice,
    ...(notice.length > 0 ? [space(6)] : []),
  ]
}

/** From a piece on: the height of all that must stay on one page with it. */
function heightTogether(pieces: readonly Piece[], from: number): number {
  let height = 0
  for (let index = from; ; index++) {
    const piece = pieces[index]
    if (piece === undefined) return height
    height += piece.height
    if (piece.staysWithNext !== true) return height
  }
}

/** Which pieces stand on which page, all heights being known. */
function paginate(pieces: readonly Piece[]): Piece[][] {
  const pages: Piece[][] = [[]]
  let y = MARGIN
  for (const [index, piece] of pieces.entries()) {
    if (y > MARGIN && y + heightTogether(pieces, index) > BOTTOM) {
      pages.push(piece.head === undefined ? [] : [piece.head])
      y = MARGIN + (piece.head?.height ?? 0)
    }
    pages.at(-1)?.push(piece)
    y += piece.height
  }
  return pages
}

type Foot = { readonly left: Line | undefined; readonly right: Line | undefined }

function drawPage(canvas: Canvas, pieces: readonly Piece[], foot: Foot): void {
  let y = MARGIN
  for (const piece of pieces) {
    piece.draw(canvas, MARGIN, y)
    y += piece.height
  }
  const bottom = PAGE.height - MARGIN - lineHeight(LABEL)
  canvas.rule({ x: MARGIN, y: bottom - 4 }, WIDTH, '#9a9a9a')
  if (foot.left !== undefined) canvas.text(foot.left, MARGIN, bottom)
  if (foot.right !== undefined) canvas.text(foot.right, PAGE.width - MARGIN - foot.right.width, bottom)
}

const EPOCH = new Date(0)

const dateOf = (text: string): Date => {
  const date = new Date(text)
  return Number.isNaN(date.getTime()) ? EPOCH : date
}

/**
 * A paper as PDF: A4, text that can be selected and searched, fonts inside. The same paper gives the same bytes. It is CPU work
 * of some tens of milliseconds, of a second for thousands of lines: a busy server gives it to a worker thread.
 */
export async function renderPdf(paper: Paper): Promise<Uint8Array> {
  const fonts = fontsOfDocument()
  const pdf = new PDFDocument({
    size: 'A4',
    margin: 0,
    autoFirstPage: false,
    // @ts-expect-error the types do not know yet that an opened font is taken
    font: fonts.regular,
    lang: paper.language,
    displayTitle: true,
    info: {
      Title: `${paper.title} ${paper.subtitle}`,
      Creator: 'KSeF Fleet',
      Producer: 'KSeF Fleet',
      CreationDate: dateOf(paper.madeAt),
    },
  })
  const bytes: Uint8Array[] = []
  const ended = new Promise<void>((resolve, reject) => pdf.on('end', resolve).on('error', reject))
  pdf.on('data', (chunk: Uint8Array) => bytes.push(chunk))
  // @ts-expect-error as above
  pdf.registerFont('regular', fonts.regular).registerFont('bold', fonts.bold)
  const setting: Setting = { typesetter: createTypesetter(), width: WIDTH }
  const blocks = paper.blocks.flatMap((block) => blockPieces(setting, block, 0))
  const pages = paginate([...headPieces(setting, paper), ...blocks])
  const canvas = canvasOf(pdf)
  const [left] = setting.typesetter.lines(paper.foot, WIDTH - NUMBER_WIDTH, LABEL)
  for (const [index, pieces] of pages.entries()) {
    pdf.addPage()
    const [right] = setting.typesetter.lines(`${index + 1} / ${pages.length}`, NUMBER_WIDTH, LABEL)
    drawPage(canvas, pieces, { left, right })
  }
  pdf.end()
  await ended
  return Buffer.concat(bytes)
}
