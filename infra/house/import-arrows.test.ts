import { describe, expect, test } from 'vitest'
import { importArrows } from './import-arrows.ts'
import { plant } from './tree.ts'

const manifests = {
  'packages/core/package.json':
    '{"name":"@ksef-fleet/core","dependencies":{"@ksef-fleet/ksef":"*","zod":"*"}}',
  'packages/ksef/package.json': '{"name":"@ksef-fleet/ksef","devDependencies":{"dev-only":"*"}}',
  'packages/simulator/package.json':
    '{"name":"@ksef-fleet/simulator","dependencies":{"@ksef-fleet/ksef":"*"}}',
}
const good = { 'packages/core/src/a.ts': "import { x } from '@ksef-fleet/ksef'\nexport const a = x\n" }
const says = (files: Record<string, string>) =>
  importArrows(plant(files)).map(({ place, says }) => `${place} ${says}`)

test('an empty graph is a finding, so that a blind check cannot pass', () => {
  expect(says({ 'packages/core/src/a.ts': 'export const a = 1' })).toEqual([
    '. no import between our packages was found',
  ])
})

test('arrows that the design draws are silent', () => {
  expect(says({ ...good, 'packages/core/package.json': manifests['packages/core/package.json'] })).toEqual([])
})

describe.each([
  ['a static import', "import { y } from '@ksef-fleet/core'"],
  ['an import of types only', "import type { Y } from '@ksef-fleet/core'"],
  ['a re-export', "export * from '@ksef-fleet/core'"],
  ['a dynamic import', "await import('@ksef-fleet/core')"],
  ['a type written as an import', "export type Y = import('@ksef-fleet/core').Y"],
])('%s', (_kind, line) => {
  test('against the arrows is found', () => {
    const found = says({ ...good, ...manifests, 'packages/ksef/src/b.ts': line })
    expect(found).toContain('packages/ksef/src/b.ts:1 packages/ksef imports @ksef-fleet/core')
  })
})

test('nothing imports the journeys, not even infra', () => {
  const found = says({ ...good, ...manifests, 'infra/tasks/b.ts': "import '@ksef-fleet/journeys'" })
  expect(found).toContain('infra/tasks/b.ts:1 infra imports @ksef-fleet/journeys')
})

test('the simulator shares no code with the client, not even in its tests', () => {
  const found = says({
    ...good,
    ...manifests,
    'packages/simulator/test/b.test.ts': "import '@ksef-fleet/ksef'",
  })
  expect(found).toContain('packages/simulator/test/b.test.ts:1 packages/simulator imports @ksef-fleet/ksef')
})

test('a declared dependency against the arrows is found although nothing imports it yet', () => {
  expect(says({ ...good, ...manifests })).toContain(
    'packages/simulator/package.json packages/simulator imports @ksef-fleet/ksef',
  )
})

test('a path out of the package is found', () => {
  const found = says({ ...good, ...manifests, 'packages/ksef/src/b.ts': "import '../../core/src/a.ts'" })
  expect(found).toContain('packages/ksef/src/b.ts:1 reaches into packages/core/src/a.ts by a path')
})

test('a relative import of a file that is not there is found', () => {
  const found = says({ ...good, ...manifests, 'packages/ksef/src/b.ts': "import './gone.ts'" })
  expect(found).toContain(
    'packages/ksef/src/b.ts:1 imports packages/ksef/src/gone.ts, which is not in the repository',
  )
})

test('a computed import is found outside infra', () => {
  const found = says({ ...good, ...manifests, 'packages/ksef/src/b.ts': 'await import(name)' })
  expect(found).toContain('packages/ksef/src/b.ts:1 imports a computed name')
})

test('a package that is not declared, or only for development, is found in the product', () => {
  const found = says({
    ...good,
    ...manifests,
    'packages/ksef/src/b.ts': "import 'dev-only'\nimport 'undeclared/sub'",
  })
  expect(found).toContain('packages/ksef/src/b.ts:1 uses dev-only undeclared')
  expect(found).toContain('packages/ksef/src/b.ts:2 uses undeclared undeclared')
})
