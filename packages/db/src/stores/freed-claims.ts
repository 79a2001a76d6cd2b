import { sql } from 'drizzle-orm'
import { PRESENCE_LOCK } from '../presence.ts'
import type { Tx } from '../transaction.ts'

/**
 * Ends the leases of workers that are there no more, and notes when they were found gone. Gone is whose presence anybody can lock;
 * the lock is let go with this transaction, and another sweeper that comes upon it meanwhile takes the dead one for alive until
 * its next sweep. A company whose session was being opened is rung for again, as one whose invoice was claimed is when the claim
 * is ended.
 */
export async function freeTheDead(tx: Tx): Promise<void> {
  await tx.execute(sql`
    with dead as materialized (
      select holder from worker_presences where is_present and pg_try_advisory_xact_lock(${PRESENCE_LOCK}, holder)
    ), found as (
      update worker_presences w set is_present = false, gone_at = clock_timestamp()
        from dead where w.holder = dead.holder
    ), gone as materialized (
      select holder from dead union select holder from worker_presences where not is_present
    ), claims as materialized (
      select company_id, id from submissions
       where state = 'claimed' and lease_until > statement_timestamp() and held_by in (select holder from gone)
         for update skip locked
    ), openings as materialized (
      select company_id, id, environment from sessions
       where kind = 'online' and state = 'opening' and lease_until > statement_timestamp()
         and held_by in (select holder from gone)
         for update skip locked
    ), marked as materialized (
      select i.company_id, i.id from ksef_integrations i
       where i.send_rung_at is not null
         and (i.company_id, i.environment) in (select company_id, environment from openings)
         for update skip locked
    ), unmarked as (
      update ksef_integrations i set send_rung_at = null
        from marked where i.company_id = marked.company_id and i.id = marked.id
    ), opened as (
      update sessions s set lease_until = clock_timestamp()
        from openings where s.company_id = openings.company_id and s.id = openings.id
    )
    update submissions s set lease_until = clock_timestamp()
      from claims where s.company_id = claims.company_id and s.id = claims.id`)
}
