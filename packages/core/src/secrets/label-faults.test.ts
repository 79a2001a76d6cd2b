import { expect, test } from 'vitest'
import { labelFaults } from './label-faults.ts'
import type { SecretStage, StoredVersion } from './secret-store.ts'

const stored = (mark: string | null, ...stages: SecretStage[]): StoredVersion => ({
  version: `${mark}`,
  mark,
  stages,
})
const ONE = stored('fleet-v1-token-aa', 'current')

test.each([
  ['no version at all', [], []],
  ['one current version', [ONE], []],
  ['its own number pending already', [ONE, stored('fleet-v2-key-bb', 'pending')], []],
  ['a first version that is pending', [stored('fleet-v2-key-bb', 'pending')], []],
  [
    'a pending version of another number',
    [ONE, stored('fleet-v3-token-cc', 'pending')],
    ['pending-left-behind'],
  ],
  ['a current version that kept its pending label', [stored('fleet-v1-token-aa', 'pending', 'current')], []],
  ['versions and none current', [stored('fleet-v1-token-aa', 'previous')], ['no-current']],
  ['a version somebody else wrote', [stored(null, 'current'), ONE], ['foreign-version']],
] as const)('beside version 2, %s makes the alarms %j', (_, versions, faults) => {
  expect(labelFaults(versions, 2)).toEqual(faults)
})
