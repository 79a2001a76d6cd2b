import type {
  AcceptanceGround,
  AcceptanceStore,
  CompanyId,
  EarlierAcceptance,
  Submission,
} from '@ksef-fleet/core'
import { and, eq, sql } from 'drizzle-orm'
import { clock } from '../database-clock.ts'
import { idempotencyKeys } from '../tables.ts'
import type { Tx } from '../transaction.ts'
import { insertHeaders } from './document-register.ts'

export const acceptanceStore = (tx: Tx, companyId: CompanyId): AcceptanceStore => ({
  async look({ environment, idempotencyKey }) {
    const { rows } = await tx.execute<Omit<AcceptanceGround, 'lookedAt'> & { lookedAt: string | null }>(sql`
      select (select nip from companies where id = ${companyId}) as nip,
             exists (select from ksef_integrations
                      where company_id = ${companyId} and environment = ${environment} and state <> 'revoked'
                    ) as "isConnected",
             ${idempotencyKey === null ? sql`false` : isBusy(companyId, idempotencyKey)} as "isKeyBusy",
             (select availability from ksef_availability where environment = ${environment}) as availability,
             (select looked_at from ksef_availability where environment = ${environment}) as "lookedAt",
             exists (select from ksef_outages
                      where environment = ${environment} and kind = 'totalFailure' and source = 'administrator'
                        and withdrawn_at is null and start_at <= clock_timestamp()
                        and (end_at is null or end_at > clock_timestamp())) as "isTotalFailure",
             (select automatic from offline_settings where company_id = ${companyId}) as automatic,
             (select json_build_object('fingerprint', fingerprint, 'submissionId', submission_id)
                from idempotency_keys
               where company_id = ${companyId} and key = ${idempotencyKey}::text) as earlier`)
    const [ground] = rows
    if (ground === undefined) throw new Error('a question without a condition was answered by no row')
    return { ...ground, lookedAt: ground.lookedAt === null ? null : new Date(ground.lookedAt) }
  },
  async earlier(idempotencyKey): Promise<EarlierAcceptance | null> {
    const [found] = await tx
      .select({ fingerprint: idempotencyKeys.fingerprint, submissionId: idempotencyKeys.submissionId })
      .from(idempotencyKeys)
      .where(and(eq(idempotencyKeys.companyId, companyId), eq(idempotencyKeys.key, idempotencyKey)))
    return found ?? null
  },
  async store({ submission, content, header, entry, ring }) {
    const { id, documentId, environment, invoiceHash } = submission
    const { state } = submission
    if (submission.companyId !== companyId || (state !== 'pending' && state !== 'held'))
      throw new Error('what is accepted is pending or held, and of the company the transaction is for')
    const { job, key, payload } = ring
    // References between the rows are checked when the whole statement has been done.
    await tx.execute(sql`
      with document as (
        insert into ksef_documents_raw (id, company_id, environment, direction, kind, hash, content, created_at)
        values (${documentId}, ${companyId}, ${environment}, 'outgoing', 'invoice', ${invoiceHash}, ${content}, ${clock})
      ), register as (
        ${insertHeaders(companyId, [header])}
      ), submission as (
        insert into submissions (
          id, company_id, environment, document_id, state, form_code, seller_nip, kind, number, issue_date, invoice_hash,
          invoice_size, has_attachment, delivery, offline_mode, offline_choice, deadline, outages_at, alarm_at, corrects_id,
          corrects_hash, reason, attempts, fence, polls, next_attempt_at, traceparent, created_at, updated_at)
        values (
          ${id}, ${companyId}, ${environment}, ${documentId}, ${submission.state}, ${submission.formCode}, ${submission.sellerNip},
          ${submission.kind}, ${submission.number}, ${submission.issueDate}, ${invoiceHash}, ${submission.invoiceSize},
          ${submission.hasAttachment}, ${submission.delivery}, ${submission.offlineMode}, ${submission.offlineChoice},
          ${submission.deadline}, ${submission.outagesAt}, ${submission.alarmAt}, ${submission.correctsId},
          ${submission.correctsHash}, ${reasonOf(submission)}::jsonb, 0, 0, 0, ${submission.nextAttemptAt}, ${submission.traceparent}, ${submission.createdAt}, ${submission.updatedAt})
      ), entry as (
        insert into idempotency_keys (company_id, key, fingerprint, submission_id, created_at)
        select ${companyId}::uuid, given.key, given.fingerprint, ${id}::uuid, ${clock}
          from (values (${entry?.key ?? null}::text, ${entry?.fingerprint ?? null}::text)) given (key, fingerprint)
         where given.key is not null
      )
      insert into outbox (company_id, job, key, payload, created_at)
      values (${companyId}, ${job}, ${key}, ${JSON.stringify(payload)}::jsonb, ${clock})`)
  },
})

const reasonOf = ({ reason }: Submission): string | null => (reason === null ? null : JSON.stringify(reason))

/** True when another transaction holds the key. Else this one holds it from now on. */
function isBusy(companyId: CompanyId, idempotencyKey: string) {
  const name = `idempotency ${companyId} ${idempotencyKey}`
  return sql`not pg_try_advisory_xact_lock(hashtextextended(${name}, 0))`
}
