import { child, children, literal, nameOf, parse, type SyntaxNode, walk } from './syntax.ts'
import { type Finding, lineOf, sources, type Tree } from './tree.ts'

const SETTINGS_PAGE = 'docs/operations.md'
const DECLARED_IN = /^(apps\/\w+|packages\/(db|ksef))\/src\/config\.ts$|^packages\/core\/src\/settings\.ts$/
const SETTING = /^[A-Z][A-Z0-9]*(_[A-Z0-9]+)*$/

/** docs/operations.md gives each setting a row of its table, and names none that no program reads. */
export function settingsAreDocumented(tree: Tree): Finding[] {
  const declared = settingsIn(tree)
  const page = tree.get(SETTINGS_PAGE)
  if (page === undefined) {
    return [{ place: SETTINGS_PAGE, says: 'is missing', instead: 'write it: one row for each setting' }]
  }
  if (declared.size === 0) {
    return [
      { place: '.', says: 'no setting was found', instead: 'repair the check: it looks in the wrong files' },
    ]
  }
  const rows = [...page.matchAll(/^\| `([A-Z][A-Z0-9_]*)` \|/gm)]
  const listed = new Map(rows.map((row) => [row[1] ?? '', lineOf(page, row.index)]))
  const missing = [...declared]
    .filter(([name]) => !listed.has(name))
    .map(([name, place]) => ({
      place,
      says: `${name} is not in the table of ${SETTINGS_PAGE}`,
      instead: 'give it a row there',
    }))
  const unknown = [...listed]
    .filter(([name]) => !declared.has(name))
    .map(([name, line]) => ({
      place: `${SETTINGS_PAGE}:${line}`,
      says: `${name} is read by no program`,
      instead: 'remove the row or correct its name',
    }))
  return [...missing, ...unknown]
}

/** Each setting, and where it is first read. */
function settingsIn(tree: Tree): Map<string, string> {
  const found = sources(tree)
    .filter(([path]) => DECLARED_IN.test(path))
    .flatMap(([path, text]) =>
      [...walk(parse(path, text))].flatMap((node) =>
        namedIn(node)
          .filter((name) => SETTING.test(name))
          .map((name) => [name, `${path}:${lineOf(text, node.start)}`] as const),
      ),
    )
  return new Map(found.toReversed())
}

/** Keys of a schema, `env.NAME`, and `required('NAME')`. */
function namedIn(node: SyntaxNode): string[] {
  const names = [
    node.type === 'Property' ? nameOf(child(node, 'key')) : undefined,
    node.type === 'MemberExpression' ? nameOf(child(node, 'property')) : undefined,
    ...(node.type === 'CallExpression' ? children(node, 'arguments').map(literal) : []),
  ]
  return names.filter((name) => name !== undefined)
}
