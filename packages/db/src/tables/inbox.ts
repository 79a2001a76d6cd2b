/** What is received: how far, by which exports, of which stretches of time, and what is missing. */
import type * as core from '@ksef-fleet/core'
import { sql } from 'drizzle-orm'
import {
  bigint,
  boolean,
  check,
  doublePrecision,
  foreignKey,
  index,
  integer,
  jsonb,
  type PgColumn,
  pgTable,
  primaryKey,
  text,
  uniqueIndex,
  uuid,
} from 'drizzle-orm/pg-core'
import { COMPRESSIONS, EXPORT_STATES, moment, oneOf, SUBJECT_TYPES } from '../columns.ts'
import { ksefIntegrations } from './access.ts'
import { tenant } from './tenancy.ts'

const integration = () => uuid('integration_id').$type<core.IntegrationId>().notNull()
const subjectType = () => text('subject_type').$type<core.SubjectType>().notNull()

/** Where incremental receiving stands, per integration and role (przyrostowe-pobieranie-faktur.md). */
export const ksefSyncState = pgTable(
  'ksef_sync_state',
  {
    companyId: tenant(),
    integrationId: integration(),
    subjectType: subjectType(),
    startAt: moment('start_at').notNull(),
    /** Everything stored by KSeF from the start up to it is here: a `permanentStorageHwmDate` or `lastPermanentStorageDate`. */
    checkpoint: moment('checkpoint').notNull(),
    /** null: once a night. */
    intervalSeconds: integer('interval_seconds'),
    isEnabled: boolean('is_enabled').notNull().default(true),
    held: jsonb('held').$type<NonNullable<core.SyncState['held']>>(),
    nextSyncAt: moment('next_sync_at'),
    /** Names the lease of whoever runs its next step; rises with each. */
    fence: integer('fence').notNull().default(0),
    leaseUntil: moment('lease_until'),
    failures: integer('failures').notNull().default(0),
    failingSince: moment('failing_since'),
    failure: jsonb('failure').$type<core.SyncFailure>(),
    completedAt: moment('completed_at'),
    /** New invoices since it last came to the high-water mark. */
    received: integer('received').notNull().default(0),
    /** Invoices an hour, as far as known. */
    pace: doublePrecision('pace'),
    /** Null: nobody expects anything of it, as of one that is switched off. */
    lateAt: moment('late_at'),
    /** Set: that it is late has been told; until it comes through. */
    lateToldAt: moment('late_told_at'),
    nextAuditAt: moment('next_audit_at'),
    auditFailure: jsonb('audit_failure').$type<core.AuditFailure>(),
    syncRungAt: moment('sync_rung_at'),
    lateRungAt: moment('late_rung_at'),
    updatedAt: moment('updated_at').notNull(),
  },
  (t) => [
    primaryKey({ name: 'ksef_sync_state_pkey', columns: [t.companyId, t.integrationId, t.subjectType] }),
    foreignKey({
      name: 'ksef_sync_state_integration_fkey',
      columns: [t.companyId, t.integrationId],
      foreignColumns: [ksefIntegrations.companyId, ksefIntegrations.id],
    }),
    index('ksef_sync_state_due').on(t.nextSyncAt).where(sql`${t.nextSyncAt} is not null`),
    index('ksef_sync_state_late')
      .on(t.lateAt)
      .where(sql`${t.lateAt} is not null and ${t.lateToldAt} is null`),
    check('ksef_sync_state_subject_type', oneOf(t.subjectType, SUBJECT_TYPES)),
    check('ksef_sync_state_interval', sql`${t.intervalSeconds} > 0`),
    // A sync that is neither due nor held is one that no sweeper ever finds.
    check('ksef_sync_state_is_timed_or_held', sql`(${t.nextSyncAt} is null) = (${t.held} is not null)`),
  ],
)

/** The sync that a row belongs to. */
const ofSync = (name: string, t: { companyId: PgColumn; integrationId: PgColumn; subjectType: PgColumn }) =>
  foreignKey({
    name,
    columns: [t.companyId, t.integrationId, t.subjectType],
    foreignColumns: [ksefSyncState.companyId, ksefSyncState.integrationId, ksefSyncState.subjectType],
  })

/** Packages ordered from KSeF, one under way for each sync. */
export const ksefExports = pgTable(
  'ksef_exports',
  {
    id: uuid('id').notNull(),
    companyId: tenant(),
    integrationId: integration(),
    subjectType: subjectType(),
    purpose: text('purpose').$type<core.ExportPurpose>().notNull(),
    state: text('state').$type<core.ExportState>().notNull(),
    windowFrom: moment('window_from').notNull(),
    windowTo: moment('window_to'),
    sealedKey: text('sealed_key').notNull(),
    compression: text('compression').$type<core.KsefExport['compression']>().notNull(),
    referenceNumber: text('reference_number'),
    polls: integer('polls').notNull(),
    fetches: integer('fetches').notNull(),
    giveUpAt: moment('give_up_at').notNull(),
    invoiceCount: integer('invoice_count'),
    missingCount: integer('missing_count'),
    /** Why it was abandoned. */
    code: text('code'),
    createdAt: moment('created_at').notNull(),
    endedAt: moment('ended_at'),
  },
  (t) => [
    primaryKey({ name: 'ksef_exports_pkey', columns: [t.companyId, t.id] }),
    ofSync('ksef_exports_sync_fkey', t),
    uniqueIndex('ksef_exports_under_way_key')
      .on(t.companyId, t.integrationId, t.subjectType)
      .where(sql`${t.state} in ('ordered', 'waiting')`),
    index('ksef_exports_audits')
      .on(t.companyId, t.integrationId, t.subjectType, t.endedAt)
      .where(sql`${t.purpose} = 'audit' and ${t.state} = 'done'`),
    // By which retention finds what is kept long enough, over all companies.
    index('ksef_exports_ended').on(t.endedAt).where(sql`${t.endedAt} is not null`),
    check('ksef_exports_purpose', oneOf(t.purpose, ['sync', 'audit'])),
    check('ksef_exports_state', oneOf(t.state, EXPORT_STATES)),
    check('ksef_exports_compression', oneOf(t.compression, COMPRESSIONS)),
    check(
      'ksef_exports_waiting_is_known_to_ksef',
      sql`${t.state} <> 'waiting' or ${t.referenceNumber} is not null`,
    ),
    check(
      'ksef_exports_end_is_dated',
      sql`(${t.state} in ('done', 'abandoned')) = (${t.endedAt} is not null)`,
    ),
    check('ksef_exports_abandoned_has_code', sql`${t.state} <> 'abandoned' or ${t.code} is not null`),
  ],
)

/** Stretches of time of which all of KSeF's invoices in a role are stored. */
export const ksefSyncWindows = pgTable(
  'ksef_sync_windows',
  {
    id: uuid('id').notNull(),
    companyId: tenant(),
    integrationId: integration(),
    subjectType: subjectType(),
    from: moment('window_from').notNull(),
    to: moment('window_to').notNull(),
    source: text('source').$type<core.SyncWindow['source']>().notNull(),
    listed: bigint('listed', { mode: 'number' }).notNull(),
    added: bigint('added', { mode: 'number' }).notNull(),
    createdAt: moment('created_at').notNull(),
  },
  (t) => [
    primaryKey({ name: 'ksef_sync_windows_pkey', columns: [t.companyId, t.id] }),
    ofSync('ksef_sync_windows_sync_fkey', t),
    index('ksef_sync_windows_in_time').on(t.companyId, t.integrationId, t.subjectType, t.from),
    check('ksef_sync_windows_source', oneOf(t.source, ['export', 'metadata'])),
    check('ksef_sync_windows_order', sql`${t.from} <= ${t.to}`),
  ],
)

/** Documents that KSeF lists and did not give. */
export const ksefMissingDocuments = pgTable(
  'ksef_missing_documents',
  {
    companyId: tenant(),
    integrationId: integration(),
    subjectType: subjectType(),
    ksefNumber: text('ksef_number').notNull(),
    invoiceHash: text('invoice_hash').notNull(),
    permanentStorageDate: moment('permanent_storage_date'),
    code: text('code').notNull(),
    tries: integer('tries').notNull(),
    nextTryAt: moment('next_try_at'),
    foundAt: moment('found_at').notNull(),
    /** Set: it is here by now. */
    endedAt: moment('ended_at'),
  },
  (t) => [
    primaryKey({
      name: 'ksef_missing_documents_pkey',
      columns: [t.companyId, t.integrationId, t.subjectType, t.ksefNumber],
    }),
    ofSync('ksef_missing_documents_sync_fkey', t),
    index('ksef_missing_documents_open')
      .on(t.companyId, t.integrationId, t.subjectType, t.nextTryAt)
      .where(sql`${t.endedAt} is null`),
    check('ksef_missing_documents_is_timed', sql`(${t.endedAt} is null) = (${t.nextTryAt} is not null)`),
  ],
)
