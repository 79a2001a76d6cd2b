import * as core from '@ksef-fleet/core'
import { expect, test } from 'vitest'
import * as columns from './columns.ts'

test('the states that the tables allow are those of packages/core', () => {
  expect(columns.SUBMISSION_STATES).toEqual(core.SUBMISSION_STATES)
  expect(columns.SESSION_STATES).toEqual(core.SESSION_STATES)
  expect(columns.SESSION_KINDS).toEqual(core.SESSION_KINDS)
  expect(columns.COMPRESSIONS).toEqual(core.COMPRESSIONS)
  expect(columns.DELIVERIES).toEqual(core.DELIVERIES)
  expect(columns.OFFLINE_MODES).toEqual(core.OFFLINE_MODES)
  expect(columns.OFFLINE_CHOICES).toEqual(core.OFFLINE_CHOICES)
  expect(columns.INVOICING_MODES).toEqual(core.INVOICING_MODES)
  expect(columns.ALARM_STAGES).toEqual(core.ALARM_STAGES)
  expect(columns.OUTAGE_KINDS).toEqual(core.OUTAGE_KINDS)
  expect(columns.OUTAGE_SOURCES).toEqual(core.OUTAGE_SOURCES)
  expect(columns.CREDENTIAL_KINDS).toEqual(core.CREDENTIAL_KINDS)
  expect(columns.BATCH_SOURCES).toEqual(core.BATCH_SOURCES)
  expect(columns.INTEGRATION_STATES).toEqual(core.INTEGRATION_STATES)
  expect(columns.CREDENTIAL_STATES).toEqual(core.CREDENTIAL_STATES)
  expect(columns.VERSION_STATES).toEqual(core.VERSION_STATES)
  expect(columns.KSEF_SCOPES).toEqual(core.KSEF_SCOPES)
  expect(columns.API_KEY_ROLES).toEqual(core.API_KEY_ROLES)
  expect(columns.DOCUMENT_DIRECTIONS).toEqual(core.DOCUMENT_DIRECTIONS)
  expect(columns.DOCUMENT_FLAGS).toEqual(core.DOCUMENT_FLAGS)
  expect(columns.ENVIRONMENTS).toEqual(core.KsefEnvironment.options)
})
