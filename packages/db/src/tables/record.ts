/** What happened: the audit log with its chain. */
import type * as core from '@ksef-fleet/core'
import { sql } from 'drizzle-orm'
import {
  bigint,
  check,
  customType,
  date,
  index,
  integer,
  jsonb,
  pgTable,
  primaryKey,
  text,
  timestamp,
  uuid,
} from 'drizzle-orm/pg-core'
import { oneOf } from '../columns.ts'

/** A transaction's number that never comes again, unlike `xid`. */
const transactionId = customType<{ data: string }>({ dataType: () => 'xid8' })

/**
 * Partitioned by month of `at`, which drizzle-kit cannot say; its migration is written by hand. Nothing refers to it and
 * it refers to nothing: it outlives what it tells of, and no reference may refuse an entry.
 */
export const ksefAuditLog = pgTable(
  'ksef_audit_log',
  {
    id: bigint('id', { mode: 'bigint' }).notNull().default(sql`nextval('ksef_audit_log_number')`),
    /** null: an act of the provider, which concerns no single company. */
    companyId: uuid('company_id').$type<core.CompanyId>(),
    /** In milliseconds, as a cursor can carry it. */
    at: timestamp('at', { withTimezone: true, mode: 'date', precision: 3 }).notNull(),
    actor: text('actor').notNull(),
    action: text('action').notNull(),
    subject: text('subject').notNull(),
    outcome: text('outcome', { enum: ['ok', 'refused', 'failed'] }).notNull(),
    taxpayerNip: text('taxpayer_nip'),
    providerNip: text('provider_nip'),
    operation: text('operation'),
    httpStatus: integer('http_status'),
    durationMs: integer('duration_ms'),
    errorCode: text('error_code'),
    requestId: text('request_id'),
    referenceNumber: text('reference_number'),
    details: jsonb('details').$type<NonNullable<core.AuditEntry['details']>>(),
    transactionId: transactionId('transaction_id').notNull().default(sql`pg_current_xact_id()`),
  },
  (t) => [
    primaryKey({ name: 'ksef_audit_log_pkey', columns: [t.at, t.id] }),
    index('ksef_audit_log_newest').on(t.companyId, t.at, t.id),
    index('ksef_audit_log_reference').on(t.referenceNumber).where(sql`${t.referenceNumber} is not null`),
    index('ksef_audit_log_order').on(t.transactionId, t.id),
    check('ksef_audit_log_outcome', oneOf(t.outcome, ['ok', 'refused', 'failed'])),
  ],
)

/** The chain over the log (`stores/audit-chain.ts`). It spans companies, so only the system's login reaches it. */
export const ksefAuditSeals = pgTable(
  'ksef_audit_seals',
  {
    day: date('day', { mode: 'string' }).notNull(),
    number: integer('number').notNull(),
    endTransactionId: transactionId('end_transaction_id').notNull(),
    endId: bigint('end_id', { mode: 'bigint' }).notNull(),
    entries: integer('entries').notNull(),
    digest: text('digest').notNull(),
    previousHash: text('previous_hash').notNull(),
    hash: text('hash').notNull(),
    sealedAt: timestamp('sealed_at', { withTimezone: true, mode: 'date', precision: 3 }).notNull(),
  },
  (t) => [
    primaryKey({ name: 'ksef_audit_seals_pkey', columns: [t.day, t.number] }),
    index('ksef_audit_seals_order').on(t.endTransactionId, t.endId),
    check('ksef_audit_seals_entries', sql`${t.entries} > 0`),
  ],
)
