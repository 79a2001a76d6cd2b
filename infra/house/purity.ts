import { child, children, isMember, nameOf, parse, type SyntaxNode, walk } from './syntax.ts'
import { type Finding, isTest, lineOf, sources, type Tree } from './tree.ts'

/** The environment is read once per app, by its config.ts. Tests, infra and journeys stand outside the product. */
export function environmentInConfigOnly(tree: Tree): Finding[] {
  const product = sources(tree).filter(
    ([path]) => /^(apps|packages\/(?!journeys))/.test(path) && !isTest(path),
  )
  return product
    .filter(([path]) => !/\/config\.ts$|\.config\.ts$/.test(path))
    .flatMap(([path, text]) =>
      nodes({ path, text }, (node) => isMember(node, 'process', 'env')).map((place) => ({
        place,
        says: 'reads process.env',
        instead: 'take the value from the config that the app passes in',
      })),
    )
}

/** The core has no clock and no chance of its own: a test decides what time it is. */
export function coreWithoutClock(tree: Tree): Finding[] {
  const core = sources(tree).filter(([path]) => path.startsWith('packages/core/src/') && !isTest(path))
  return core.flatMap(([path, text]) =>
    nodes({ path, text }, isClockOrChance).map((place) => ({
      place,
      says: 'asks the clock or chance',
      instead: 'take now, or a source of random bytes, as an argument',
    })),
  )
}

const CHANCE = ['randomUUID', 'randomBytes', 'randomInt', 'getRandomValues']

function isClockOrChance(node: SyntaxNode): boolean {
  if (
    isMember(node, 'Date', 'now') ||
    isMember(node, 'Math', 'random') ||
    isMember(node, 'performance', 'now')
  )
    return true
  const isNew = node.type === 'NewExpression'
  const called = child(node, 'callee')
  const isDate = nameOf(called) === 'Date'
  if (isNew && isDate) return children(node, 'arguments').length === 0
  if (node.type !== 'CallExpression') return false
  // A call of an argument or field of that name is what the rule asks for; only the global and Node's own are refused.
  return isDate || CHANCE.some((name) => called !== undefined && isMember(called, 'crypto', name))
}

/** Importing chance from node:crypto is asking it. */
export function coreImportsNoChance(tree: Tree): Finding[] {
  const core = sources(tree).filter(([path]) => path.startsWith('packages/core/src/') && !isTest(path))
  return core.flatMap(([path, text]) =>
    nodes({ path, text }, importsChance).map((place) => ({
      place,
      says: 'imports a source of chance',
      instead: 'take a source of random bytes as an argument',
    })),
  )
}

function importsChance(node: SyntaxNode): boolean {
  return node.type === 'ImportSpecifier' && CHANCE.includes(nameOf(child(node, 'imported')) ?? '')
}

function nodes({ path, text }: { path: string; text: string }, is: (node: SyntaxNode) => boolean): string[] {
  return [...walk(parse(path, text))].filter(is).map((node) => `${path}:${lineOf(text, node.start)}`)
}
