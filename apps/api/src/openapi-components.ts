/**
 * Puts the component schemas of the OpenAPI document in order. Every registered zod schema comes out twice, as input and
 * as output, most of them used in one of the two: what nothing refers to goes, and what is left has its plain name.
 */
import { isDeepStrictEqual } from 'node:util'
import { z } from 'zod'

const PREFIX = '#/components/schemas/'
const REFERENCE = /"#\/components\/schemas\/([A-Za-z0-9]+)"/g
const Parts = z.looseObject({
  paths: z.record(z.string(), z.unknown()),
  components: z.looseObject({ schemas: z.record(z.string(), z.unknown()) }),
})

/** The same document with only the components it needs, under their plain names. */
export function tidyComponents<Document extends object>(document: Document): Document {
  const { paths, components } = Parts.parse(document)
  const used = reachable(paths, components.schemas)
  const renamed = new Map([...used].map((name) => [name, plainName(name, used, components.schemas)]))
  const rename = (value: unknown): unknown =>
    JSON.parse(
      JSON.stringify(value).replace(
        REFERENCE,
        (_, name: string) => `"${PREFIX}${renamed.get(name) ?? name}"`,
      ),
    )
  const schemas = Object.fromEntries(
    [...used].sort().map((name) => [renamed.get(name) ?? name, rename(components.schemas[name])]),
  )
  return { ...document, paths: rename(paths), components: { ...components, schemas } }
}

function reachable(paths: unknown, schemas: Record<string, unknown>): Set<string> {
  const found = new Set<string>()
  const follow = (value: unknown): void => {
    for (const [, name] of JSON.stringify(value ?? null).matchAll(REFERENCE)) {
      if (name === undefined || found.has(name)) continue
      found.add(name)
      follow(schemas[name])
    }
  }
  follow(paths)
  return found
}

/** `XInput` is `X`, unless an output of that name is used too and looks different. */
function plainName(name: string, used: ReadonlySet<string>, schemas: Record<string, unknown>): string {
  const plain = name.replace(/Input$/, '')
  return used.has(plain) && !isDeepStrictEqual(schemas[plain], schemas[name]) ? name : plain
}
