import { comparison } from './comparison.ts'
import { describe, fieldsOf, section } from './describe.ts'
import { childrenOf, type Element, find, textAt } from './element.ts'
import type { Block, Section } from './paper.ts'
import type { Wording } from './wording.ts'

const NAMES = ['Podmiot1', 'Podmiot2', 'Podmiot3', 'PodmiotUpowazniony']
export const PARTY_NAMES: readonly string[] = NAMES

/** The name first and in bold, then what identifies, then the rest. */
function partySection(w: Wording, party: Element, title: string): Section {
  const blocks = describe(w, party).map((block): Block => {
    if (block.kind !== 'fields') return block
    const name = w.label('Nazwa')
    const [named, others] = [
      block.fields.filter(({ label }) => label === name),
      block.fields.filter(({ label }) => label !== name),
    ]
    return { kind: 'fields', fields: [...named.map((field) => ({ ...field, strong: true })), ...others] }
  })
  return { title, blocks }
}

/** Seller and buyer beside each other, then whoever else has to do with the invoice. */
export function parties(w: Wording, root: Element): Block[] {
  const main = ['Podmiot1', 'Podmiot2'].flatMap((name) => childrenOf(root, name))
  const others = ['Podmiot3', 'PodmiotUpowazniony'].flatMap((name) => childrenOf(root, name))
  const beside = (elements: readonly Element[]): Block[] =>
    elements.length === 0
      ? []
      : [{ kind: 'beside', sections: elements.map((party) => partySection(w, party, w.label(party.name))) }]
  return [...beside(main), ...beside(others)]
}

/** The party as it is now: of several buyers the one with the same key. */
function corrected(root: Element, before: Element): Element | undefined {
  if (before.name === 'Podmiot1K') return find(root, 'Podmiot1')
  const key = textAt(before, 'IDNabywcy')
  const buyers = [...childrenOf(root, 'Podmiot2'), ...childrenOf(root, 'Podmiot3')]
  return key === '' ? buyers[0] : (buyers.find((buyer) => textAt(buyer, 'IDNabywcy') === key) ?? buyers[0])
}

/** Parties whose data are corrected: as they were and as they are. */
export const partyCorrections = (w: Wording, root: Element, body: Element): Block[] =>
  ['Podmiot1K', 'Podmiot2K']
    .flatMap((name) => childrenOf(body, name))
    .flatMap((before) => {
      const was = fieldsOf(w, before)
      const labels = new Set(was.map(({ label }) => label))
      const now = corrected(root, before)
      // Contacts and the like are not corrected this way, and stand with the party itself.
      const is = now === undefined ? [] : fieldsOf(w, now).filter(({ label }) => labels.has(label))
      return section(
        w.label(before.name.slice(0, -1)),
        comparison(w, [{ heading: '', before: was, after: is }]),
      )
    })
