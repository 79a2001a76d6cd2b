import { dirname, normalize } from 'node:path/posix'
import { child, literal, parse, walk } from './syntax.ts'
import { lineOf, sources, type Tree } from './tree.ts'

export type Import = {
  /** The importing file. */
  from: string
  line: number
  /** As written; undefined where it is computed at run time. */
  specifier: string | undefined
}

const DECLARATIONS = new Set(['ImportDeclaration', 'ExportNamedDeclaration', 'ExportAllDeclaration'])
const EXPRESSIONS = new Set(['ImportExpression', 'TSImportType'])

/** Every import of every source file: static, re-exported, dynamic, of types only. */
export function importsOf(tree: Tree): Import[] {
  return sources(tree).flatMap(([from, text]) => {
    const found: Import[] = []
    for (const node of walk(parse(from, text))) {
      const source = child(node, 'source')
      if (DECLARATIONS.has(node.type) && source === undefined) continue
      if (DECLARATIONS.has(node.type) || EXPRESSIONS.has(node.type)) {
        found.push({ from, line: lineOf(text, node.start), specifier: literal(source) })
      }
    }
    return found
  })
}

/** The file a relative specifier names; undefined for packages. */
export function relativeTarget({ from, specifier }: Import): string | undefined {
  if (specifier === undefined || !specifier.startsWith('.')) return undefined
  return normalize(`${dirname(from)}/${specifier}`)
}

/** `@scope/name` or `name` of a bare specifier; undefined for relative ones and Node's own. */
export function packageName(specifier: string | undefined): string | undefined {
  if (specifier === undefined || /^(\.|node:|\/)/.test(specifier)) return undefined
  return specifier
    .split('/')
    .slice(0, specifier.startsWith('@') ? 2 : 1)
    .join('/')
}
