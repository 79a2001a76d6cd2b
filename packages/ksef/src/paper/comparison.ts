/** What was and what is, side by side. */
import type { Block, Cell, Field, Row } from './paper.ts'
import type { Wording } from './wording.ts'

/** One corrected thing; a side without fields was not there. */
export type Change = {
  readonly heading: string
  readonly before: readonly Field[]
  readonly after: readonly Field[]
}

function rowsOf({ heading, before, after }: Change): Row[] {
  const labels = [...new Set([...before, ...after].map(({ label }) => label))]
  const valueUnder = (fields: readonly Field[], label: string): string =>
    fields.find((field) => field.label === label)?.value ?? ''
  const rows = labels.map((label): Row => {
    const [was, is] = [valueUnder(before, label), valueUnder(after, label)]
    const changed: Cell = was === is ? { text: is } : { text: is, strong: true }
    return { cells: [{ text: label }, { text: was }, changed] }
  })
  return [...(heading === '' ? [] : [{ cells: [{ text: heading, strong: true }] }]), ...rows]
}

/** A table of fields, before and after; what changed stands out. */
export const comparison = (w: Wording, changes: readonly Change[]): Block[] =>
  changes.length === 0
    ? []
    : [
        {
          kind: 'table',
          columns: [
            { title: w.say('field'), align: 'left' },
            { title: w.say('before'), align: 'left', grows: true },
            { title: w.say('after'), align: 'left', grows: true },
          ],
          rows: changes.flatMap(rowsOf),
        },
      ]
