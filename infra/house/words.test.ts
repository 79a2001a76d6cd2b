import { expect, test } from 'vitest'
import { plant } from './tree.ts'
import { words } from './words.ts'

const places = (path: string, text: string) => words(plant({ [path]: text })).map(({ place }) => place)

test.each([
  ['apps/api/src/a.ts', 'x\n// TODO later'],
  ['apps/api/src/a.ts', "x\nthrow new Error('not implemented')"],
  ['apps/api/src/a.test.ts', "x\ntest.only('a', () => {})"],
  ['apps/api/src/a.ts', 'x\nconst a = b as unknown as C'],
  ['apps/api/src/a.ts', 'x\n// @ts-ignore'],
  ['pnpm-lock.yaml', 'x\ntarball: https://registry.example.org/a/-/a.tgz'],
  ['docs/a.md', 'x\nsee /home/me/notes.md'],
])('%s: %j is found with its line', (path, text) => {
  expect(places(path, text)).toEqual([`${path}:2`])
})

test.each([
  ['docs/a.md', 'The word TODO in prose about the rule'],
  ['apps/api/src/a.ts', 'const workspace = "/workspace/shared"'],
  ['apps/api/src/a.ts', 'const only = test'],
])('%s: %j is no finding', (path, text) => {
  expect(places(path, text)).toEqual([])
})
