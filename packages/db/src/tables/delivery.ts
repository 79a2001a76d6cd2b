/** What is sent: sessions, documents, submissions with their attempts, and the wishes to act on them. */
import type * as core from '@ksef-fleet/core'
import { sql } from 'drizzle-orm'
import {
  bigint,
  check,
  date,
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
  bytea,
  ENVIRONMENTS,
  environmentColumn,
  moment,
  oneOf,
  SESSION_STATES,
  SUBMISSION_STATES,
} from '../columns.ts'
import { companyReference, tenant } from './tenancy.ts'

export const sessions = pgTable(
  'sessions',
  {
    id: uuid('id').$type<core.SessionId>().notNull(),
    companyId: tenant(),
    environment: environmentColumn(),
    kind: text('kind', { enum: ['online'] }).notNull(),
    formCode: text('form_code').notNull(),
    state: text('state').$type<core.SessionState>().notNull(),
    referenceNumber: text('reference_number'),
    sealedKey: text('sealed_key').notNull(),
    validUntil: moment('valid_until'),
    openedAt: moment('opened_at'),
    lastUsedAt: moment('last_used_at'),
    leaseUntil: moment('lease_until'),
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
      .where(sql`${t.state} in ('opening', 'open')`),
    index('sessions_reference').on(t.companyId, t.referenceNumber),
    index('sessions_unfinished')
      .on(t.createdAt)
      .where(sql`${t.state} in ('opening', 'open', 'closing', 'closed')`),
    index('sessions_of_version')
      .on(t.credentialId, t.credentialVersion)
      .where(sql`${t.state} in ('opening', 'open', 'closing', 'closed')`),
    check('sessions_version_is_whole', sql`(${t.credentialId} is null) = (${t.credentialVersion} is null)`),
    check('sessions_environment', oneOf(t.environment, ENVIRONMENTS)),
    check('sessions_state', oneOf(t.state, SESSION_STATES)),
    check('sessions_opening_is_leased', sql`${t.state} <> 'opening' or ${t.leaseUntil} is not null`),
    check(
      'sessions_open_is_known_to_ksef',
      sql`${t.state} in ('opening', 'abandoned') or (${t.referenceNumber} is not null and ${t.validUntil} is not null)`,
    ),
  ],
)

/** Documents exactly as they were sent or received. Written once: the application role may insert and read, no more. */
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

export const submissions = pgTable(
  'submissions',
  {
    id: uuid('id').$type<core.SubmissionId>().notNull(),
    companyId: tenant(),
    environment: environmentColumn(),
    documentId: uuid('document_id').$type<core.DocumentId>().notNull(),
    state: text('state').$type<core.SubmissionState>().notNull(),
    formCode: text('form_code').notNull(),
    sellerNip: text('seller_nip').$type<core.Nip>().notNull(),
    kind: text('kind').notNull(),
    number: text('number').notNull(),
    issueDate: date('issue_date', { mode: 'string' }).notNull(),
    invoiceHash: text('invoice_hash').notNull(),
    invoiceSize: integer('invoice_size').notNull(),
    sessionId: uuid('session_id').$type<core.SessionId>(),
    referenceNumber: text('reference_number'),
    ksefNumber: text('ksef_number'),
    registeredAt: moment('registered_at'),
    upoDownloadUrl: text('upo_download_url'),
    upoDocumentId: uuid('upo_document_id').$type<core.DocumentId>(),
    reason: jsonb('reason').$type<core.SubmissionReason>(),
    attempts: integer('attempts').notNull(),
    fence: integer('fence').notNull(),
    leaseUntil: moment('lease_until'),
    nextAttemptAt: moment('next_attempt_at'),
    nextPollAt: moment('next_poll_at'),
    polls: integer('polls').notNull(),
    giveUpAt: moment('give_up_at'),
    traceparent: text('traceparent'),
    createdAt: moment('created_at').notNull(),
    updatedAt: moment('updated_at').notNull(),
    upoRungAt: moment('upo_rung_at'),
  },
  (t) => [
    primaryKey({ name: 'submissions_pkey', columns: [t.companyId, t.id] }),
    foreignKey({
      name: 'submissions_document_fkey',
      columns: [t.companyId, t.documentId],
      foreignColumns: [ksefDocumentsRaw.companyId, ksefDocumentsRaw.id],
    }),
    foreignKey({
      name: 'submissions_upo_document_fkey',
      columns: [t.companyId, t.upoDocumentId],
      foreignColumns: [ksefDocumentsRaw.companyId, ksefDocumentsRaw.id],
    }),
    foreignKey({
      name: 'submissions_session_fkey',
      columns: [t.companyId, t.sessionId],
      foreignColumns: [sessions.companyId, sessions.id],
    }),
    uniqueIndex('submissions_number_key')
      .on(t.companyId, t.environment, t.sellerNip, t.kind, t.number)
      .where(sql`${t.state} <> 'rejected'`),
    index('submissions_newest').on(t.companyId, t.createdAt, t.id),
    index('submissions_session').on(t.companyId, t.sessionId).where(sql`${t.sessionId} is not null`),
    index('submissions_pending')
      .on(t.companyId, t.environment, t.formCode, t.nextAttemptAt)
      .where(sql`${t.state} = 'pending'`),
    index('submissions_held').on(t.companyId, t.environment).where(sql`${t.state} = 'held'`),
    index('submissions_claimed').on(t.leaseUntil).where(sql`${t.state} = 'claimed'`),
    index('submissions_to_poll').on(t.nextPollAt).where(sql`${t.state} in ('sent', 'lost')`),
    index('submissions_to_receipt').on(t.nextPollAt).where(sql`${t.state} = 'registered'`),
    check('submissions_environment', oneOf(t.environment, ENVIRONMENTS)),
    check('submissions_state', oneOf(t.state, SUBMISSION_STATES)),
    // A row without its timer is a row that no sweeper ever finds: a lost invoice.
    check('submissions_pending_is_timed', sql`${t.state} <> 'pending' or ${t.nextAttemptAt} is not null`),
    check('submissions_claimed_is_leased', sql`${t.state} <> 'claimed' or ${t.leaseUntil} is not null`),
    check(
      'submissions_sent_is_timed',
      sql`${t.state} not in ('sent', 'lost') or (${t.sessionId} is not null and ${t.nextPollAt} is not null)`,
    ),
    check(
      'submissions_registered_is_timed',
      sql`${t.state} <> 'registered' or (${t.ksefNumber} is not null and ${t.nextPollAt} is not null)`,
    ),
    check('submissions_receipted_has_upo', sql`${t.state} <> 'receipted' or ${t.upoDocumentId} is not null`),
    check(
      'submissions_refusal_has_reason',
      sql`${t.state} not in ('rejected', 'held') or ${t.reason} is not null`,
    ),
  ],
)

export const attempts = pgTable(
  'attempts',
  {
    companyId: tenant(),
    submissionId: uuid('submission_id').$type<core.SubmissionId>().notNull(),
    number: integer('number').notNull(),
    sessionId: uuid('session_id').$type<core.SessionId>().notNull(),
    invoiceHash: text('invoice_hash').notNull(),
    fence: integer('fence').notNull(),
    startedAt: moment('started_at').notNull(),
    endedAt: moment('ended_at'),
    outcome: text('outcome', { enum: ['done', 'not-done', 'unknown'] }),
    code: text('code'),
  },
  (t) => [
    primaryKey({ name: 'attempts_pkey', columns: [t.companyId, t.submissionId, t.number] }),
    foreignKey({
      name: 'attempts_submission_fkey',
      columns: [t.companyId, t.submissionId],
      foreignColumns: [submissions.companyId, submissions.id],
    }),
    foreignKey({
      name: 'attempts_session_fkey',
      columns: [t.companyId, t.sessionId],
      foreignColumns: [sessions.companyId, sessions.id],
    }),
    index('attempts_newest').on(t.companyId, t.startedAt),
    check('attempts_outcome', oneOf(t.outcome, ['done', 'not-done', 'unknown'])),
  ],
)

/** An `Idempotency-Key` stays bound to its submission for as long as that exists. */
export const idempotencyKeys = pgTable(
  'idempotency_keys',
  {
    companyId: tenant(),
    key: text('key').notNull(),
    fingerprint: text('fingerprint').notNull(),
    submissionId: uuid('submission_id').$type<core.SubmissionId>().notNull(),
    createdAt: moment('created_at').notNull(),
  },
  (t) => [
    primaryKey({ name: 'idempotency_keys_pkey', columns: [t.companyId, t.key] }),
    foreignKey({
      name: 'idempotency_keys_submission_fkey',
      columns: [t.companyId, t.submissionId],
      foreignColumns: [submissions.companyId, submissions.id],
    }),
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
