/** Documents of all companies: what the system's login may do to them. It reads no content. */
import type { DocumentDirectory, DocumentPlace, Unregistered } from '@ksef-fleet/core'
import { sql } from 'drizzle-orm'
import { clock } from '../database-clock.ts'
import type { Tx } from '../transaction.ts'

const SETTLED = sql.raw(`('receipted', 'rejected')`)

export const documentDirectory = (tx: Tx): DocumentDirectory => ({
  async unregistered({ after, limit }) {
    const { rows } = await tx.execute<Unregistered>(sql`
      select s.company_id as "companyId", s.id as "submissionId", s.document_id as "documentId",
             s.ksef_number as "ksefNumber"
        from submissions s
       where ${after === null ? sql`true` : sql`(s.company_id, s.id) > (${after.companyId}, ${after.submissionId})`}
         and not exists (select from ksef_documents d
                          where d.company_id = s.company_id and d.document_id = s.document_id)
       order by s.company_id, s.id
       limit ${limit}`)
    return rows
  },
  async keptSince(day, limit) {
    const { rows } = await tx.execute<DocumentPlace>(sql`
      select d.company_id as "companyId", d.document_id as "documentId"
        from ksef_documents d
       where d.erased_at is null
         -- Its date of issue is whatever its issuer wrote: what came lately stays, however old it says it is.
         and d.created_at < ${day}::date at time zone 'Europe/Warsaw'
         and (d.issue_date is null or d.issue_date < ${day}::date)
         and not exists (select from submissions s where s.company_id = d.company_id and s.id = d.submission_id
                            and s.state not in ${SETTLED})
       limit ${limit}`)
    return rows
  },
  async erase(places) {
    if (places.length === 0) return []
    const column = (read: (place: DocumentPlace) => string) => sql.param(places.map(read))
    const { rows } = await tx.execute<DocumentPlace>(sql`
      with come as materialized (
        select * from unnest(${column((place) => place.companyId)}::uuid[], ${column((place) => place.documentId)}::uuid[])
                        as come (company_id, document_id)
      ), settled as materialized (
        -- Locked, so that whoever sends one again comes before this or sees what became of its document.
        select s.company_id, s.id
          from come join ksef_documents d using (company_id, document_id)
          join submissions s on s.company_id = d.company_id and s.id = d.submission_id
         where s.state in ${SETTLED}
         order by s.company_id, s.id
           for update of s
      ), emptied as (
        update ksef_documents d
           set erased_at = ${clock}, search = '', number = null, issue_date = null, sale_date = null, seller_nip = null,
               seller_name = null, buyer_id_type = null, buyer_id = null, buyer_name = null, third_parties = '[]',
               currency = null, net = null, vat = null, gross = null, corrected_number = null, corrected_ksef_number = null
          from come
         where d.company_id = come.company_id and d.document_id = come.document_id and d.erased_at is null
           and (not exists (select from submissions s where s.company_id = d.company_id and s.id = d.submission_id)
                or exists (select from settled s where s.company_id = d.company_id and s.id = d.submission_id))
        returning d.company_id, d.document_id, d.environment, d.ksef_number
      ), contents as (
        update ksef_documents_raw r set content = '', erased_at = ${clock}
          from emptied e
         where r.company_id = e.company_id and r.erased_at is null
           and (r.id = e.document_id
                or (r.environment = e.environment and r.kind = 'upo' and r.ksef_number = e.ksef_number))
      ), told as (
        update events v
           set data = v.data || '{"number": null, "sellerNip": null, "issueDate": null, "kind": null, "gross": null,
                                  "currency": null, "correctedNumber": null}'
          from emptied e
         where v.company_id = e.company_id and v.type = 'inbox.received'
           and v.key = 'inbox-received-' || e.environment || '-' || e.ksef_number
        returning v.id, v.company_id
      ), answered as (
        -- A receiver may have said it back.
        update webhook_attempts a set answer = null
          from told join webhook_endpoints w on w.company_id is null or w.company_id = told.company_id
         where a.endpoint_id = w.id and a.event_id = told.id and a.answer is not null
      )
      select company_id as "companyId", document_id as "documentId" from emptied`)
    return rows
  },
})
