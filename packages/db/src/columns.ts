/** Kinds of columns and conditions that `tables.ts` repeats. */

import type { KsefEnvironment } from '@ksef-fleet/core'
import { type SQL, sql } from 'drizzle-orm'
import { customType, type PgColumn, text, timestamp } from 'drizzle-orm/pg-core'

export const bytea = customType<{ data: Uint8Array; driverData: Uint8Array }>({ dataType: () => 'bytea' })

/** Lexemes, made by `array_to_tsvector`; never read back. */
export const tsvector = customType<{ data: string; driverData: string }>({ dataType: () => 'tsvector' })

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
export const SESSION_KINDS = ['online', 'batch']
export const COMPRESSIONS = ['TarGz', 'Zip']
export const DELIVERIES = ['auto', 'immediate', 'batch']
export const OFFLINE_MODES = ['offline24', 'offline', 'awaria', 'totalFailure']
export const OFFLINE_CHOICES = ['caller', 'policy']
export const EXPORT_STATES = ['ordered', 'waiting', 'done', 'abandoned']
export const SUBJECT_TYPES = ['Subject1', 'Subject2', 'Subject3', 'SubjectAuthorized']
export const DOCUMENT_DIRECTIONS = ['outgoing', 'incoming']
export const DOCUMENT_FLAGS = ['unknown-form', 'unreadable', 'hash-differs', 'number-differs']
export const BATCH_SOURCES = ['zip', 'tar-gz', 'files', 'json-lines']
export const SUBMISSION_STATES = [
  ...['pending', 'claimed', 'packed', 'sent', 'lost'],
  ...['registered', 'receipted', 'rejected', 'held'],
]
export const CREDENTIAL_KINDS = ['certificate', 'token', 'offline-certificate']
export const OUTAGE_KINDS = ['unavailability', 'failure', 'totalFailure']
export const OUTAGE_SOURCES = ['lighthouse', 'administrator']
export const INVOICING_MODES = ['Online', 'Offline']
export const ALARM_STAGES = ['early', 'near', 'last', 'late']
export const CREDENTIAL_STATES = ['active', 'ending', 'ended']
export const VERSION_STATES = [
  ...['requested', 'staged', 'proved', 'active'],
  ...['retiring', 'drained', 'revoked', 'erased', 'failed'],
]
export const KSEF_SCOPES = ['InvoiceRead', 'InvoiceWrite']
export const API_KEY_ROLES = ['administrator', 'operator', 'company']
export const WEBHOOK_STATES = ['enabled', 'disabled', 'removed']
export const WEBHOOK_DELIVERY_STATES = ['pending', 'delivered', 'dead']
