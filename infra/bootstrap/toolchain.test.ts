import { expect, test } from 'vitest'
import { isNodeGoodEnough } from './toolchain.mjs'

test.each(['24.11.0', '24.21.3'])('Node %s runs the tasks itself', (version) => {
  expect(isNodeGoodEnough(version)).toBe(true)
})

test.each(['18.0.0', '20.20.2', '22.18.0', '24.10.0', '25.1.0'])(
  'for Node %s another one is fetched',
  (version) => {
    expect(isNodeGoodEnough(version)).toBe(false)
  },
)
