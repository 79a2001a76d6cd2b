import { afterAll, expect } from 'vitest'

// Files of one worker share its globals: what one adds to every array or object breaks another, in whatever order they come.
afterAll(() => {
  const added: string[] = []
  for (const name in []) added.push(`Array.prototype.${name}`)
  for (const name in {}) added.push(`Object.prototype.${name}`)
  expect(added, 'left behind in what all files share').toEqual([])
})
