import * as core from '@ksef-fleet/core'
import { expect, test } from 'vitest'
import * as columns from './columns.ts'

test('the states that the tables allow are those of packages/core', () => {
  expect(columns.SUBMISSION_STATES).toEqual(core.SUBMISSION_STATES)
  expect(columns.SESSION_STATES).toEqual(core.SESSION_STATES)
  expect(columns.INTEGRATION_STATES).toEqual(core.INTEGRATION_STATES)
  expect(columns.CREDENTIAL_STATES).toEqual(core.CREDENTIAL_STATES)
  expect(columns.VERSION_STATES).toEqual(core.VERSION_STATES)
  expect(columns.KSEF_SCOPES).toEqual(core.KSEF_SCOPES)
  expect(columns.API_KEY_ROLES).toEqual(core.API_KEY_ROLES)
  expect(columns.ENVIRONMENTS).toEqual(core.KsefEnvironment.options)
})
