/** The lines of an invoice or an order as a table; corrected ones before and after. */
import { type Change, comparison } from './comparison.ts'
import { fieldsOf } from './describe.ts'
import { type Element, textAt, without } from './element.ts'
import type { Block, Cell } from './paper.ts'
import type { Wording } from './wording.ts'

/** Which elements of a line are what. What is named nowhere stands in small letters beneath the name. */
export type LineForm = {
  readonly row: string
  readonly number: string
  readonly id: string
  readonly before: string
  readonly name: string
  /** Those with a column of their own, after number and name. */
  readonly columns: readonly string[]
}

export const FA_LINES: LineForm = {
  row: 'FaWiersz',
  number: 'NrWierszaFa',
  id: 'UU_ID',
  before: 'StanPrzed',
  name: 'P_7',
  columns: ['P_8B', 'P_8A', 'P_9A', 'P_9B', 'P_10', 'P_12', 'P_11', 'P_11Vat', 'P_11A'],
}

export const ORDER_LINES: LineForm = {
  row: 'ZamowienieWiersz',
  number: 'NrWierszaZam',
  id: 'UU_IDZ',
  before: 'StanPrzedZ',
  name: 'P_7Z',
  columns: ['P_8BZ', 'P_8AZ', 'P_9AZ', 'P_12Z', 'P_11NettoZ', 'P_11VatZ'],
}

export const RR_LINES: LineForm = {
  row: 'FakturaRRWiersz',
  number: 'NrWierszaFa',
  id: 'UU_ID',
  before: 'StanPrzed',
  name: 'P_5',
  columns: ['P_6C', 'P_6B', 'P_6A', 'P_7', 'P_8', 'P_9', 'P_10', 'P_11'],
}

function linesTable(w: Wording, lines: readonly Element[], form: LineForm): Block {
  const present = new Set(lines.flatMap(({ children }) => children.map(({ name }) => name)))
  const columns = form.columns.filter((name) => present.has(name))
  const cell = (line: Element, name: string): Cell => {
    const found = line.children.find((child) => child.name === name)
    return { text: found === undefined ? '' : w.value(found) }
  }
  const notesOf = (line: Element): string[] =>
    fieldsOf(w, without(line, [form.number, form.name, ...columns])).map(
      ({ label, value }) => `${label}: ${value}`,
    )
  return {
    kind: 'table',
    columns: [form.number, form.name, ...columns].map((name) => ({
      title: w.label(name),
      align: w.isNumber(name) ? 'right' : 'left',
      grows: name === form.name,
    })),
    rows: lines.map((line) => ({
      cells: [
        cell(line, form.number),
        { ...cell(line, form.name), notes: notesOf(line) },
        ...columns.map((name) => cell(line, name)),
      ],
    })),
  }
}

/** Pairs a corrected line with its earlier state: by its identifier, else by its number. */
function changesOf(w: Wording, lines: readonly Element[], form: LineForm): Change[] {
  const isBefore = (line: Element): boolean => textAt(line, form.before) !== ''
  const open = new Set(lines.filter((line) => !isBefore(line)))
  const byKey = new Map(
    [form.id, form.number].map((key) => [key, Map.groupBy(open, (line) => textAt(line, key))]),
  )
  const takeAfter = (before: Element): Element | undefined => {
    const keys = [form.id, form.number].filter((key) => textAt(before, key) !== '')
    for (const key of keys) {
      const after = byKey
        .get(key)
        ?.get(textAt(before, key))
        ?.find((line) => open.has(line))
      if (after !== undefined && open.delete(after)) return after
    }
    return undefined
  }
  const heading = (line: Element): string => `${w.say('line')} ${textAt(line, form.number)}`
  const change = (before: Element | undefined, after: Element | undefined): Change => {
    const isNumbered = before !== undefined && after !== undefined && heading(before) !== heading(after)
    const said = isNumbered ? [form.before] : [form.before, form.number]
    const fields = (line: Element | undefined) => (line === undefined ? [] : fieldsOf(w, without(line, said)))
    const first = before ?? after
    return {
      heading: first === undefined ? '' : heading(first),
      before: fields(before),
      after: fields(after),
    }
  }
  const corrected = lines.filter(isBefore).map((before) => change(before, takeAfter(before)))
  return [...corrected, ...[...open].map((line) => change(undefined, line))]
}

export function linesOf(w: Wording, lines: readonly Element[], form: LineForm): Block[] {
  if (lines.length === 0) return []
  const isCorrected = lines.some((line) => textAt(line, form.before) !== '')
  return isCorrected ? comparison(w, changesOf(w, lines, form)) : [linesTable(w, lines, form)]
}
