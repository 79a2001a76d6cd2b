import { describe, expect, test } from 'vitest'
import { coreImportsNoChance, coreWithoutClock, environmentInConfigOnly } from './purity.ts'
import { plant } from './tree.ts'

describe('the environment', () => {
  test.each(['process.env.PORT', "process['env']", 'const { env } = { env: process.env }'])(
    '%s outside config.ts is found',
    (line) => {
      expect(environmentInConfigOnly(plant({ 'apps/api/src/main.ts': `\n${line}` }))[0]?.place).toBe(
        'apps/api/src/main.ts:2',
      )
    },
  )

  test.each([
    'apps/api/src/config.ts',
    'apps/api/test/a.test.ts',
    'infra/tasks/a.ts',
    'packages/journeys/src/a.ts',
  ])('may be read by %s', (path) => {
    expect(environmentInConfigOnly(plant({ [path]: 'process.env.PORT' }))).toEqual([])
  })

  test('a comment that mentions it is no reading', () => {
    expect(environmentInConfigOnly(plant({ 'apps/api/src/main.ts': '// process.env.PORT' }))).toEqual([])
  })
})

describe('the core', () => {
  test.each([
    'Date.now()',
    'new Date()',
    'Date()',
    'Math.random()',
    'performance.now()',
    'crypto.randomUUID()',
    'const now = Date.now',
  ])('may not write %s', (line) => {
    expect(coreWithoutClock(plant({ 'packages/core/src/a.ts': line }))).toHaveLength(1)
  })

  test.each(["new Date('2026-11-22')", 'new Date(0)', 'context.now()', 'context.randomBytes(32)'])(
    'may write %s',
    (line) => {
      expect(coreWithoutClock(plant({ 'packages/core/src/a.ts': line }))).toEqual([])
    },
  )

  test('other packages may ask the clock', () => {
    expect(coreWithoutClock(plant({ 'packages/ksef/src/a.ts': 'Date.now()' }))).toEqual([])
  })

  test('may not import chance', () => {
    const tree = plant({ 'packages/core/src/a.ts': "import { createHash, randomBytes } from 'node:crypto'" })
    expect(coreImportsNoChance(tree)).toHaveLength(1)
  })
})
