import { expect, test } from 'vitest'
import { refusalOfServer } from './server-version.ts'

test.each([150_014, 150_020, 160_010, 170_006, 170_010, 180_000, 190_001])(
  'server %i is accepted',
  (version) => {
    expect(refusalOfServer(version)).toBeNull()
  },
)

test.each([90_624, 140_019, 150_013, 160_009, 170_005])(
  'server %i is refused with the version it needs',
  (version) => {
    expect(refusalOfServer(version)).toMatch(/or later is needed$/)
  },
)
