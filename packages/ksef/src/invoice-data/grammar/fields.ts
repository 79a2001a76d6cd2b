/** The kinds of parts a form is made of. */
import * as z from 'zod'
import type { Choices } from './choices.ts'
import {
  body,
  type Part,
  type Reader,
  readShape,
  readWhole,
  type Shape,
  type Value,
  writeShape,
} from './part.ts'
import { withAttributes, type XmlElement, xmlElement } from './xml-element.ts'

type Optional<Schema extends z.ZodType> = z.ZodExactOptional<Schema>

/** Says of a field what it is, and which elements it becomes. */
const described = <Schema extends z.ZodType>(
  schema: Schema,
  says: string,
  names: readonly string[],
): Schema => schema.meta({ description: `${says} (${names.join(', ')})` })

const write = <Schema extends z.ZodType>(
  name: string,
  value: Value<Schema>,
  given: { data: z.output<Schema>; pointer: string },
): XmlElement =>
  withAttributes(
    xmlElement(name, value.write(given.data, given.pointer), given.pointer),
    value.attributes?.(given.data),
  )

const readOne = (name: string, value: Value, from: Reader): unknown => {
  const [element] = from.take(name)
  return element === undefined ? undefined : value.read(element)
}

/** One element that must be there. */
export const must = <Schema extends z.ZodType>(
  name: string,
  value: Value<Schema>,
  says: string,
): Part<Schema> => ({
  schema: described(value.schema, says, [name]),
  inside: [],
  elements: [{ name, shape: value.shape }],
  write: (data, pointer) => (data === undefined ? [] : [write(name, value, { data, pointer })]),
  read: (from) => readOne(name, value, from),
})

/** One element that may be missing. */
export const may = <Schema extends z.ZodType>(
  name: string,
  value: Value<Schema>,
  says: string,
): Part<Optional<Schema>> => ({
  ...must(name, value, says),
  schema: described(value.schema, says, [name]).exactOptional(),
  write: (data, pointer) =>
    data === undefined ? [] : [write(name, value, { data: data as z.output<Schema>, pointer })],
})

/** One element that is always written: `otherwise` stands in it when the data says nothing. */
export const always = <Schema extends z.ZodType>(
  name: string,
  value: Value<Schema>,
  { otherwise, says }: { otherwise: z.output<Schema>; says: string },
): Part<Optional<Schema>> => ({
  ...may(name, value, says),
  write: (data, pointer) => [write(name, value, { data: (data ?? otherwise) as z.output<Schema>, pointer })],
})

/** An element for each entry of a list. */
export const many = <Schema extends z.ZodType>(
  name: string,
  value: Value<Schema>,
  { max, says }: { max: number; says: string },
): Part<Optional<z.ZodArray<Schema>>> => ({
  schema: described(z.array(value.schema).max(max), says, [name]).exactOptional(),
  inside: [],
  elements: [{ name, shape: value.shape }],
  write: (list, pointer) =>
    (list ?? []).map((data, index) => write(name, value, { data, pointer: `${pointer}/${index}` })),
  read(from) {
    const found = from.take(name)
    return found.length === 0 ? undefined : found.map((element) => value.read(element))
  },
})

/** `1` when true, else no element at all. */
export const flag = (name: string, says: string): Part<Optional<z.ZodBoolean>> => ({
  schema: described(z.boolean(), says, [name]).exactOptional(),
  inside: [],
  elements: [{ name, shape: null }],
  write: (data, pointer) => (data === true ? [xmlElement(name, '1', pointer)] : []),
  read: (from) => (from.take(name).length > 0 ? true : undefined),
})

const isYes = (element: XmlElement | undefined): true | undefined =>
  typeof element?.content === 'string' && element.content.trim() === '1' ? true : undefined

/** `1` when true, else `2`. */
export const yesNo = (name: string, says: string): Part<Optional<z.ZodBoolean>> => ({
  ...flag(name, says),
  write: (data, pointer) => [xmlElement(name, data === true ? '1' : '2', pointer)],
  read: (from) => isYes(from.take(name)[0]),
})

/** An object whose elements stand among those of the object around it. */
export const inline = <S extends Shape>(
  shape: S,
  says: string,
  choices?: Choices,
): Part<Optional<ReturnType<typeof body<S>>['schema']>> => ({
  schema: body(shape, choices).schema.meta({ description: says }).exactOptional(),
  inside: [],
  elements: Object.values(shape).flatMap(({ elements }) => elements),
  write: (data, pointer) => (data === undefined ? [] : writeShape(shape, data, pointer)),
  read(from) {
    const data = readShape(shape, from)
    return Object.keys(data).length === 0 ? undefined : data
  },
})

/** Fields that stand in an element of their own, and in the object around it. */
export function within<S extends Shape>(name: string, shape: S): S {
  const inner: Shape = Object.fromEntries(
    Object.entries(shape).map(([field, part]) => [field, { ...part, inside: [name, ...part.inside] }]),
  )
  // Each part keeps its type; only its surroundings grow.
  return inner as S
}

/** A value that needs a mark before it: `mark` is 1, then the value in `name`. */
export const marked = <Schema extends z.ZodType>(
  [mark, name]: readonly [mark: string, name: string],
  value: Value<Schema>,
  { says, unmarked }: { says: string; unmarked?: string },
): Part<Optional<Schema>> => {
  const plain = may(name, value, says)
  return {
    ...plain,
    schema: described(value.schema, says, [mark, name]).exactOptional(),
    elements: [mark, name, ...(unmarked === undefined ? [] : [unmarked])].map((each) => ({
      name: each,
      shape: each === name ? value.shape : null,
    })),
    write(data, pointer) {
      if (data !== undefined) return [xmlElement(mark, '1', pointer), ...plain.write(data, pointer)]
      return unmarked === undefined ? [] : [xmlElement(unmarked, '1', pointer)]
    },
    read(from) {
      from.take(mark)
      if (unmarked !== undefined) from.take(unmarked)
      return plain.read(from)
    },
  }
}

/** An element that is always there and says, by a mark, that there is nothing: `none` is 1; else `some` is 1, then the value. */
export const orNone = <S extends Shape>(
  name: string,
  { none, some }: { none: string; some: string },
  { shape, choices, says }: { shape: S; choices?: Choices; says: string },
): Part<Optional<ReturnType<typeof body<S>>['schema']>> => ({
  schema: described(body(shape, choices).schema, says, [name]).exactOptional(),
  inside: [],
  elements: [{ name, shape: { [some]: flag(some, ''), ...shape, [none]: flag(none, '') } }],
  write(data, pointer) {
    const content =
      data === undefined
        ? [xmlElement(none, '1', pointer)]
        : [xmlElement(some, '1', pointer), ...writeShape(shape, data, pointer)]
    return [xmlElement(name, content, pointer)]
  },
  read(from) {
    const [element] = from.take(name)
    if (element === undefined) return undefined
    const {
      [none]: isNone,
      [some]: _,
      ...data
    } = readWhole({ [none]: flag(none, ''), [some]: flag(some, ''), ...shape }, element)
    return isNone === true ? undefined : data
  },
})

/** One of several marks that exclude each other: the one named is 1. */
export const oneMark = <const Marks extends Readonly<Record<string, string>>>(
  marks: Marks,
  says: string,
): Part<Optional<z.ZodEnum<{ [Name in keyof Marks & string]: Name }>>> => ({
  schema: described(
    z.enum(Object.keys(marks) as (keyof Marks & string)[]) as z.ZodEnum<{
      [Name in keyof Marks & string]: Name
    }>,
    says,
    Object.values(marks),
  ).exactOptional(),
  inside: [],
  elements: Object.values(marks).map((name) => ({ name, shape: null })),
  write(data, pointer) {
    const name = data === undefined ? undefined : marks[data]
    return name === undefined ? [] : [xmlElement(name, '1', pointer)]
  },
  read: (from) => Object.entries(marks).find(([, name]) => from.take(name).length > 0)?.[0],
})

/** A field of the data alone: other fields are worked out from it, and it stands in no element. */
export const only = <Schema extends z.ZodType>(schema: Schema, says: string): Part<Optional<Schema>> => ({
  schema: schema.meta({ description: says }).exactOptional(),
  inside: [],
  elements: [],
  write: () => [],
  read: () => undefined,
})
