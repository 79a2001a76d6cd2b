import type { CompanyId, PackageStore } from '@ksef-fleet/core'
import { sql } from 'drizzle-orm'
import type { Tx } from '../transaction.ts'
import { moveAndTell } from './submission-events.ts'
import { TOLD_COLUMNS } from './told-columns.ts'

/** The receipts of a package's submissions, many in a statement. */
export const packageReceipts = (
  tx: Tx,
  companyId: CompanyId,
): Pick<PackageStore, 'receipt' | 'fetchOwnReceipts'> => ({
  async fetchOwnReceipts(id) {
    await tx.execute(sql`
      update submissions set next_poll_at = clock_timestamp()
       where company_id = ${companyId} and session_id = ${id} and state = 'registered'`)
  },
  async receipt(id, receipts) {
    const column = <T>(read: (one: (typeof receipts)[number]) => T) => sql.param(receipts.map(read))
    // Only whose receipt is still to come: an earlier one stays, and its document is not written twice.
    const others = sql`
      come as (
        select r.*, s.environment
          from unnest(${column((one) => one.submissionId)}::uuid[], ${column((one) => one.id)}::uuid[],
                      ${column((one) => one.ksefNumber)}::text[], ${column((one) => one.hash)}::text[],
                      ${column((one) => one.content)}::bytea[])
               as r (submission_id, document_id, ksef_number, hash, content)
          join submissions s on s.company_id = ${companyId} and s.id = r.submission_id and s.session_id = ${id}
                            and s.state = 'registered' and s.ksef_number = r.ksef_number
           for update of s
      ), stored as (
        insert into ksef_documents_raw
          (id, company_id, environment, direction, kind, hash, content, ksef_number, created_at)
        select document_id, ${companyId}, environment, 'outgoing', 'upo', hash, content, ksef_number, clock_timestamp()
          from come
        on conflict (company_id, environment, kind, ksef_number) where ksef_number is not null do nothing
        returning id
      ),`
    const update = sql`
      update submissions s
         set state = 'receipted', upo_document_id = come.document_id, upo_download_url = null, next_poll_at = null,
             polls = 0, updated_at = clock_timestamp()
        from come join stored on stored.id = come.document_id
       where s.company_id = ${companyId} and s.id = come.submission_id
      returning ${TOLD_COLUMNS}`
    await moveAndTell(tx, companyId, { update, others })
  },
})
