/** Invoices on their way, their attempts, and the keys that their requests came with. */
import type * as core from '@ksef-fleet/core'
import { sql } from 'drizzle-orm'
import {
  boolean,
  check,
  date,
  type ExtraConfigColumn,
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
  ALARM_STAGES,
  DELIVERIES,
  ENVIRONMENTS,
  environmentColumn,
  INVOICING_MODES,
  moment,
  OFFLINE_CHOICES,
  OFFLINE_MODES,
  oneOf,
  SUBMISSION_STATES,
} from '../columns.ts'
import { batches, ksefDocumentsRaw, sessions } from './delivery.ts'
import { tenant } from './tenancy.ts'

const columns = {
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
  hasAttachment: boolean('has_attachment').notNull().default(false),
  delivery: text('delivery').$type<core.Delivery>().notNull().default('auto'),
  /** Issued offline, and in which mode; null: online. Who chose it, and the last day on which it may reach KSeF. */
  offlineMode: text('offline_mode').$type<core.OfflineMode>(),
  offlineChoice: text('offline_choice').$type<core.OfflineChoice>(),
  deadline: date('deadline', { mode: 'string' }),
  /** The state of the outages by which that was worked out: when these changed last. */
  outagesAt: moment('outages_at'),
  /** When the next stage of its alarm is due, and the last one that was told. */
  alarmAt: moment('alarm_at'),
  alarmStage: text('alarm_stage').$type<core.AlarmStage>(),
  /** Originals in the fleet that have no KSeF number yet: a correction goes after them. Never empty. */
  waitsFor: uuid('waits_for').array().$type<core.SubmissionId[]>(),
  /** Corrections wait for it. Set under its row's lock, so that whoever moves it knows. */
  isAwaited: boolean('is_awaited').notNull().default(false),
  /** The rejected offline invoice that it corrects technically, and that one's hash. */
  correctsId: uuid('corrects_id').$type<core.SubmissionId>(),
  correctsHash: text('corrects_hash'),
  batchId: uuid('batch_id').$type<core.BatchId>(),
  sessionId: uuid('session_id').$type<core.SessionId>(),
  /** Its place in the package of its session. */
  packageOrdinal: integer('package_ordinal'),
  /** So many invoices at most may travel with it, itself among them; null: as many as KSeF takes. */
  packageMax: integer('package_max'),
  referenceNumber: text('reference_number'),
  ksefNumber: text('ksef_number'),
  registeredAt: moment('registered_at'),
  /** Whether KSeF counts it as issued offline; null: it is not registered, or KSeF did not say. */
  invoicingMode: text('invoicing_mode').$type<core.InvoicingMode>(),
  upoDownloadUrl: text('upo_download_url'),
  upoDocumentId: uuid('upo_document_id').$type<core.DocumentId>(),
  reason: jsonb('reason').$type<core.SubmissionReason<string>>(),
  attempts: integer('attempts').notNull(),
  fence: integer('fence').notNull(),
  leaseUntil: moment('lease_until'),
  /** The presence of whoever claimed it last; see `presence.ts`. */
  heldBy: integer('held_by'),
  nextAttemptAt: moment('next_attempt_at'),
  nextPollAt: moment('next_poll_at'),
  polls: integer('polls').notNull(),
  giveUpAt: moment('give_up_at'),
  traceparent: text('traceparent'),
  createdAt: moment('created_at').notNull(),
  updatedAt: moment('updated_at').notNull(),
  upoRungAt: moment('upo_rung_at'),
}

type Submission = Record<keyof typeof columns, ExtraConfigColumn>

const indexes = (t: Submission) => [
  uniqueIndex('submissions_number_key')
    .on(t.companyId, t.environment, t.sellerNip, t.kind, t.number)
    .where(sql`${t.state} <> 'rejected'`),
  index('submissions_newest').on(t.companyId, t.createdAt, t.id),
  index('submissions_session').on(t.companyId, t.sessionId).where(sql`${t.sessionId} is not null`),
  // With the state, so that whether a batch is through is one look however large it is.
  index('submissions_batch').on(t.companyId, t.batchId, t.state).where(sql`${t.batchId} is not null`),
  // Without those that may not go before their originals.
  index('submissions_pending')
    .on(t.companyId, t.environment, t.formCode, t.nextAttemptAt)
    .where(sql`${t.state} = 'pending' and ${t.waitsFor} is null`),
  // Offline ones go by their deadlines.
  index('submissions_pending_offline')
    .on(t.companyId, t.environment, t.formCode, t.deadline, t.nextAttemptAt)
    .where(sql`${t.state} = 'pending' and ${t.offlineMode} is not null and ${t.waitsFor} is null`),
  index('submissions_waiting').on(t.companyId).where(sql`${t.waitsFor} is not null`),
  index('submissions_alarm')
    .on(t.alarmAt)
    .where(sql`${t.alarmAt} is not null and ${t.state} not in ('registered', 'receipted')`),
  index('submissions_reckoned')
    .on(t.environment, t.outagesAt)
    .where(sql`${t.offlineMode} is not null and ${t.state} not in ('registered', 'receipted')`),
  index('submissions_corrections').on(t.companyId, t.correctsId).where(sql`${t.correctsId} is not null`),
  // One technical correction at a time.
  uniqueIndex('submissions_corrects_key')
    .on(t.companyId, t.correctsId)
    .where(sql`${t.correctsId} is not null and ${t.state} <> 'rejected'`),
  index('submissions_held').on(t.companyId, t.environment).where(sql`${t.state} = 'held'`),
  index('submissions_claimed').on(t.leaseUntil).where(sql`${t.state} = 'claimed'`),
  index('submissions_to_poll').on(t.nextPollAt).where(sql`${t.state} in ('sent', 'lost')`),
  index('submissions_to_receipt').on(t.nextPollAt).where(sql`${t.state} = 'registered'`),
]

const rules = (t: Submission) => [
  check('submissions_environment', oneOf(t.environment, ENVIRONMENTS)),
  check('submissions_state', oneOf(t.state, SUBMISSION_STATES)),
  // A row without its timer is a row that no sweeper ever finds: a lost invoice.
  check('submissions_pending_is_timed', sql`${t.state} <> 'pending' or ${t.nextAttemptAt} is not null`),
  check('submissions_delivery', oneOf(t.delivery, DELIVERIES)),
  check('submissions_offline_mode', oneOf(t.offlineMode, OFFLINE_MODES)),
  check('submissions_offline_choice', oneOf(t.offlineChoice, OFFLINE_CHOICES)),
  check('submissions_offline_is_chosen', sql`(${t.offlineMode} is null) = (${t.offlineChoice} is null)`),
  check('submissions_invoicing_mode', oneOf(t.invoicingMode, INVOICING_MODES)),
  check('submissions_alarm_stage', oneOf(t.alarmStage, ALARM_STAGES)),
  check('submissions_deadline_is_offline', sql`${t.offlineMode} is not null or ${t.deadline} is null`),
  check('submissions_waits_for_some', sql`${t.waitsFor} <> '{}'`),
  check(
    'submissions_correction_is_whole',
    sql`(${t.correctsId} is null) = (${t.correctsHash} is null) and (${t.correctsId} is null or ${t.offlineMode} is not null)`,
  ),
  // Packed rows have no timer of their own: their session's brings them on.
  check(
    'submissions_packed_has_place',
    sql`${t.state} <> 'packed' or (${t.sessionId} is not null and ${t.packageOrdinal} is not null)`,
  ),
  check('submissions_package_max', sql`${t.packageMax} > 0`),
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
]

export const submissions = pgTable('submissions', columns, (t) => [
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
  foreignKey({
    name: 'submissions_batch_fkey',
    columns: [t.companyId, t.batchId],
    foreignColumns: [batches.companyId, batches.id],
  }),
  foreignKey({
    name: 'submissions_corrects_fkey',
    columns: [t.companyId, t.correctsId],
    foreignColumns: [t.companyId, t.id],
  }),
  ...indexes(t),
  ...rules(t),
])

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
    index('attempts_under_way').on(t.companyId, t.sessionId).where(sql`${t.endedAt} is null`),
    check('attempts_outcome', oneOf(t.outcome, ['done', 'not-done', 'unknown'])),
  ],
)

/** An `Idempotency-Key` stays bound to its submission or batch for as long as that exists. */
export const idempotencyKeys = pgTable(
  'idempotency_keys',
  {
    companyId: tenant(),
    key: text('key').notNull(),
    fingerprint: text('fingerprint').notNull(),
    submissionId: uuid('submission_id').$type<core.SubmissionId>(),
    batchId: uuid('batch_id').$type<core.BatchId>(),
    createdAt: moment('created_at').notNull(),
  },
  (t) => [
    primaryKey({ name: 'idempotency_keys_pkey', columns: [t.companyId, t.key] }),
    foreignKey({
      name: 'idempotency_keys_submission_fkey',
      columns: [t.companyId, t.submissionId],
      foreignColumns: [submissions.companyId, submissions.id],
    }),
    foreignKey({
      name: 'idempotency_keys_batch_fkey',
      columns: [t.companyId, t.batchId],
      foreignColumns: [batches.companyId, batches.id],
    }),
    check('idempotency_keys_is_bound', sql`${t.submissionId} is not null or ${t.batchId} is not null`),
  ],
)
