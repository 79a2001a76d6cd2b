import type { CompanyId, CompanyTransaction } from '@ksef-fleet/core'
import { and, eq, sql } from 'drizzle-orm'
import { clock } from '../database-clock.ts'
import { idempotencyKeys as table } from '../tables.ts'
import type { Tx } from '../transaction.ts'

export const idempotencyStore = (tx: Tx, companyId: CompanyId): CompanyTransaction['idempotency'] => ({
  async lock(key) {
    const name = `idempotency ${companyId} ${key}`
    const { rows } = await tx.execute<{ taken: boolean }>(
      sql`select pg_try_advisory_xact_lock(hashtextextended(${name}, 0)) as taken`,
    )
    return rows[0]?.taken === true
  },
  async get(key) {
    const [found] = await tx
      .select({ fingerprint: table.fingerprint, submissionId: table.submissionId, batchId: table.batchId })
      .from(table)
      .where(and(eq(table.companyId, companyId), eq(table.key, key)))
    return found ?? null
  },
  async insert(entry) {
    await tx.insert(table).values({ ...entry, companyId, createdAt: clock })
  },
})
