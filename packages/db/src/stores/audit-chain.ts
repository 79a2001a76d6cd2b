/**
 * The chain over the audit log. Entries have their place by (transaction, id), not by time: once no transaction older
 * than theirs is running, nothing can come before them any more, whatever time it names. So the log is sealed along that
 * order, and each seal cuts what it took into a block for every day (UTC) of `at` that it met. An entry that comes late
 * for its day goes into that day's next block.
 *
 * A day's blocks continue one another, and its first continues the newest block of a day before. What this shows: an
 * entry changed, removed or put in below what is sealed; a block changed; a block removed, unless it is the newest of
 * all. Only a copy of the newest hash, kept elsewhere, shows that one.
 *
 * Transactions are numbered by the cluster. A base backup or snapshot keeps the count; a dump loaded into another
 * cluster does not, and there entries would count as put in afterwards until `pg_resetwal -x -e` moves the count on.
 */
import type { AuditChain, AuditSeal } from '@ksef-fleet/core'
import { asc, desc, eq, lt, sql } from 'drizzle-orm'
import { ksefAuditSeals as table } from '../tables.ts'
import type { Tx } from '../transaction.ts'
import { writeEntries } from './audit.ts'
import { hashOfBlock, NO_HASH } from './audit-block.ts'
import { cutBlocks } from './audit-stretch.ts'
import { verifyDay } from './audit-verdict.ts'

/** Any number, as long as it is always this one: whoever seals holds it, the others leave. */
const SEAL_LOCK = 7_234_005

export const auditChain = (tx: Tx): AuditChain => ({
  appendFor: (entries) => writeEntries(tx, entries),
  async seal(limit) {
    const { rows } = await tx.execute<{ mine: boolean }>(
      sql`select pg_try_advisory_xact_lock(${SEAL_LOCK}) as mine`,
    )
    if (rows[0]?.mine !== true) return 0
    let sealed = 0
    for (const { at, ...cut } of await cutBlocks(tx, limit)) {
      const last = await newestOf(tx, cut.day)
      const previousHash = last?.hash ?? (await newestBefore(tx, cut.day))?.hash ?? NO_HASH
      const block = { ...cut, number: (last?.number ?? 0) + 1, previousHash, sealedAt: new Date(at) }
      await insertSeal(tx, { ...block, hash: hashOfBlock(block) })
      sealed += block.entries
    }
    return sealed
  },
  seals: (day) => sealsOf(tx, day),
  verify: async (day) => verifyDay(tx, day, await sealsOf(tx, day)),
  async keep(months) {
    const { rows } = await tx.execute<{ name: string }>(
      sql`select name from ksef_audit_log_keep(${months}::integer) as name`,
    )
    return rows.map(({ name }) => name)
  },
})

async function sealsOf(tx: Tx, day: string): Promise<AuditSeal[]> {
  const rows = await tx.select().from(table).where(eq(table.day, day)).orderBy(asc(table.number))
  return rows.map(({ endTransactionId, endId, ...seal }) => ({
    ...seal,
    end: { transactionId: endTransactionId, id: String(endId) },
  }))
}

async function insertSeal(tx: Tx, { end, ...seal }: AuditSeal): Promise<void> {
  await tx.insert(table).values({ ...seal, endTransactionId: end.transactionId, endId: BigInt(end.id) })
}

async function newestOf(tx: Tx, day: string) {
  const [found] = await tx
    .select({ number: table.number, hash: table.hash })
    .from(table)
    .where(eq(table.day, day))
    .orderBy(desc(table.number))
    .limit(1)
  return found
}

async function newestBefore(tx: Tx, day: string) {
  const [found] = await tx
    .select({ hash: table.hash })
    .from(table)
    .where(lt(table.day, day))
    .orderBy(desc(table.day), desc(table.number))
    .limit(1)
  return found
}
