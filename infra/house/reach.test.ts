import { expect, test } from 'vitest'
import { everySourceIsReached } from './reach.ts'
import { plant } from './tree.ts'

const places = (files: Record<string, string>) => everySourceIsReached(plant(files)).map(({ place }) => place)
const manifest = {
  'apps/api/package.json': '{"exports":{".":"./src/index.ts"},"scripts":{"build":"node build/copy.ts"}}',
}

test('files that an entry leads to are silent, and one that nothing leads to is found', () => {
  const files = {
    ...manifest,
    'apps/api/src/index.ts': "export * from './a.ts'",
    'apps/api/src/a.ts':
      "import type { B } from './b.ts'\nnew Worker(new URL('./thread.ts', import.meta.url))",
    'apps/api/src/b.ts': '',
    'apps/api/src/thread.ts': '',
    'apps/api/build/copy.ts': '',
    'apps/api/src/dead.ts': "import './a.ts'",
  }
  expect(places(files)).toEqual(['apps/api/src/dead.ts'])
})

test('a product file that only a test uses is found', () => {
  const files = { 'apps/api/src/a.ts': '', 'apps/api/src/a.test.ts': "import './a.ts'" }
  expect(places(files)).toEqual(['apps/api/src/a.ts'])
})

test('a test fixture is reached from tests, and one that none uses is found', () => {
  const files = {
    'apps/api/test/a.test.ts': "import './used.ts'",
    'apps/api/test/used.ts': '',
    'apps/api/test/left.ts': '',
  }
  expect(places(files)).toEqual(['apps/api/test/left.ts'])
})

test('what the Dockerfile starts is an entry', () => {
  expect(
    places({ 'infra/Dockerfile': 'CMD ["node", "apps/api/src/main.ts"]', 'apps/api/src/main.ts': '' }),
  ).toEqual([])
})
