/**
 * A correction goes after its original. What it waits for stands on its row; that somebody waits for it is noted on the
 * original's, under that row's lock: so whoever moves the original either sees the note, or is seen to have moved it.
 */
import {
  type CompanyId,
  type CompanyTransaction,
  ORIGINAL_REJECTED,
  type SubmissionId,
  TOTAL_FAILURE,
} from '@ksef-fleet/core'
import { type SQL, sql } from 'drizzle-orm'
import type { Tx } from '../transaction.ts'
import { moveAndTell } from './submission-events.ts'
import { AWAITED, heldFollowers, withCorrectionsOf } from './submission-followers.ts'

type Order = Pick<CompanyTransaction['submissions'], 'awaitOriginals' | 'awaitInstead'>

export function submissionOrder(tx: Tx, companyId: CompanyId): Order {
  return {
    async awaitOriginals(of) {
      const asking = 'batchId' in of ? sql`s.batch_id = ${of.batchId}` : sql`s.id = ${of.submissionId}`
      const { rows } = await tx.execute<{ id: SubmissionId; isRejected: boolean }>(linked(companyId, asking))
      const rejected = rows.flatMap(({ id, isRejected }) => (isRejected ? [id] : []))
      if (rejected.length > 0)
        await moveAndTell(tx, companyId, { update: heldFollowers(companyId, rejected) })
      return rows.length
    },
    async awaitInstead(from, to) {
      const replaced = sql`array(${withCorrectionsOf(companyId, from)})`
      const { rowCount } = await tx.execute(sql`
        update submissions s
           set waits_for = array(select distinct case when w = any(${replaced}) then ${to}::uuid else w end
                                   from unnest(s.waits_for) as w),
               updated_at = clock_timestamp(),
               state = case when ${isHeldForOriginal} then 'pending' else s.state end,
               next_attempt_at = case when ${isHeldForOriginal} then clock_timestamp() else s.next_attempt_at end,
               reason = case when ${isHeldForOriginal} then ${AWAITED} else s.reason end
         where s.company_id = ${companyId} and s.state in ('pending', 'held') and s.waits_for && ${replaced}`)
      if ((rowCount ?? 0) > 0)
        await tx.execute(
          sql`update submissions set is_awaited = true where company_id = ${companyId} and id = ${to}`,
        )
    },
  }
}

const isStillToCome = sql.raw(
  `(o.state not in ('registered', 'receipted') and o.reason ->> 'code' is distinct from '${TOTAL_FAILURE}')`,
)

const isHeldForOriginal = sql.raw(`(s.state = 'held' and s.reason ->> 'code' = '${ORIGINAL_REJECTED}')`)

/**
 * An original is an invoice of the same seller under the number that the correction names, and no correction itself. A
 * number that was refused may have been used anew: only where none of them lives does the rejected one count. The register is
 * searched, which has an index on numbers. One that is kept from KSeF since a total failure never gets a number: nobody waits for it.
 */
const linked = (companyId: CompanyId, asking: SQL): SQL => sql`
  with asking as materialized (
    select s.id, s.environment, s.seller_nip, d.corrected_number
      from submissions s join ksef_documents d on d.company_id = s.company_id and d.document_id = s.document_id
     where s.company_id = ${companyId} and ${asking} and s.state in ('pending', 'held')
       and d.corrected_number is not null and d.corrected_ksef_number is null
  ), named as materialized (
    select a.id as follower, o.id, o.state = 'rejected' as is_rejected
      from asking a cross join lateral (
        select o.id, o.state, o.reason
          from ksef_documents od join submissions o on o.company_id = od.company_id and o.id = od.submission_id
         where od.company_id = ${companyId} and od.number = a.corrected_number
           and o.environment = a.environment and o.seller_nip = a.seller_nip and o.id <> a.id and o.kind not like 'KOR%'
         order by o.state = 'rejected', o.created_at desc limit 1) as o
     where ${isStillToCome}
  ), noted as (
    update submissions o set is_awaited = true
     where o.company_id = ${companyId} and o.id in (select id from named)
       and ${isStillToCome}
    returning o.id, o.state = 'rejected' as is_rejected
  ), waiting as (
    update submissions s set waits_for = array[noted.id], reason = coalesce(s.reason, ${AWAITED})
      from named join noted on noted.id = named.id
     where s.company_id = ${companyId} and s.id = named.follower
    returning s.id, noted.id as original, noted.is_rejected
  )
  select original as id, is_rejected as "isRejected" from waiting`
