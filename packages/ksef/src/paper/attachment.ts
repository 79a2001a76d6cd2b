/** `Zalacznik` of FA(3): blocks of described data, paragraphs and tables that the seller laid out. */
import { describe, fieldsBlock, section } from './describe.ts'
import { childrenOf, type Element, textAt, without } from './element.ts'
import type { Block, Column, Field, Row } from './paper.ts'
import type { Wording } from './wording.ts'

const named = (elements: readonly Element[], [key, value]: readonly [string, string]): Field[] =>
  elements.map((element) => ({ label: textAt(element, key), value: textAt(element, value) }))

const isNumeric = (column: Element): boolean => ['dec', 'int'].includes(column.attributes['Typ'] ?? '')

const rowOf = (row: Element, strong: boolean): Row => ({
  cells: row.children.map(({ text }) => (strong ? { text, strong } : { text })),
})

function table(w: Wording, element: Element): Block[] {
  const columns = childrenOf(element, 'TNaglowek').flatMap((head) =>
    childrenOf(head, 'Kol').map(
      (column): Column => ({
        title: textAt(column, 'NKom'),
        align: isNumeric(column) ? 'right' : 'left',
      }),
    ),
  )
  const rows = [
    ...childrenOf(element, 'Wiersz').map((row) => rowOf(row, false)),
    ...childrenOf(element, 'Suma').map((row) => rowOf(row, true)),
  ]
  return [
    ...fieldsBlock(named(childrenOf(element, 'TMetaDane'), ['TKlucz', 'TWartosc'])),
    ...childrenOf(element, 'Opis').map(({ text }): Block => ({ kind: 'paragraph', text })),
    { kind: 'table', columns, rows: rows.map((row) => ({ cells: filled(row, columns.length) })) },
    ...describe(w, without(element, ['TMetaDane', 'Opis', 'TNaglowek', 'Wiersz', 'Suma'])),
  ]
}

/** A row has as many cells as the table has columns; the schema lets it have fewer. */
const filled = ({ cells }: Row, length: number): Row['cells'] =>
  cells.length >= length
    ? cells
    : [...cells, ...Array.from({ length: length - cells.length }, () => ({ text: '' }))]

function dataBlock(w: Wording, element: Element, nth: number): Block[] {
  const heading = textAt(element, 'ZNaglowek')
  const paragraphs = childrenOf(element, 'Tekst').flatMap((text) => childrenOf(text, 'Akapit'))
  return section(heading === '' ? `${w.say('dataBlock')} ${nth}` : heading, [
    ...fieldsBlock(named(childrenOf(element, 'MetaDane'), ['ZKlucz', 'ZWartosc'])),
    ...paragraphs.map(({ text }): Block => ({ kind: 'paragraph', text })),
    ...childrenOf(element, 'Tabela').flatMap((one) => table(w, one)),
    ...describe(w, without(element, ['ZNaglowek', 'MetaDane', 'Tekst', 'Tabela'])),
  ])
}

export const attachment = (w: Wording, element: Element): Block[] =>
  section(w.label(element.name), [
    ...childrenOf(element, 'BlokDanych').flatMap((block, index) => dataBlock(w, block, index + 1)),
    ...describe(w, without(element, ['BlokDanych'])),
  ])
