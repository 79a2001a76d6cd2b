import type { ApiKey, ApiKeyStore, CompanyId, SystemTransaction } from '@ksef-fleet/core'
import { and, asc, eq, getTableColumns, isNull, lt, or, type SQL, sql } from 'drizzle-orm'
import { QueryBuilder } from 'drizzle-orm/pg-core'
import { clock } from '../database-clock.ts'
import { planned, rowOf, runPlanned } from '../planned-statement.ts'
import { apiKeys as table } from '../tables.ts'
import type { Tx } from '../transaction.ts'

const { hash, ...columns } = getTableColumns(table)

/** Asked for every request. */
const byHash = planned(
  'api-key-by-hash',
  new QueryBuilder()
    .select(columns)
    .from(table)
    .where(eq(table.hash, sql.placeholder('hash')))
    .getSQL(),
)

/** A company's own keys. */
export const companyKeyStore = (tx: Tx, companyId: CompanyId): ApiKeyStore =>
  keyStore(tx, { owner: companyId, within: eq(table.companyId, companyId) })

/** The provider's own keys and every company's, which it may list and end; it makes its own only. */
export const providerKeyStore = (tx: Tx): SystemTransaction['apiKeys'] => ({
  ...keyStore(tx, { owner: null, within: undefined }),
  async findByHash(wanted) {
    const [found] = await runPlanned(tx, byHash, byHash.valuesOf({ hash: wanted }))
    return found === undefined ? null : rowOf<ApiKey>(columns, found)
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

/** `within` narrows what is read and ended; undefined narrows nothing. */
const keyStore = (
  tx: Tx,
  { owner, within }: { owner: CompanyId | null; within: SQL | undefined },
): ApiKeyStore => {
  return {
    async insert(key) {
      if (key.companyId !== owner) throw new Error('a key belongs to whom it is made for')
      await tx.insert(table).values(key)
    },
    async get(id) {
      const [found] = await tx
        .select(columns)
        .from(table)
        .where(and(within, eq(table.id, id)))
      return found ?? null
    },
    list: () => tx.select(columns).from(table).where(within).orderBy(asc(table.createdAt), asc(table.id)),
    async revoke(id, at) {
      const revoked = await tx
        .update(table)
        .set({ revokedAt: at })
        .where(and(within, eq(table.id, id), isNull(table.revokedAt)))
        .returning({ id: table.id })
      return revoked.length === 1
    },
    async expireAt(id, at) {
      const ended = await tx
        .update(table)
        .set({ expiresAt: sql`least(${table.expiresAt}, ${at.toISOString()}::timestamptz)` })
        .where(and(within, eq(table.id, id), isNull(table.revokedAt)))
        .returning({ id: table.id })
      return ended.length === 1
    },
  }
}
