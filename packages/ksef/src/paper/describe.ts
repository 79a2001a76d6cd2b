/**
 * The general way to show elements: leaves as fields, groups as sections, repeated groups as tables. What has no place of its
 * own on a paper is shown this way, so that nothing of a document is left out, nor of a form that has grown.
 */
import { childrenOf, type Element, isLeaf, textAt } from './element.ts'
import type { Block, Column, Field, Row } from './paper.ts'
import type { Wording } from './wording.ts'

/** Groups whose fields speak for themselves, so that they need no heading. */
const UNHEADED = new Set([
  'DaneIdentyfikacyjne',
  'DaneKontaktowe',
  'OkresFa',
  'Zwolnienie',
  'NoweSrodkiTransportu',
  'PMarzy',
  'Skonto',
  'TerminOpis',
  'Informacje',
  'Uwierzytelnienie',
  'IdKontekstu',
])

const ADDRESS = new Set(['KodKraju', 'AdresL1', 'AdresL2', 'GLN'])

const isAddress = ({ children }: Element): boolean =>
  children.some(({ name }) => name === 'AdresL1') && children.every(({ name }) => ADDRESS.has(name))

function addressText(w: Wording, element: Element): string {
  const gln = textAt(element, 'GLN')
  const country = childrenOf(element, 'KodKraju').map((child) => w.value(child))
  return [textAt(element, 'AdresL1'), textAt(element, 'AdresL2'), ...country, gln && `GLN ${gln}`]
    .filter((part) => part !== '')
    .join(', ')
}

/** Annotations that change what the reader has to do. */
const TELLING = /^P_(?:16|17|18|18A|19|22|23|PMarzy.*[^N])$/

const fieldOf = (w: Wording, leaf: Element): Field => {
  const field = { label: w.label(leaf.name), value: w.value(leaf) }
  return TELLING.test(leaf.name) && leaf.text === '1' ? { ...field, strong: true } : field
}

/** What an element says by fields alone; the rest of it needs sections and tables of its own. */
function divide(w: Wording, element: Element): { fields: Field[]; groups: Element[] } {
  const fields: Field[] = []
  const groups: Element[] = []
  for (const child of element.children) {
    if (isLeaf(child)) {
      if (child.text !== '') fields.push(fieldOf(w, child))
    } else if (isAddress(child)) fields.push({ label: w.label(child.name), value: addressText(w, child) })
    else if (UNHEADED.has(child.name)) {
      const inner = divide(w, child)
      fields.push(...inner.fields)
      groups.push(...inner.groups)
    } else groups.push(child)
  }
  return { fields, groups }
}

/** Fields under the same label become one. */
function merged(fields: readonly Field[]): Field[] {
  const byLabel = Map.groupBy(fields, ({ label }) => label)
  return [...byLabel].map(([label, same]) => ({
    label,
    value: same.map(({ value }) => value).join(', '),
    ...(same.some(({ strong }) => strong === true) ? { strong: true } : {}),
  }))
}

/** The fields of an element, those of its unheaded groups among them. */
export const fieldsOf = (w: Wording, element: Element): Field[] => merged(divide(w, element).fields)

export const fieldsBlock = (fields: readonly Field[]): Block[] =>
  fields.length === 0 ? [] : [{ kind: 'fields', fields }]

export const section = (title: string, blocks: readonly Block[]): Block[] =>
  blocks.length === 0 ? [] : [{ kind: 'section', section: { title, blocks } }]

const COLUMNS_MAX = 7

const isNumeric = (w: Wording, elements: readonly Element[], label: string): boolean => {
  const leaf = elements.flatMap(({ children }) => children).find(({ name }) => w.label(name) === label)
  return leaf !== undefined && w.isNumber(leaf.name)
}

/** All labels, each before those that follow it where it occurs. */
function orderOf(records: readonly (readonly string[])[]): string[] {
  const order: string[] = []
  for (const labels of records)
    for (const [index, label] of labels.entries()) {
      if (order.includes(label)) continue
      const next = labels.slice(index + 1).find((later) => order.includes(later))
      order.splice(next === undefined ? order.length : order.indexOf(next), 0, label)
    }
  return order
}

/** Elements of one name as rows, if each is nothing but a few fields; else null. */
function asTable(w: Wording, elements: readonly Element[]): Block | null {
  const divided = elements.map((element) => divide(w, element))
  if (divided.some(({ groups }) => groups.length > 0)) return null
  const records = divided.map(({ fields }) => merged(fields))
  const labels = orderOf(records.map((fields) => fields.map(({ label }) => label)))
  if (labels.length > COLUMNS_MAX) return null
  const columns = labels.map(
    (title): Column => ({ title, align: isNumeric(w, elements, title) ? 'right' : 'left' }),
  )
  const rows = records.map(
    (fields): Row => ({
      cells: labels.map((label) => ({ text: fields.find((field) => field.label === label)?.value ?? '' })),
    }),
  )
  return { kind: 'table', columns, rows }
}

/** Elements of one name under their label. */
export function describeGroup(w: Wording, elements: readonly Element[]): Block[] {
  const [first] = elements
  if (first === undefined) return []
  const title = w.label(first.name)
  if (elements.length === 1) return section(title, describe(w, first))
  const table = asTable(w, elements)
  if (table !== null) return section(title, [table])
  return elements.flatMap((element, index) => section(`${title} ${index + 1}`, describe(w, element)))
}

/** All that an element holds. */
export function describe(w: Wording, element: Element): Block[] {
  const { fields, groups } = divide(w, element)
  const byName = Map.groupBy(groups, ({ name }) => name)
  return [...fieldsBlock(merged(fields)), ...[...byName.values()].flatMap((same) => describeGroup(w, same))]
}
