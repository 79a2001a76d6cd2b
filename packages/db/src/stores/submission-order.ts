/**
 * A correction goes after its originals. What it waits for stands on its row; that somebody waits for it is noted on each
 * original's, under that row's lock: so whoever moves an original either sees the note, or is seen to have moved it.
 */
import {
  type CompanyId,
  type CorrectionOrder,
  ORIGINAL_REJECTED,
  type SubmissionId,
  TOTAL_FAILURE,
} from '@ksef-fleet/core'
import { type SQL, sql } from 'drizzle-orm'
import type { Tx } from '../transaction.ts'
import { moveAndTell } from './submission-events.ts'
import { AWAITED, heldFollowers, withCorrectionsOf } from './submission-followers.ts'

export function submissionOrder(tx: Tx, companyId: CompanyId): CorrectionOrder {
  return {
    async awaitOriginals(corrections) {
      const { rows } = await tx.execute<{ rejected: SubmissionId[] | null }>(
        linked(companyId, JSON.stringify(corrections)),
      )
      const rejected = rows.flatMap((row) => row.rejected ?? [])
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
               updated_at = clock_timestamp()
         where s.company_id = ${companyId} and s.state in ('pending', 'held') and s.waits_for && ${replaced}`)
      if ((rowCount ?? 0) === 0) return
      await tx.execute(
        sql`update submissions set is_awaited = true where company_id = ${companyId} and id = ${to}`,
      )
      await tx.execute(letGo(companyId, to))
    },
  }
}

/**
 * Of those that go after `to` and are held for an original: who has no rejected one left. A statement of its own, after their
 * rows were changed: so whoever rejects another original meanwhile either is seen, or has to wait and finds them let go.
 */
const letGo = (companyId: CompanyId, to: SubmissionId): SQL => sql`
  update submissions s
     set state = 'pending', reason = ${AWAITED}, next_attempt_at = clock_timestamp(), updated_at = clock_timestamp()
   where s.company_id = ${companyId} and s.waits_for @> array[${to}::uuid]
     and s.state = 'held' and s.reason ->> 'code' = ${ORIGINAL_REJECTED}
     and not exists (
       select from submissions o
        where o.company_id = s.company_id and o.id = any(s.waits_for) and o.state = 'rejected')`

const isStillToCome = sql.raw(
  `(o.state not in ('registered', 'receipted') and o.reason ->> 'code' is distinct from '${TOTAL_FAILURE}')`,
)

/**
 * An original is an invoice of the same seller under a number that the correction names, and no correction itself, so that no
 * two go after each other. A number that was refused may have been used anew: only where none of them lives does the rejected one
 * count. The register is searched, which has an index on numbers. One that is kept from KSeF since a total failure never gets a
 * number: nobody waits for it. Originals are locked in one order, whatever the order in which corrections name them.
 */
const linked = (companyId: CompanyId, corrections: string): SQL => sql`
  with asking as materialized (
    select s.id, s.environment, s.seller_nip, asked.numbers
      from json_to_recordset(${corrections}::json) as asked ("submissionId" uuid, numbers text[])
      join submissions s on s.company_id = ${companyId} and s.id = asked."submissionId"
     where s.state in ('pending', 'held') and s.kind like 'KOR%'
  ), named as materialized (
    select a.id as follower, o.id
      from asking a cross join lateral unnest(a.numbers) as n (number) cross join lateral (
        select o.id, o.state, o.reason
          from ksef_documents od join submissions o on o.company_id = od.company_id and o.id = od.submission_id
         where od.company_id = ${companyId} and od.number = n.number
           and o.environment = a.environment and o.seller_nip = a.seller_nip and o.id <> a.id and o.kind not like 'KOR%'
         order by o.state = 'rejected', o.created_at desc limit 1) as o
     where ${isStillToCome}
  ), locked as materialized (
    select o.id from submissions o
     where o.company_id = ${companyId} and o.id in (select id from named)
       and ${isStillToCome}
     order by o.id for no key update
  ), noted as (
    update submissions o set is_awaited = true
      from locked where o.company_id = ${companyId} and o.id = locked.id
    returning o.id, o.state = 'rejected' as is_rejected
  ), originals as (
    select named.follower, array_agg(distinct noted.id) as ids,
           array_agg(noted.id) filter (where noted.is_rejected) as rejected
      from named join noted on noted.id = named.id group by named.follower
  ), waiting as (
    update submissions s set waits_for = originals.ids, reason = coalesce(s.reason, ${AWAITED})
      from originals
     where s.company_id = ${companyId} and s.id = originals.follower
    returning originals.rejected
  )
  select rejected from waiting`
