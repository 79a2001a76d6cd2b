import { dirname, normalize } from 'node:path/posix'
import { importsOf, relativeTarget } from './imports.ts'
import { type Finding, isTest, sources, type Tree } from './tree.ts'

/** Files that start something name their programs as paths: an entry is whatever source path they write. */
const STARTERS = /(^|\/)(package\.json|Dockerfile|docker-compose\.yml|vitest\.config\.ts|bootstrap\.mjs)$/
const PATH = /[\w@./-]+\.(?:ts|mjs)\b/g

/** No source file that nothing leads to: dead code, or an entry nobody starts. */
export function everySourceIsReached(tree: Tree): Finding[] {
  const entries = [...tree.keys()].filter((path) => /\.config\.ts$/.test(path))
  for (const [path, text] of tree) if (STARTERS.test(path)) entries.push(...pathsIn(path, text))
  const reached = follow(tree, entries)
  const fromTests = follow(tree, [
    ...reached,
    ...[...tree.keys()].filter((path) => path.endsWith('.test.ts')),
  ])
  return sources(tree)
    .filter(([path]) => !(isTest(path) ? fromTests : reached).has(path))
    .map(([place]) => ({
      place,
      says: isTest(place) ? 'is used by no test' : 'is reached from no entry point',
      instead: 'remove it, or start it from package.json, the bootstrap or the Dockerfile',
    }))
}

function follow(tree: Tree, entries: readonly string[]): Set<string> {
  const next = Map.groupBy(importsOf(tree), ({ from }) => from)
  const reached = new Set<string>()
  const waiting = [...entries]
  for (let path = waiting.pop(); path !== undefined; path = waiting.pop()) {
    if (reached.has(path) || !tree.has(path)) continue
    reached.add(path)
    for (const one of next.get(path) ?? []) {
      const target = relativeTarget(one)
      if (target !== undefined) waiting.push(target)
    }
    waiting.push(...namedByUrl(path, tree.get(path) ?? ''))
  }
  return reached
}

/** Worker threads and preloaded modules are named by `new URL('./x.ts', import.meta.url)` or by a joined file name. */
function namedByUrl(path: string, text: string): string[] {
  if (!/import\.meta\./.test(text)) return []
  return [...text.matchAll(/'([\w./-]+\.(?:ts|mjs))'/g)].map((match) =>
    normalize(`${dirname(path)}/${match[1] ?? ''}`),
  )
}

function pathsIn(path: string, text: string): string[] {
  return [...text.matchAll(PATH)].flatMap(([written]) => [
    normalize(`${dirname(path)}/${written}`),
    normalize(written),
  ])
}
