import type { ApiKeyStore, CompanyId, SystemTransaction } from '@ksef-fleet/core'
import { and, asc, eq, getTableColumns, isNull, lt, or, sql } from 'drizzle-orm'
import { clock } from '../database-clock.ts'
import { apiKeys as table } from '../tables.ts'
import type { Tx } from '../transaction.ts'

const { hash, ...columns } = getTableColumns(table)

/** A company's own keys. */
export const companyKeyStore = (tx: Tx, companyId: CompanyId): ApiKeyStore => keyStore(tx, companyId)

/** The provider's own keys; a company's are only looked up here, never managed. */
export const providerKeyStore = (tx: Tx): SystemTransaction['apiKeys'] => ({
  ...keyStore(tx, null),
  async findByHash(wanted) {
    const [found] = await tx.select(columns).from(table).where(eq(table.hash, wanted))
    return found ?? null
  },
  async touch(id) {
    const stale = or(
      isNull(table.lastUsedAt),
      lt(table.lastUsedAt, sql`clock_timestamp() - interval '1 minute'`),
    )
    await tx
      .update(table)
      .set({ lastUsedAt: clock })
      .where(and(eq(table.id, id), stale))
  },
})

const keyStore = (tx: Tx, owner: CompanyId | null): ApiKeyStore => {
  const own = owner === null ? isNull(table.companyId) : eq(table.companyId, owner)
  return {
    async insert(key) {
      if (key.companyId !== owner) throw new Error('a key belongs to whom it is made for')
      await tx.insert(table).values(key)
    },
    async get(id) {
      const [found] = await tx
        .select(columns)
        .from(table)
        .where(and(own, eq(table.id, id)))
      return found ?? null
    },
    list: () => tx.select(columns).from(table).where(own).orderBy(asc(table.createdAt), asc(table.id)),
    async revoke(id, at) {
      const revoked = await tx
        .update(table)
        .set({ revokedAt: at })
        .where(and(own, eq(table.id, id), isNull(table.revokedAt)))
        .returning({ id: table.id })
      return revoked.length === 1
    },
  }
}
