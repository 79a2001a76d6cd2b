/**
 * A form written down once, both ways. A **part** says of one field of the data which elements it becomes: from a record
 * of parts come the schema that parses the data, the elements, and the way back. What is written here in the order of the
 * official schema is written to XML in that order. Parity with the schema is tested.
 */
import * as z from 'zod'
import { type Choices, checkChoices } from './choices.ts'
import { unknownField } from './unknown-field.ts'
import { type XmlElement, xmlElement } from './xml-element.ts'

/** How a value stands in one element. */
export type Value<Schema extends z.ZodType = z.ZodType> = {
  readonly schema: Schema
  /** Elements inside, for the parity test; null for text. */
  readonly shape: Shape | null
  attributes?(value: z.output<Schema>): Record<string, string>
  write(value: z.output<Schema>, pointer: string): XmlElement['content']
  read(element: XmlElement): unknown
}

export type Part<Schema extends z.ZodType = z.ZodType> = {
  readonly schema: Schema
  /** Elements around it that the data does not show, outermost first. */
  readonly inside: readonly string[]
  /** Its elements in their order, each with the shape of what is inside. */
  readonly elements: readonly { readonly name: string; readonly shape: Shape | null }[]
  write(value: z.output<Schema> | undefined, pointer: string): XmlElement[]
  read(from: Reader): unknown
}

export type Shape = Readonly<Record<string, Part>>
export type SchemasOf<S extends Shape> = { [Name in keyof S]: S[Name]['schema'] }
export type DataOf<S extends Shape> = z.output<z.ZodObject<SchemasOf<S>, z.core.$strict>>

/** The children of an element, each taken once. */
export type Reader = {
  take(name: string): XmlElement[]
  /** The reader of the only child of that name; one without children when there is none. */
  within(name: string): Reader
  /** Paths of children that nobody took. */
  left(): string[]
}

export function readerOf(element: XmlElement | undefined): Reader {
  const children = element === undefined || typeof element.content === 'string' ? [] : [...element.content]
  const taken = new Set<XmlElement>()
  const wrappers = new Map<string, Reader>()
  const take = (name: string): XmlElement[] => {
    const found = children.filter((child) => child.name === name && !taken.has(child))
    for (const child of found) taken.add(child)
    return found
  }
  return {
    take,
    within(name) {
      const known = wrappers.get(name) ?? readerOf(take(name)[0])
      wrappers.set(name, known)
      return known
    },
    left: () => [
      ...children.filter((child) => !taken.has(child)).map(({ name }) => name),
      ...[...wrappers].flatMap(([name, reader]) => reader.left().map((path) => `${name}/${path}`)),
    ],
  }
}

/** The elements of a record of parts, in its order; those with the same surroundings together. */
export function writeShape<S extends Shape>(
  shape: S,
  data: Readonly<Record<string, unknown>>,
  pointer: string,
): XmlElement[] {
  const placed = Object.entries(shape).flatMap(([name, part]) =>
    part.write(data[name], `${pointer}/${name}`).map((element) => ({ inside: part.inside, element })),
  )
  return gather(placed, pointer)
}

type Placed = { inside: readonly string[]; element: XmlElement }

function gather(placed: readonly Placed[], pointer: string): XmlElement[] {
  const found: XmlElement[] = []
  let at = 0
  while (at < placed.length) {
    const [wrapper] = placed[at]?.inside ?? []
    let end = at
    while (end < placed.length && placed[end]?.inside[0] === wrapper) end += 1
    const run = placed.slice(at, end)
    if (wrapper === undefined) found.push(...run.map(({ element }) => element))
    else {
      const inner = run.map(({ inside, element }) => ({ inside: inside.slice(1), element }))
      found.push(xmlElement(wrapper, gather(inner, pointer), pointer))
    }
    at = end
  }
  return found
}

/** The data of a record of parts. */
export function readShape(shape: Shape, from: Reader): Record<string, unknown> {
  const data: Record<string, unknown> = {}
  for (const [name, part] of Object.entries(shape)) {
    const reader = part.inside.reduce((at, wrapper) => at.within(wrapper), from)
    const value = part.read(reader)
    if (value !== undefined) data[name] = value
  }
  return data
}

const schemasOf = <S extends Shape>(shape: S): SchemasOf<S> =>
  // Every part keeps the schema of its own field, so names and schemas stay paired.
  Object.fromEntries(Object.entries(shape).map(([name, { schema }]) => [name, schema])) as SchemasOf<S>

/** An element that holds elements: an object. */
export function body<S extends Shape>(
  shape: S,
  choices: Choices = {},
): Value<z.ZodObject<SchemasOf<S>, z.core.$strict>> {
  return {
    schema: z
      .strictObject(schemasOf(shape), { error: unknownField(Object.keys(shape)) })
      .superRefine((data, context) => checkChoices(data, choices, context)),
    shape,
    write: (data, pointer) => writeShape(shape, data, pointer),
    read: (element) => readWhole(shape, element),
  }
}

/** The value under a name of its own in the description of the data. */
export const named = <Schema extends z.ZodType>(id: string, value: Value<Schema>): Value<Schema> => ({
  ...value,
  schema: value.schema.meta({ id }),
})

/** @throws UnreadElement when the element holds what the shape does not know */
export function readWhole(shape: Shape, element: XmlElement): Record<string, unknown> {
  const reader = readerOf(element)
  const data = readShape(shape, reader)
  const [left] = reader.left()
  if (left !== undefined) throw new UnreadElement(`${element.name}/${left}`)
  return data
}

/** An element that no part of the form knows. */
export class UnreadElement extends Error {
  constructor(path: string) {
    super(`${path} is not an element of this form.`)
  }
}
