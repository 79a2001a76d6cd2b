/**
 * The events of submissions, written in the very statement that moves them: ten thousand in a few statements, and none
 * for a move that did not happen.
 */
import {
  BATCH_EVENT_VERSION,
  type CompanyId,
  INVOICE_EVENT_VERSION,
  type SubmissionState,
} from '@ksef-fleet/core'
import { type SQL, type SQLWrapper, sql } from 'drizzle-orm'
import type { Tx } from '../transaction.ts'
import { noteNumbers } from './document-register.ts'
import { heldFollowers, lockFollowers, releaseFollowers } from './submission-followers.ts'

const TOLD: ReadonlySet<SubmissionState> = new Set(['registered', 'receipted', 'rejected', 'held'])

/** Whether coming into that state is an event. */
export const isTold = (state: SubmissionState): boolean => TOLD.has(state)

/**
 * Moves submissions, notes their numbers in the register and writes their events; where they were the last of a batch, that one's too.
 *
 * @param update an UPDATE of submissions into states that are told, returning `toldColumns`
 * @param others further queries of a WITH that the update needs before it
 * @returns how many were moved
 */
export async function moveAndTell(
  tx: Tx,
  companyId: CompanyId,
  { update, others = sql`` }: { update: SQLWrapper; others?: SQL },
): Promise<number> {
  const { rows } = await tx.execute<Moved>(sql`
    with ${others} moved as (${unwrapped(update)}), noted as (${noteNumbers}), told as (${invoiceEvents})
    select count(*)::int as moved,
           array_agg(distinct batch_id) filter (where batch_id is not null and state in ('receipted', 'rejected')) as batches,
           array_agg(id) filter (where is_awaited and state = 'registered') as registered,
           array_agg(id) filter (where is_awaited and state = 'rejected') as rejected
      from moved`)
  const [row] = rows
  if (row?.batches != null) await completeBatches(tx, companyId, row.batches)
  // In statements of their own: who came to wait while the row was locked is seen by them alone.
  if (row?.registered != null) await releaseFollowers(tx, companyId, row.registered)
  if (row?.rejected != null) {
    await tx.execute(lockFollowers(companyId, row.rejected))
    await moveAndTell(tx, companyId, { update: heldFollowers(companyId, row.rejected) })
  }
  return row?.moved ?? 0
}

type Moved = {
  moved: number
  batches: string[] | null
  registered: string[] | null
  rejected: string[] | null
}

/** A query builder comes in parentheses of its own. */
const unwrapped = (query: SQLWrapper): SQL => query.getSQL()

/** One that comes again into a state, as after a retry, is told again; a transaction moves it once. */
const invoiceEvents: SQL = sql`
  insert into events (company_id, type, version, subject, key, data, at)
  select company_id, 'invoice.' || state, ${INVOICE_EVENT_VERSION}::integer, id::text,
         'invoice-' || state || '-' || id ||
           case when state in ('rejected', 'held') then '-' || pg_current_xact_id() else '' end,
         jsonb_build_object(
           'invoiceId', id, 'batchId', batch_id, 'environment', environment, 'kind', kind, 'number', number,
           'issueDate', issue_date, 'sellerNip', seller_nip)
         || case when state in ('rejected', 'held')
              then jsonb_build_object(
                'code', reason -> 'code', 'ksefCode', reason -> 'ksefCode',
                'originalKsefNumber', reason -> 'originalKsefNumber')
              else jsonb_build_object(
                'ksefNumber', ksef_number, 'registeredAt', registered_at, 'invoicingMode', invoicing_mode,
                'offlineMode', offline_mode)
            end,
         clock_timestamp()
    from moved
  on conflict (company_id, key) do nothing`

const UNDER_WAY: SQL = sql.raw(
  ['pending', 'claimed', 'packed', 'sent', 'lost', 'registered', 'held'].map((state) => `'${state}'`).join(),
)

/**
 * Of two transactions that each move one of a batch's last two, neither sees the other's. So they take turns: whoever
 * commits later looks when the other has committed. The lock is another statement than the look, which must begin after it.
 */
async function completeBatches(tx: Tx, companyId: CompanyId, batches: readonly string[]): Promise<void> {
  const ids = sql.param([...batches])
  await tx.execute(sql`
    select pg_advisory_xact_lock(key)
      from (select hashtextextended('batch ' || id, 0) as key from unnest(${ids}::text[]) as id order by 1) as keys`)
  await tx.execute(sql`
    with complete as (
      select b.id, b.environment, b.invoice_count from batches b
       where b.company_id = ${companyId} and b.id = any(${ids}::uuid[])
         and not exists (
           select from submissions s
            where s.company_id = ${companyId} and s.batch_id = b.id and s.state in (${UNDER_WAY}))
    )
    insert into events (company_id, type, version, subject, key, data, at)
    select ${companyId}::uuid, 'batch.completed', ${BATCH_EVENT_VERSION}::integer, c.id::text, 'batch-completed-' || c.id,
           jsonb_build_object(
             'batchId', c.id, 'environment', c.environment, 'invoices', c.invoice_count,
             'receipted', counted.receipted, 'rejected', counted.rejected),
           clock_timestamp()
      from complete c cross join lateral (
        select count(*) filter (where s.state = 'receipted') as receipted,
               count(*) filter (where s.state = 'rejected') as rejected
          from submissions s where s.company_id = ${companyId} and s.batch_id = c.id) as counted
    on conflict (company_id, key) do nothing`)
}
