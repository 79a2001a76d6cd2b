import { type Import, importsOf, packageName, relativeTarget } from './imports.ts'
import { type Finding, isTest, packageOf, type Tree } from './tree.ts'

const SCOPE = '@ksef-fleet/'

/** Which of our packages each may import. `everything` is for what stands outside the product. */
const ARROWS: Record<string, readonly string[] | 'everything'> = {
  'apps/api': ['core', 'db', 'ksef'],
  'apps/worker': ['core', 'db', 'ksef'],
  'packages/core': ['ksef'],
  'packages/db': ['core'],
  'packages/ksef': [],
  'packages/simulator': [],
  'packages/journeys': 'everything',
  infra: 'everything',
}

/** Tests may also start what stands outside; but the two sides of the wire share no code even there. */
const TESTS_MAY: Record<string, readonly string[]> = {
  'apps/api': ['simulator', 'infra'],
  'apps/worker': ['simulator', 'infra'],
  'packages/core': ['simulator', 'infra', 'db'],
  'packages/db': ['infra', 'ksef'],
  'packages/ksef': ['infra'],
  'packages/simulator': ['infra'],
}

/** Arrows between packages, as imported and as declared in package.json; nothing crosses a package by a path. */
export function importArrows(tree: Tree): Finding[] {
  const imports = importsOf(tree)
  const ours = imports.filter(({ specifier }) => specifier?.startsWith(SCOPE))
  if (ours.length === 0) {
    return [
      {
        place: '.',
        says: 'no import between our packages was found',
        instead: 'repair the check: it reads nothing',
      },
    ]
  }
  return [...imports.flatMap((one) => ofImport(tree, one)), ...declarations(tree)]
}

function ofImport(tree: Tree, one: Import): Finding[] {
  const place = `${one.from}:${one.line}`
  const home = packageOf(one.from)
  if (home === undefined) return []
  if (one.specifier === undefined) return computed(place, home)
  const target = relativeTarget(one)
  if (target !== undefined) return relative(tree, { place, home, target })
  const name = packageName(one.specifier)
  if (name === undefined) return []
  return [
    ...arrow({ place, home, name, test: isTest(one.from) }),
    ...declared(tree, { place, home, name, from: one.from }),
  ]
}

function computed(place: string, home: string): Finding[] {
  if (home === 'infra') return [] // finds platform packages by name
  return [
    { place, says: 'imports a computed name', instead: 'write the name, so that the arrows can be checked' },
  ]
}

function relative(tree: Tree, at: { place: string; home: string; target: string }): Finding[] {
  if (packageOf(at.target) !== at.home) {
    return [
      {
        place: at.place,
        says: `reaches into ${at.target} by a path`,
        instead: `import the package by its ${SCOPE} name`,
      },
    ]
  }
  if (tree.has(at.target)) return []
  return [
    {
      place: at.place,
      says: `imports ${at.target}, which is not in the repository`,
      instead: 'add the file or correct the path',
    },
  ]
}

function arrow(at: { place: string; home: string; name: string; test: boolean }): Finding[] {
  if (!at.name.startsWith(SCOPE)) return []
  const allowed = ARROWS[at.home]
  if (allowed === undefined) {
    return [{ place: at.place, says: `${at.home} has no arrows`, instead: 'give it a row in ARROWS' }]
  }
  const target = at.name.slice(SCOPE.length)
  const may = [...(allowed === 'everything' ? [] : allowed), ...(at.test ? (TESTS_MAY[at.home] ?? []) : [])]
  if ((allowed === 'everything' && target !== 'journeys') || may.includes(target)) return []
  return [
    {
      place: at.place,
      says: `${at.home} imports ${at.name}`,
      instead: `it may import ${may.map((one) => SCOPE + one).join(', ') || 'none of our packages'}; move the code or pass it in`,
    },
  ]
}

function declared(tree: Tree, at: { place: string; home: string; name: string; from: string }): Finding[] {
  const outsideProduct = isTest(at.from) || /\/(build|scripts)\/|\.config\.ts$/.test(at.from)
  const own = manifest(tree, `${at.home}/package.json`)
  const everywhere = manifest(tree, 'package.json')
  const found = [
    own.dependencies,
    ...(outsideProduct ? [own.devDependencies, everywhere.devDependencies] : []),
  ]
  if (at.home === 'infra') found.push(own.devDependencies, everywhere.devDependencies)
  if (found.some((names) => names.includes(at.name)) || at.name === own.name) return []
  const field = outsideProduct ? 'devDependencies' : 'dependencies'
  return [
    {
      place: at.place,
      says: `uses ${at.name} undeclared`,
      instead: `add it to ${field} of ${at.home}/package.json`,
    },
  ]
}

function declarations(tree: Tree): Finding[] {
  return Object.keys(ARROWS).flatMap((home) => {
    const place = `${home}/package.json`
    const { dependencies, devDependencies } = manifest(tree, place)
    return [
      ...dependencies.flatMap((name) => arrow({ place, home, name, test: false })),
      ...devDependencies.flatMap((name) => arrow({ place, home, name, test: true })),
    ]
  })
}

type Manifest = { name: string; dependencies: string[]; devDependencies: string[] }

function manifest(tree: Tree, path: string): Manifest {
  const json: unknown = JSON.parse(tree.get(path) ?? '{}')
  const read = (field: string): unknown =>
    json !== null && typeof json === 'object' ? Reflect.get(json, field) : undefined
  const names = (field: string): string[] => Object.keys(read(field) ?? {})
  return {
    name: String(read('name')),
    dependencies: names('dependencies'),
    devDependencies: names('devDependencies'),
  }
}
