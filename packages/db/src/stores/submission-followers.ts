/** Corrections that go after their originals, as the originals come to something (`submission-order.ts`). */
import { type CompanyId, ORIGINAL_AWAITED, ORIGINAL_REJECTED } from '@ksef-fleet/core'
import { type SQL, sql } from 'drizzle-orm'
import type { Tx } from '../transaction.ts'
import { TOLD_COLUMNS } from './told-columns.ts'

const reasonOf = (code: string): SQL => sql.raw(`'${JSON.stringify({ code })}'::jsonb`)

export const AWAITED = reasonOf(ORIGINAL_AWAITED)
const REJECTED = reasonOf(ORIGINAL_REJECTED)

/** The invoice and all that ever were to take its place: ids. */
export const withCorrectionsOf = (companyId: CompanyId, id: string): SQL => sql`
  with recursive place as (
    select ${id}::uuid as id
     union
    select c.id from place join submissions c on c.company_id = ${companyId} and c.corrects_id = place.id
  ) select id from place`

/** After originals were registered: whoever waits for nothing else goes at once. */
export async function releaseFollowers(
  tx: Tx,
  companyId: CompanyId,
  originals: readonly string[],
): Promise<void> {
  const ids = sql.param([...originals])
  // Of the very row: had it to wait for who registered another one, that one is gone from it by now.
  const leftOver = sql`array(select unnest(s.waits_for) except select unnest(${ids}::uuid[]))`
  await tx.execute(sql`
    update submissions s
       set waits_for = nullif(${leftOver}, '{}'),
           next_attempt_at = case when s.state = 'pending' then clock_timestamp() else s.next_attempt_at end,
           reason = case when s.state = 'pending' and ${leftOver} = '{}' then null else s.reason end,
           updated_at = clock_timestamp()
     where s.company_id = ${companyId} and s.waits_for && ${ids}::uuid[]`)
}

/**
 * To be done before `heldFollowers`, which passes over whoever is held already: one that is just being let go is waited for, and
 * then seen.
 */
export const lockFollowers = (companyId: CompanyId, originals: readonly string[]): SQL => sql`
    select from submissions s
     where s.company_id = ${companyId} and s.waits_for && ${sql.param([...originals])}::uuid[]
     order by s.id for no key update`

/** After originals were rejected: a correction of what is no invoice waits for a person. */
export const heldFollowers = (companyId: CompanyId, originals: readonly string[]): SQL => sql`
    update submissions s set state = 'held', reason = ${REJECTED}, polls = 0, updated_at = clock_timestamp()
     where s.company_id = ${companyId} and s.state = 'pending' and s.waits_for && ${sql.param([...originals])}::uuid[]
    returning ${TOLD_COLUMNS}`
