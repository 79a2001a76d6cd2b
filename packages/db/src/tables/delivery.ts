/** In what invoices are sent: sessions, batches, documents, and the wishes to act. */
import type * as core from '@ksef-fleet/core'
import { sql } from 'drizzle-orm'
import {
  bigint,
  boolean,
  check,
  foreignKey,
  index,
  integer,
  jsonb,
  pgTable,
  primaryKey,
  text,
  uniqueIndex,
  uuid,
} from 'drizzle-orm/pg-core'
import {
  BATCH_SOURCES,
  bytea,
  COMPRESSIONS,
  ENVIRONMENTS,
  environmentColumn,
  moment,
  oneOf,
  SESSION_KINDS,
  SESSION_STATES,
} from '../columns.ts'
import { companyReference, tenant } from './tenancy.ts'

export const sessions = pgTable(
  'sessions',
  {
    id: uuid('id').$type<core.SessionId>().notNull(),
    companyId: tenant(),
    environment: environmentColumn(),
    kind: text('kind').$type<core.SessionKind>().notNull(),
    formCode: text('form_code').notNull(),
    state: text('state').$type<core.SessionState>().notNull(),
    /** Names the lease of whoever drives a batch; rises with each. */
    fence: integer('fence').notNull().default(0),
    compression: text('compression').$type<core.Compression>(),
    invoiceCount: integer('invoice_count'),
    packageSize: bigint('package_size', { mode: 'number' }),
    packageHash: text('package_hash'),
    referenceNumber: text('reference_number'),
    /** Of a batch: its invoices were issued offline, all of them. */
    offline: boolean('offline').notNull().default(false),
    sealedKey: text('sealed_key').notNull(),
    validUntil: moment('valid_until'),
    openedAt: moment('opened_at'),
    lastUsedAt: moment('last_used_at'),
    leaseUntil: moment('lease_until'),
    /** The presence of whoever opens it; see `presence.ts`. */
    heldBy: integer('held_by'),
    nextPollAt: moment('next_poll_at'),
    polls: integer('polls').notNull(),
    ksefStatusCode: integer('ksef_status_code'),
    /** No foreign key: the credential may be the provider's, and a key that leaves the company out could point anywhere. */
    credentialId: uuid('credential_id').$type<core.CredentialId>(),
    credentialVersion: integer('credential_version'),
    createdAt: moment('created_at').notNull(),
    /** Rung to be finished. */
    finishRungAt: moment('finish_rung_at'),
    /** Rung to ask about its submissions. */
    pollRungAt: moment('poll_rung_at'),
  },
  (t) => [
    companyReference(t.companyId),
    primaryKey({ name: 'sessions_pkey', columns: [t.companyId, t.id] }),
    uniqueIndex('sessions_current_key')
      .on(t.companyId, t.environment, t.formCode)
      .where(sql`${t.kind} = 'online' and ${t.state} in ('opening', 'open')`),
    index('sessions_batches_under_way')
      .on(t.companyId, t.environment)
      .where(sql`${t.kind} = 'batch' and ${t.state} in ('opening', 'open', 'closing', 'closed')`),
    index('sessions_reference').on(t.companyId, t.referenceNumber),
    index('sessions_unfinished')
      .on(t.createdAt)
      .where(sql`${t.state} in ('opening', 'open', 'closing', 'closed')`),
    index('sessions_being_opened').on(t.heldBy).where(sql`${t.kind} = 'online' and ${t.state} = 'opening'`),
    index('sessions_orphaned')
      .on(t.nextPollAt)
      .where(sql`${t.state} = 'abandoned' and ${t.nextPollAt} is not null`),
    index('sessions_of_version')
      .on(t.credentialId, t.credentialVersion)
      .where(sql`${t.state} in ('opening', 'open', 'closing', 'closed')`),
    check('sessions_version_is_whole', sql`(${t.credentialId} is null) = (${t.credentialVersion} is null)`),
    check('sessions_environment', oneOf(t.environment, ENVIRONMENTS)),
    check('sessions_kind', oneOf(t.kind, SESSION_KINDS)),
    check('sessions_compression', oneOf(t.compression, COMPRESSIONS)),
    check(
      'sessions_batch_is_described',
      sql`(${t.kind} = 'batch') = (${t.compression} is not null and ${t.invoiceCount} is not null)`,
    ),
    check('sessions_state', oneOf(t.state, SESSION_STATES)),
    check('sessions_opening_is_leased', sql`${t.state} <> 'opening' or ${t.leaseUntil} is not null`),
    check(
      'sessions_open_is_known_to_ksef',
      sql`${t.state} in ('opening', 'abandoned') or (${t.referenceNumber} is not null and ${t.validUntil} is not null)`,
    ),
  ],
)

/** Where the parts of a batch session's package go, and which of them are there. */
export const sessionParts = pgTable(
  'session_parts',
  {
    companyId: tenant(),
    sessionId: uuid('session_id').$type<core.SessionId>().notNull(),
    ordinalNumber: integer('ordinal_number').notNull(),
    /** Bytes and SHA-256 of the encrypted part. */
    fileSize: bigint('file_size', { mode: 'number' }).notNull(),
    fileHash: text('file_hash').notNull(),
    /** KSeF's instruction where to put it: who has it may write there. Sealed for the session. */
    sealedUpload: text('sealed_upload').notNull(),
    uploadedAt: moment('uploaded_at'),
  },
  (t) => [
    primaryKey({ name: 'session_parts_pkey', columns: [t.companyId, t.sessionId, t.ordinalNumber] }),
    foreignKey({
      name: 'session_parts_session_fkey',
      columns: [t.companyId, t.sessionId],
      foreignColumns: [sessions.companyId, sessions.id],
    }),
  ],
)

/** Many invoices that a caller handed over as one. */
export const batches = pgTable(
  'batches',
  {
    id: uuid('id').$type<core.BatchId>().notNull(),
    companyId: tenant(),
    environment: environmentColumn(),
    /** In what they came. */
    source: text('source').$type<core.BatchSource>().notNull(),
    invoiceCount: integer('invoice_count').notNull(),
    createdAt: moment('created_at').notNull(),
  },
  (t) => [
    companyReference(t.companyId),
    primaryKey({ name: 'batches_pkey', columns: [t.companyId, t.id] }),
    index('batches_newest').on(t.companyId, t.createdAt, t.id),
    check('batches_environment', oneOf(t.environment, ENVIRONMENTS)),
    check('batches_source', oneOf(t.source, BATCH_SOURCES)),
    check('batches_invoice_count', sql`${t.invoiceCount} > 0`),
  ],
)

/**
 * Documents exactly as they were sent or received. Written once: the application's login may insert and read, no more, and
 * of the owner's rights a trigger leaves erasure alone (`tables/documents.ts`).
 */
export const ksefDocumentsRaw = pgTable(
  'ksef_documents_raw',
  {
    id: uuid('id').$type<core.DocumentId>().notNull(),
    companyId: tenant(),
    environment: environmentColumn(),
    direction: text('direction', { enum: ['outgoing', 'incoming'] }).notNull(),
    kind: text('kind', { enum: ['invoice', 'upo', 'session-upo'] }).notNull(),
    hash: text('hash').notNull(),
    content: bytea('content').notNull(),
    ksefNumber: text('ksef_number'),
    sessionId: uuid('session_id').$type<core.SessionId>(),
    createdAt: moment('created_at').notNull(),
    /** Set: `content` is empty; hash and number stay, so that it does not come back. */
    erasedAt: moment('erased_at'),
  },
  (t) => [
    companyReference(t.companyId),
    primaryKey({ name: 'ksef_documents_raw_pkey', columns: [t.companyId, t.id] }),
    foreignKey({
      name: 'ksef_documents_raw_session_fkey',
      columns: [t.companyId, t.sessionId],
      foreignColumns: [sessions.companyId, sessions.id],
    }),
    uniqueIndex('ksef_documents_raw_ksef_number_key')
      .on(t.companyId, t.environment, t.kind, t.ksefNumber)
      .where(sql`${t.ksefNumber} is not null`),
    index('ksef_documents_raw_session').on(t.companyId, t.sessionId).where(sql`${t.sessionId} is not null`),
    check('ksef_documents_raw_environment', oneOf(t.environment, ENVIRONMENTS)),
    check('ksef_documents_raw_direction', oneOf(t.direction, ['outgoing', 'incoming'])),
    check('ksef_documents_raw_kind', oneOf(t.kind, ['invoice', 'upo', 'session-upo'])),
  ],
)

/** Wishes to act. Rows are only added and taken: `stores/outbox.ts` says why rings coalesce when they are taken. */
export const outbox = pgTable('outbox', {
  id: bigint('id', { mode: 'number' }).primaryKey().generatedAlwaysAsIdentity(),
  companyId: tenant(),
  job: text('job').notNull(),
  key: text('key').notNull(),
  payload: jsonb('payload').$type<core.Ring['payload']>().notNull(),
  createdAt: moment('created_at').notNull(),
})

/** Workers by the numbers of their presences. They tell of no company, and only the system's login reaches them. */
export const workerPresences = pgTable('worker_presences', {
  holder: integer('holder').primaryKey(),
  /** From when its lock was taken until it said goodbye, or was found gone. */
  isPresent: boolean('is_present').notNull(),
  /** When it was last found gone; what was rung for before may have ended with it. */
  goneAt: moment('gone_at'),
})
