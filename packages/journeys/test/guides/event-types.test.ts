import { EVENT_TYPES } from '@ksef-fleet/core'
import { expect, test } from 'vitest'
import { readGuide } from './guide.ts'

test('the guide to webhooks lists every type of event with its meaning, and no other', () => {
  const rows = readGuide('consuming-webhooks.md').matchAll(/^\| `(\w+\.\w+)` \| (.+) \|$/gm)
  const listed = [...rows].map(([, type = '', means = '']) => [type, means])
  expect(listed).toEqual(Object.entries(EVENT_TYPES).map(([type, { means }]) => [type, means]))
})
