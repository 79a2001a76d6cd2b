import { expect, test } from 'vitest'
import { sizes } from './sizes.ts'
import { plant } from './tree.ts'

const lines = (count: number) => 'x\n'.repeat(count)

test('a file of 400 lines passes and one of 401 does not', () => {
  const short = Object.fromEntries(Array.from({ length: 9 }, (_, i) => [`infra/a${i}.ts`, lines(10)]))
  expect(sizes(plant({ ...short, 'infra/long.test.ts': lines(400) }))).toEqual([])
  expect(sizes(plant({ ...short, 'infra/long.test.ts': lines(401) }))[0]?.says).toBe('has 401 lines')
})

test('a tree whose typical file is long is found although no single file is', () => {
  const found = sizes(plant({ 'infra/a.ts': lines(150), 'infra/b.ts': lines(150), 'infra/c.ts': lines(150) }))
  expect(found.map(({ says }) => says)).toEqual(['50 % of the source files reach 150 lines'])
})
