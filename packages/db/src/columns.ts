/** Kinds of columns and conditions that `tables.ts` repeats. */

import type { KsefEnvironment } from '@ksef-fleet/core'
import { type SQL, sql } from 'drizzle-orm'
import { customType, type PgColumn, text, timestamp } from 'drizzle-orm/pg-core'

export const bytea = customType<{ data: Uint8Array; driverData: Uint8Array }>({ dataType: () => 'bytea' })

/** A moment, `timestamptz`; read and written as `Date`. */
export const moment = (name: string) => timestamp(name, { withTimezone: true, mode: 'date' })

/** For a check constraint, which takes no parameters. */
export const oneOf = (column: PgColumn, values: readonly string[]): SQL =>
  sql`${column} in (${sql.raw(values.map((value) => `'${value}'`).join(', '))})`

export const environmentColumn = () => text('environment').$type<KsefEnvironment>().notNull()

// Written out, because migrations freeze them anyway; a test holds them against the lists of packages/core.
export const ENVIRONMENTS = ['test', 'demo', 'production']
export const INTEGRATION_STATES = ['pending', 'active', 'failed', 'revoked']
export const SESSION_STATES = ['opening', 'open', 'closing', 'closed', 'settled', 'abandoned']
export const SUBMISSION_STATES = [
  ...['pending', 'claimed', 'sent', 'lost'],
  ...['registered', 'receipted', 'rejected', 'held'],
]
export const CREDENTIAL_STATES = ['active', 'ending', 'ended']
export const VERSION_STATES = [
  ...['requested', 'staged', 'proved', 'active'],
  ...['retiring', 'drained', 'revoked', 'erased', 'failed'],
]
export const KSEF_SCOPES = ['InvoiceRead', 'InvoiceWrite']
export const API_KEY_ROLES = ['administrator', 'operator', 'company']
