/**
 * Documents on paper: invoices and receipts as HTML and PDF, and the QR codes that stand on them. Apart from the client, which
 * needs neither fonts nor a PDF library.
 */
export { qrPng, qrSvg } from '../qr/qr-picture.ts'
export { renderHtml } from './html/render-html.ts'
export { PAPER_POLICY } from './html/style.ts'
export type { Language } from './labels/label.ts'
export { makePaper, type PaperRequest } from './make-paper.ts'
export type { Paper } from './paper.ts'
export { PAPER_PROBLEMS, PaperError, type PaperProblem } from './paper-error.ts'
export { renderPdf } from './pdf/render-pdf.ts'
