import { expect, test } from 'vitest'
import { keptOriginals } from './kept-originals.ts'

test('corrections of an upload keep all their originals while there is room, and the first alone after', () => {
  const kept = keptOriginals(32 + 2 * 4 + (32 + 2 * 4))
  expect(kept([])).toEqual([])
  expect(kept(['FV/1'])).toEqual(['FV/1'])
  expect(kept(['FV/2', 'FV/3'])).toEqual(['FV/2'])
  expect(kept(['FV/4'])).toEqual(['FV/4'])
  expect(kept(['FV/5', 'FV/6'])).toEqual(['FV/5'])
  expect(kept([])).toEqual([])
})
