import type { AuditSeal } from '@ksef-fleet/core'
import { sql } from 'drizzle-orm'
import type { Tx } from '../transaction.ts'
import { breakOf, NO_HASH } from './audit-block.ts'
import { countUpTo, readStretch, START, sealedUpTo } from './audit-stretch.ts'

type Verdict = { block: number; why: string } | null

/** Recomputes a day's blocks against the log. Of a month that was dropped only the blocks themselves are left to check. */
export async function verifyDay(tx: Tx, day: string, seals: readonly AuditSeal[]): Promise<Verdict> {
  const frontier = await sealedUpTo(tx)
  const kept = await isKept(tx, day)
  let previous: AuditSeal | undefined
  for (const [index, seal] of seals.entries()) {
    const found = kept ? await readStretch(tx, day, { from: previous?.end ?? START, to: seal.end }) : null
    const missing = seal.number !== index + 1 || (previous === undefined && !(await continuesADay(tx, seal)))
    const why = missing
      ? 'a block before it was changed or removed'
      : breakOf(seal, previous?.hash ?? null, found)
    if (why !== null) return { block: seal.number, why }
    previous = seal
  }
  if (frontier === null || !kept) return null
  // Everything up to where the newest seal ends is sealed, so an entry below it that is in no block does not belong.
  const extra = (await countUpTo(tx, day, frontier)) - seals.reduce((sum, { entries }) => sum + entries, 0)
  return extra > 0 ? { block: seals.length, why: `${extra} entries are in no block` } : null
}

/** True when the first block of a day continues a block of a day before, or is the first of all. */
async function continuesADay(tx: Tx, first: AuditSeal): Promise<boolean> {
  const { transactionId, id } = first.end
  const { rows } = await tx.execute<{ continues: boolean }>(
    first.previousHash === NO_HASH
      ? sql`select not exists (
              select from ksef_audit_seals
               where day < ${first.day}::date
                 and (end_transaction_id, end_id) < (${transactionId}::text::xid8, ${id}::bigint)
                 and sealed_at < ${first.sealedAt.toISOString()}::timestamptz) as continues`
      : sql`select exists (
              select from ksef_audit_seals
               where day < ${first.day}::date and hash = ${first.previousHash}) as continues`,
  )
  return rows[0]?.continues === true
}

/** False when retention dropped the day's month. */
async function isKept(tx: Tx, day: string): Promise<boolean> {
  const partition = `ksef_audit_log_${day.slice(0, 7).replace('-', '_')}`
  const { rows } = await tx.execute<{ kept: boolean }>(sql`
    select to_regclass(${partition}::text) is not null or exists (
      select from ksef_audit_log
       where at >= ${`${day}T00:00:00Z`}::timestamptz
         and at < ${`${day}T00:00:00Z`}::timestamptz + interval '1 day') as kept`)
  return rows[0]?.kept === true
}
