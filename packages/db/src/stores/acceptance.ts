import type {
  AcceptanceStore,
  Accepted,
  CompanyId,
  EarlierAcceptance,
  AcceptanceGround as Ground,
  Submission,
} from '@ksef-fleet/core'
import { and, eq, sql } from 'drizzle-orm'
import { clock } from '../database-clock.ts'
import { planned, runPlanned } from '../planned-statement.ts'
import { idempotencyKeys } from '../tables.ts'
import type { Tx } from '../transaction.ts'
import { insertRecords, recordsOf } from './document-register.ts'

/** A value of a statement that is planned once and carried out for every invoice. */
const given = (name: string, type: string) => sql`${sql.placeholder(name)}::${sql.raw(type)}`

const company = given('companyId', 'uuid')
const environment = given('environment', 'text')
const keys = given('keys', 'text[]')

/** Keys that another transaction holds. The others this one holds from now on. */
const busyKeys = sql`
  select key from unnest(${keys}) as key
   where not pg_try_advisory_xact_lock(hashtextextended(concat('idempotency ', ${company}, ' ', key), 0))`

/** The first two columns are an `AcceptanceGround`. Without a value the limit stays what it is. */
const look = planned(
  'acceptance-look',
  sql`
  select json_build_object(
    'nip', (select nip from companies where id = ${company}),
    'isConnected', exists (select from ksef_integrations
                            where company_id = ${company} and environment = ${environment} and state <> 'revoked'),
    'busyKeys', array(${busyKeys}),
    'earlier', array(select json_build_object('key', key, 'fingerprint', fingerprint, 'submissionId', submission_id)
                       from idempotency_keys where company_id = ${company} and key = any(${keys})),
    'availability', (select availability from ksef_availability where environment = ${environment}),
    'isTotalFailure', exists (select from ksef_outages
                               where environment = ${environment} and kind = 'totalFailure' and source = 'administrator'
                                 and withdrawn_at is null and start_at <= clock_timestamp()
                                 and (end_at is null or end_at > clock_timestamp())),
    'automatic', (select automatic from offline_settings where company_id = ${company})),
    (select looked_at from ksef_availability where environment = ${environment}),
    set_config('lock_timeout', ${given('waitingMs', 'text')}, true)`,
)

/** Columns of a submission that its acceptance gives, and their types. */
const SUBMISSION = {
  id: 'uuid',
  environment: 'text',
  document_id: 'uuid',
  state: 'text',
  form_code: 'text',
  seller_nip: 'text',
  kind: 'text',
  number: 'text',
  issue_date: 'date',
  invoice_hash: 'text',
  invoice_size: 'integer',
  has_attachment: 'boolean',
  delivery: 'text',
  offline_mode: 'text',
  offline_choice: 'text',
  deadline: 'date',
  outages_at: 'timestamptz',
  alarm_at: 'timestamptz',
  corrects_id: 'uuid',
  corrects_hash: 'text',
  reason: 'jsonb',
  next_attempt_at: 'timestamptz',
  traceparent: 'text',
  created_at: 'timestamptz',
  updated_at: 'timestamptz',
} as const

const columns = sql.raw(Object.keys(SUBMISSION).join(', '))
const columnTypes = sql.raw(
  Object.entries(SUBMISSION)
    .map((column) => column.join(' '))
    .join(', '),
)

const submissionRecord = (submission: Submission): Record<keyof typeof SUBMISSION, unknown> => ({
  id: submission.id,
  environment: submission.environment,
  document_id: submission.documentId,
  state: submission.state,
  form_code: submission.formCode,
  seller_nip: submission.sellerNip,
  kind: submission.kind,
  number: submission.number,
  issue_date: submission.issueDate,
  invoice_hash: submission.invoiceHash,
  invoice_size: submission.invoiceSize,
  has_attachment: submission.hasAttachment,
  delivery: submission.delivery,
  offline_mode: submission.offlineMode,
  offline_choice: submission.offlineChoice,
  deadline: submission.deadline,
  outages_at: submission.outagesAt,
  alarm_at: submission.alarmAt,
  corrects_id: submission.correctsId,
  corrects_hash: submission.correctsHash,
  reason: submission.reason,
  next_attempt_at: submission.nextAttemptAt,
  traceparent: submission.traceparent,
  created_at: submission.createdAt,
  updated_at: submission.updatedAt,
})

/** The documents lie in `content` one after the other: as one value they travel as they are, and not as text. */
const recordsIn = (accepted: readonly Accepted[]): string => {
  let next = 1
  const records = accepted.map(({ submission, content, entry }) => {
    const begin = next
    next += content.byteLength
    const { key = null, fingerprint = null } = entry ?? {}
    return { ...submissionRecord(submission), begin, length: content.byteLength, key, fingerprint }
  })
  return JSON.stringify(records)
}

/**
 * References between the rows are checked when the whole statement has been done. Numbers are taken in one order, so that no
 * two crowds of the same invoices wait for each other.
 */
const store = planned(
  'acceptance-store',
  sql`
  with accepted as materialized (
    select * from json_to_recordset(${given('accepted', 'json')})
               as accepted (${columnTypes}, begin integer, length integer, key text, fingerprint text)
  ), document as (
    insert into ksef_documents_raw (id, company_id, environment, direction, kind, hash, content, created_at)
    select document_id, ${company}, environment, 'outgoing', 'invoice', invoice_hash,
           substring(${given('content', 'bytea')} from begin for length), ${clock}
      from accepted
  ), register as (
    ${insertRecords({ companyId: company, records: given('records', 'text') })}
  ), submission as (
    insert into submissions (company_id, ${columns}, attempts, fence, polls)
    select ${company}, ${columns}, 0, 0, 0 from accepted order by seller_nip, kind, number
  ), entry as (
    insert into idempotency_keys (company_id, key, fingerprint, submission_id, created_at)
    select ${company}, key, fingerprint, id, ${clock} from accepted where key is not null
  )
  insert into outbox (company_id, job, key, payload, created_at)
  values (${company}, ${given('job', 'text')}, ${given('ringKey', 'text')}, ${given('payload', 'jsonb')}, ${clock})`,
)

export const acceptanceStore = (tx: Tx, companyId: CompanyId): AcceptanceStore => ({
  async look({ environment, idempotencyKeys: keys, waitingMs }) {
    const [row] = await runPlanned(tx, look, look.valuesOf({ companyId, environment, keys, waitingMs }))
    if (row === undefined) throw new Error('a question without a condition was answered by no row')
    const [ground, lookedAt] = row as [Omit<Ground, 'lookedAt'>, Ground['lookedAt']]
    return { ...ground, lookedAt }
  },
  async earlier(idempotencyKey): Promise<EarlierAcceptance | null> {
    const [found] = await tx
      .select({ fingerprint: idempotencyKeys.fingerprint, submissionId: idempotencyKeys.submissionId })
      .from(idempotencyKeys)
      .where(and(eq(idempotencyKeys.companyId, companyId), eq(idempotencyKeys.key, idempotencyKey)))
    return found ?? null
  },
  async store(accepted, ring) {
    const isOther = ({ submission: { companyId: owner, state } }: Accepted) =>
      owner !== companyId || (state !== 'pending' && state !== 'held')
    if (accepted.some(isOther))
      throw new Error('what is accepted is pending or held, and of the company the transaction is for')
    const values = {
      companyId,
      accepted: recordsIn(accepted),
      content: Buffer.concat(accepted.map(({ content }) => content)),
      records: recordsOf(accepted.map(({ header }) => header)),
      ...{ job: ring.job, ringKey: ring.key, payload: JSON.stringify(ring.payload) },
    }
    await runPlanned(tx, store, store.valuesOf(values))
  },
})
