/** The thread's side of `paper-printing.ts`. Fonts and the PDF library are loaded here alone. */
import type { QrCode } from '@ksef-fleet/ksef'
import {
  makePaper,
  PAPER_POLICY,
  type PaperRequest,
  qrPng,
  qrSvg,
  renderHtml,
  renderPdf,
} from '@ksef-fleet/ksef/paper'

export type PrintTask =
  | { readonly as: 'pdf' | 'html'; readonly paper: PaperRequest }
  | { readonly as: 'png' | 'svg'; readonly code: QrCode }

export type Print = {
  readonly content: Uint8Array
  /** What a browser that shows it is to permit it. */
  readonly policy: string
}

const NOTHING = "default-src 'none'"

async function contentOf(task: PrintTask): Promise<Uint8Array> {
  switch (task.as) {
    case 'pdf':
      return renderPdf(makePaper(task.paper))
    case 'html':
      return Buffer.from(renderHtml(makePaper(task.paper)))
    case 'png':
      return qrPng(task.code)
    case 'svg':
      return Buffer.from(qrSvg(task.code))
  }
}

export default async function print(task: PrintTask): Promise<Print> {
  return { content: await contentOf(task), policy: task.as === 'html' ? PAPER_POLICY : NOTHING }
}
