import { sql } from 'drizzle-orm'
import type { Tx } from '../transaction.ts'

/**
 * Ends claims whose lease ran out. An attempt under the present fence that is not known to have failed means that the
 * bytes may have left: the submission is `lost` and must be searched for before anything is sent again. Otherwise
 * nothing left, and it is `pending` once more, before all of its company that came later: it was next when it was claimed.
 * A timer so far back says nothing of when the company was last rung for, so that mark goes, where nobody holds it.
 *
 * No attempt can begin between the look and the move: `attempts.begin` locks the same row and renews its lease.
 */
export async function expireClaims(tx: Tx, limit: number): Promise<{ lost: number; pending: number }> {
  const { rows } = await tx.execute<{ lost: number; pending: number }>(sql`
    with over as materialized (
      select s.company_id, s.id,
             exists (select from attempts a
                      where a.company_id = s.company_id and a.submission_id = s.id and a.fence = s.fence
                        and a.outcome is distinct from 'not-done') as begun
        from submissions s
       where s.state = 'claimed' and s.lease_until < statement_timestamp()
       order by s.lease_until
       limit ${limit}
         for update of s skip locked
    ), moved as (
      update submissions s
         set state = case when over.begun then 'lost' else 'pending' end,
             next_poll_at = case when over.begun then clock_timestamp() else s.next_poll_at end,
             next_attempt_at = case when over.begun then s.next_attempt_at else s.created_at end,
             polls = 0, lease_until = null, updated_at = clock_timestamp()
        from over where s.company_id = over.company_id and s.id = over.id
      returning s.company_id, s.environment, s.state
    ), marked as materialized (
      select i.company_id, i.id
        from ksef_integrations i
       where i.send_rung_at is not null
         and (i.company_id, i.environment) in (select company_id, environment from moved where state = 'pending')
         for update skip locked
    ), unmarked as (
      update ksef_integrations i set send_rung_at = null
        from marked where i.company_id = marked.company_id and i.id = marked.id
    )
    select count(*) filter (where state = 'lost')::int as lost,
           count(*) filter (where state = 'pending')::int as pending
      from moved`)
  return rows[0] ?? { lost: 0, pending: 0 }
}
