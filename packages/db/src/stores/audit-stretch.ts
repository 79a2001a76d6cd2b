/** Stretches of the audit log: what of it is still to be sealed, and what stands in one now. */
import type { AuditSeal } from '@ksef-fleet/core'
import { type SQL, sql } from 'drizzle-orm'
import type { Tx } from '../transaction.ts'
import type { Stretch } from './audit-block.ts'

type Position = AuditSeal['end']
type Cut = Pick<AuditSeal, 'day' | 'entries' | 'digest' | 'end'> & { at: string }

/** Before every entry. */
export const START: Position = { transactionId: '0', id: '0' }

/**
 * SHA-256 over the lines in their order. A line is every column as a JSON array: jsonb prints one value one way, and the
 * moment is spelled out here, so that no setting of the session has a say.
 */
const digest: SQL = sql`encode(sha256(convert_to(string_agg(jsonb_build_array(
    id, company_id, to_char(at at time zone 'UTC', 'YYYY-MM-DD"T"HH24:MI:SS.US"Z"'), actor, action, subject, outcome,
    taxpayer_nip, provider_nip, operation, http_status, duration_ms, error_code, request_id, reference_number, details,
    transaction_id::text)::text, E'\\n' order by transaction_id, id), 'UTF8')), 'hex')`

const place = ({ transactionId, id }: Position): SQL => sql`(${transactionId}::text::xid8, ${id}::bigint)`

/** Up to `limit` entries that nothing can precede any more, as one block for each day, by day. */
export async function cutBlocks(tx: Tx, limit: number): Promise<Cut[]> {
  const frontier = (await sealedUpTo(tx)) ?? START
  const { rows } = await tx.execute<Omit<Cut, 'end'> & { transactionId: string; id: string }>(sql`
    with settled as materialized (
      select *, to_char(at at time zone 'UTC', 'YYYY-MM-DD') as day
        from ksef_audit_log
       where (transaction_id, id) > ${place(frontier)}
         and transaction_id < pg_snapshot_xmin(pg_current_snapshot())
       order by transaction_id, id
       limit ${limit}
    )
    select day, count(*)::int as entries, ${digest} as digest,
           to_char(clock_timestamp() at time zone 'UTC', 'YYYY-MM-DD"T"HH24:MI:SS.MS"Z"') as at,
           (array_agg(transaction_id::text order by transaction_id desc, id desc))[1] as "transactionId",
           (array_agg(id::text order by transaction_id desc, id desc))[1] as id
      from settled group by day order by day`)
  return rows.map(({ transactionId, id, ...cut }) => ({ ...cut, end: { transactionId, id } }))
}

/** Where the newest seal ends; null before the first. */
export async function sealedUpTo(tx: Tx): Promise<Position | null> {
  const { rows } = await tx.execute<Position>(sql`
    select end_transaction_id::text as "transactionId", end_id::text as id from ksef_audit_seals
     order by end_transaction_id desc, end_id desc limit 1`)
  return rows[0] ?? null
}

/** What stands in the log of that day after `from`, up to and with `to`. */
export async function readStretch(tx: Tx, day: string, { from, to }: { from: Position; to: Position }) {
  const { rows } = await tx.execute<Stretch>(sql`
    select count(*)::int as entries, ${digest} as digest from ksef_audit_log
     where ${within(day)} and (transaction_id, id) > ${place(from)} and (transaction_id, id) <= ${place(to)}`)
  return rows[0] ?? { entries: 0, digest: null }
}

/** Entries of that day up to and with `to`. */
export async function countUpTo(tx: Tx, day: string, to: Position): Promise<number> {
  const { rows } = await tx.execute<{ entries: number }>(sql`
    select count(*)::int as entries from ksef_audit_log
     where ${within(day)} and (transaction_id, id) <= ${place(to)}`)
  return rows[0]?.entries ?? 0
}

const within = (day: string): SQL =>
  sql`at >= ${`${day}T00:00:00Z`}::timestamptz and at < ${`${day}T00:00:00Z`}::timestamptz + interval '1 day'`
