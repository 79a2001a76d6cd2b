import { createLogger } from '@ksef-fleet/core'
import { expect, test } from 'vitest'
import { type Again, startLoop } from './loop.ts'

const HOUR_MS = 3_600_000
const log = createLogger({ service: 'test', level: 'silent' })

/** Resolves when a step has said the last of these. */
async function stepsUntil(answers: readonly Again[], pauseMs: number): Promise<void> {
  const said = Promise.withResolvers<void>()
  const left = [...answers]
  const loop = startLoop({
    name: 'test',
    pauseMs,
    log,
    step: async () => {
      const again = left.shift()
      if (left.length === 0) said.resolve()
      return again ?? false
    },
  })
  await said.promise
  await loop.stop()
}

test('a step that is to be repeated at once, or sooner than the pause, does not wait for the pause', async () => {
  await expect(stepsUntil([true, { inMs: 1 }, true, false], HOUR_MS)).resolves.toBeUndefined()
})

test('a step never waits longer than the pause, whatever it says', async () => {
  await expect(stepsUntil([{ inMs: HOUR_MS }, false, false], 1)).resolves.toBeUndefined()
})
