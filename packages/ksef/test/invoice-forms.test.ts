/** The forms, held against the official schemas: every element, at its place, in its order, and no other. */
import { readFileSync } from 'node:fs'
import { join } from 'node:path'
import { expect, test } from 'vitest'
import { schemaDirectory } from '../src/config.ts'
import { FORMS, type SystemCode } from '../src/documents/form-code.ts'
import type { Shape } from '../src/invoice-data/grammar/part.ts'
import { parseXml, type XmlElement } from '../src/invoice-data/grammar/xml-element.ts'
import { INVOICE_FORMS } from '../src/invoice-data/invoice-forms.ts'

const childrenOf = ({ content }: XmlElement): readonly XmlElement[] =>
  typeof content === 'string' ? [] : content
const localName = (name = ''): string => name.replace(/^.*:/, '')

/** Paths of all elements below a particle of the schema, in document order. */
function pathsOf(types: Map<string, XmlElement>, particle: XmlElement, at: string): string[] {
  return childrenOf(particle).flatMap((child) => {
    const { name, base, type } = child.attributes ?? {}
    if (child.name === 'attribute') return [`${at}/@${name}`]
    if (child.name === 'extension' || child.name === 'restriction') {
      const inherited = types.get(localName(base))
      return [...(inherited === undefined ? [] : pathsOf(types, inherited, at)), ...pathsOf(types, child, at)]
    }
    if (child.name !== 'element') return pathsOf(types, child, at)
    const path = `${at}/${name}`
    const named = types.get(localName(type))
    return [path, ...(named === undefined ? [] : pathsOf(types, named, path)), ...pathsOf(types, child, path)]
  })
}

function schemaPaths(form: SystemCode): string[] {
  const schema = parseXml(readFileSync(join(schemaDirectory(), FORMS[form].schemaFile)))
  const types = new Map(
    childrenOf(schema)
      .filter(({ name }) => name === 'complexType')
      .map((type) => [String(type.attributes?.['name']), type]),
  )
  const root = childrenOf(schema).find(({ name }) => name === 'element')
  // Attributes are held by the round trips.
  return pathsOf(types, root ?? schema, '').filter((path) => !path.includes('@'))
}

function shapePaths(shape: Shape, at: string): string[] {
  return Object.values(shape).flatMap(({ inside, elements }) =>
    elements.flatMap(({ name, shape: inner }) => {
      const surroundings = inside.map((_, index) => [at, ...inside.slice(0, index + 1)].join('/'))
      const path = [at, ...inside, name].join('/')
      return [...surroundings, path, ...(inner === null ? [] : shapePaths(inner, path))]
    }),
  )
}

/** Choices that name an element twice name it once here. */
const once = (paths: string[]): string[] => [...new Set(paths)]

test.each(Object.keys(INVOICE_FORMS) as SystemCode[])(
  '%s has every element of its schema, in its order',
  (form) => {
    const expected = once(schemaPaths(form))
    expect(expected.length).toBeGreaterThan(150)
    expect(once(shapePaths(INVOICE_FORMS[form].shape, ''))).toEqual(expected)
  },
)
