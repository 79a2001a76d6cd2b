/** A UPO (v4-3) as a paper: of one document or of a session's page. */
import { describe, fieldsBlock, fieldsOf, section } from './describe.ts'
import { childrenOf, type Element, textAt, without } from './element.ts'
import type { Block, Row } from './paper.ts'
import type { Wording } from './wording.ts'

/** Columns of many documents: what stands in a cell, and what beneath it. */
const COLUMNS = [
  ['NumerKSeFDokumentu', ['SkrotDokumentu']],
  ['NumerFaktury', ['NipSprzedawcy']],
  ['DataWystawieniaFaktury', []],
  ['DataPrzeslaniaDokumentu', ['DataNadaniaNumeruKSeF']],
  ['TrybWysylki', []],
] as const

function documentsTable(w: Wording, documents: readonly Element[]): Block {
  const known: string[] = COLUMNS.flatMap(([name, beneath]) => [name, ...beneath])
  const rows = documents.map((document): Row => {
    const cells = COLUMNS.map(([name, beneath]) => ({
      text: textAt(document, name),
      notes: beneath.map((note) => `${w.label(note)}: ${textAt(document, note)}`),
    }))
    const others = fieldsOf(w, without(document, known)).map(({ label, value }) => `${label}: ${value}`)
    const [first, ...rest] = cells
    return { cells: first === undefined ? [] : [{ ...first, notes: [...first.notes, ...others] }, ...rest] }
  })
  return { kind: 'table', columns: COLUMNS.map(([name]) => ({ title: w.label(name), align: 'left' })), rows }
}

export function upoPaper(w: Wording, root: Element): Block[] {
  const documents = childrenOf(root, 'Dokument')
  const [only] = documents
  const rest = describe(w, without(root, ['Dokument']))
  if (only === undefined) return rest
  const shown = documents.length === 1 ? fieldsBlock(fieldsOf(w, only)) : [documentsTable(w, documents)]
  return [...section(w.label('Dokument'), shown), ...rest]
}
