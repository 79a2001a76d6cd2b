import type { CompanyId, CompanyTransaction, IntegrationId } from '@ksef-fleet/core'
import { and, asc, eq, getTableColumns, inArray, ne, type SQL, sql } from 'drizzle-orm'
import { timer } from '../database-clock.ts'
import { ksefIntegrations as table } from '../tables.ts'
import type { Tx } from '../transaction.ts'

const { verifyDueAt, verifyRungAt, sendRungAt, ...columns } = getTableColumns(table)

export const integrationStore = (tx: Tx, companyId: CompanyId): CompanyTransaction['integrations'] => {
  const own = (...conditions: SQL[]) => and(eq(table.companyId, companyId), ...conditions)
  const named = (id: IntegrationId) => own(eq(table.id, id))
  return {
    async insert(integration) {
      await tx
        .insert(table)
        .values({ ...integration, permissionsInForce: [...integration.permissionsInForce] })
    },
    async get(id) {
      const [found] = await tx.select(columns).from(table).where(named(id))
      return found ?? null
    },
    async current(environment) {
      const [found] = await tx
        .select(columns)
        .from(table)
        .where(own(eq(table.environment, environment), ne(table.state, 'revoked')))
      return found ?? null
    },
    list: () => tx.select(columns).from(table).where(own()).orderBy(asc(table.createdAt), asc(table.id)),
    async move(id, { from, to, set = {} }) {
      const { permissionsInForce, ...rest } = set
      const moved = await tx
        .update(table)
        .set({
          ...rest,
          ...(permissionsInForce === undefined ? {} : { permissionsInForce: [...permissionsInForce] }),
          state: to,
        })
        .where(own(eq(table.id, id), inArray(table.state, [...from])))
        .returning({ id: table.id })
      return moved.length === 1
    },
    async blockUntil(id, until) {
      await tx
        .update(table)
        .set({ blockedUntil: sql`greatest(${table.blockedUntil}, ${until.toISOString()}::timestamptz)` })
        .where(named(id))
    },
    async setVerifyDue(id, at) {
      await tx
        .update(table)
        .set({ verifyDueAt: at === null ? null : timer(at) })
        .where(named(id))
    },
  }
}
