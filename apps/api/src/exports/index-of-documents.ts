import type { DocumentHeader, DocumentWithUpo } from '@ksef-fleet/core'
import { fileOf, upoFileOf } from './file-names.ts'

type Column = (document: DocumentWithUpo) => string | null

/** A text of somebody else's, which a spreadsheet must not take for a formula. */
const text =
  (read: (header: DocumentHeader) => string | null): Column =>
  ({ header }) => {
    const given = read(header)
    return given !== null && /^[=+\-@\t\r]/.test(given) ? `'${given}` : given
  }

const plain =
  (read: (header: DocumentHeader) => string | null): Column =>
  ({ header }) =>
    read(header)

const COLUMNS: Readonly<Record<string, Column>> = {
  file: ({ header }) => fileOf(header),
  upo: ({ header, upo }) => (upo === null ? null : upoFileOf(header)),
  direction: plain((header) => header.direction),
  ksefNumber: text((header) => header.ksefNumber),
  form: plain((header) => header.form),
  kind: text((header) => header.kind),
  number: text((header) => header.number),
  issueDate: plain((header) => header.issueDate),
  saleDate: plain((header) => header.saleDate),
  seller: text((header) => header.sellerNip),
  sellerName: text((header) => header.sellerName),
  buyer: text((header) => header.buyerId),
  buyerName: text((header) => header.buyerName),
  currency: plain((header) => header.currency),
  net: plain((header) => header.net),
  vat: plain((header) => header.vat),
  gross: plain((header) => header.gross),
  correctedNumber: text((header) => header.correctedNumber),
  correctedKsefNumber: text((header) => header.correctedKsefNumber),
  flag: plain((header) => header.flag),
  receivedAt: plain((header) => header.createdAt.toISOString()),
  sha256: plain((header) => header.hash),
}

/** CSV as RFC 4180 has it, in UTF-8, by the page. */
export async function* indexOf(pages: AsyncGenerator<DocumentWithUpo[]>): AsyncGenerator<Buffer> {
  yield Buffer.from(lineOf(Object.keys(COLUMNS)))
  for await (const page of pages)
    yield Buffer.from(
      page.map((document) => lineOf(Object.values(COLUMNS).map((read) => read(document)))).join(''),
    )
}

const lineOf = (cells: readonly (string | null)[]): string => `${cells.map(cellOf).join(',')}\r\n`

const cellOf = (cell: string | null): string =>
  cell === null ? '' : /[",\r\n]/.test(cell) ? `"${cell.replaceAll('"', '""')}"` : cell
