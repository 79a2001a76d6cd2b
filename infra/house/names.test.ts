import { expect, test } from 'vitest'
import { names } from './names.ts'
import { plant } from './tree.ts'

test.each([
  'packages/core/src/utils.ts',
  'packages/core/src/helpers/dates.ts',
  'packages/core/src/types.ts',
  'packages/core/src/lib/a.ts',
  'apps/api/src/shared.test.ts',
  'packages/core/src/token-manager.ts',
  'packages/core/src/TokenManager.ts',
  'packages/core/src/crypto-service.ts',
  'packages/core/src/sendInvoice.ts',
])('%s is refused', (path) => {
  expect(names(plant({ [path]: '' }))[0]?.place).toBe(path)
})

test.each([
  'packages/core/src/secrets/ksef-secret-manager.ts',
  'packages/core/src/secrets/ksef-secret-manager.test.ts',
  'packages/ksef/src/fa3.ts',
  'packages/db/drizzle.config.ts',
])('%s is welcome', (path) => {
  expect(names(plant({ [path]: '' }))).toEqual([])
})
