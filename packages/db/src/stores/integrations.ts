import type {
  CompanyId,
  Integration,
  IntegrationId,
  IntegrationStore,
  SystemTransaction,
} from '@ksef-fleet/core'
import { and, asc, eq, getTableColumns, inArray, isNotNull, lte, ne, type SQL, sql } from 'drizzle-orm'
import { clock, clockIn, timer } from '../database-clock.ts'
import { ksefIntegrations as table } from '../tables.ts'
import type { Tx } from '../transaction.ts'

const {
  verifyDueAt,
  verifyRungAt,
  sendRungAt,
  deadlinesRungAt,
  rateLimits,
  contextLimits,
  limitsReadAt,
  dispatchAt,
  ...columns
} = getTableColumns(table)

/** What an `Integration` of packages/core is made of; the sweeper's marks are not. */
export const integrationColumns = columns

export const integrationStore = (tx: Tx, companyId: CompanyId): IntegrationStore => {
  const own = (...conditions: SQL[]) => and(eq(table.companyId, companyId), ...conditions)
  const named = (id: IntegrationId) => own(eq(table.id, id))
  return {
    async insert(integration) {
      await tx.insert(table).values(rowOf(integration))
    },
    async get(id) {
      const [found] = await tx.select(columns).from(table).where(named(id))
      return found === undefined ? null : integrationOf(found)
    },
    async current(environment) {
      const [found] = await tx
        .select(columns)
        .from(table)
        .where(own(eq(table.environment, environment), ne(table.state, 'revoked')))
      return found === undefined ? null : integrationOf(found)
    },
    async list() {
      const rows = await tx
        .select(columns)
        .from(table)
        .where(own())
        .orderBy(asc(table.createdAt), asc(table.id))
      return rows.map(integrationOf)
    },
    ...integrationMoves(tx, companyId),
    ...dispatchTimer(tx, companyId),
  }
}

type Moves = Pick<
  IntegrationStore,
  'move' | 'blockUntil' | 'setNipProof' | 'setScopes' | 'setVerifyDue' | 'leaseVerification' | 'lock'
>

function integrationMoves(tx: Tx, companyId: CompanyId): Moves {
  const own = (...conditions: SQL[]) => and(eq(table.companyId, companyId), ...conditions)
  const named = (id: IntegrationId) => own(eq(table.id, id))
  return {
    async move(id, { from, to, set = {} }) {
      const { permissionsInForce, nipProof, ...rest } = set
      const moved = await tx
        .update(table)
        .set({
          ...rest,
          ...(permissionsInForce === undefined ? {} : { permissionsInForce: [...permissionsInForce] }),
          ...(nipProof === undefined ? {} : { nipProof: storedProof(nipProof) }),
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
    async setNipProof(id, proof) {
      // Nothing is active without a proof; the table refuses it as well.
      const state =
        proof === null
          ? sql`case ${table.state} when 'active' then 'pending' else ${table.state} end`
          : undefined
      await tx
        .update(table)
        .set({ nipProof: storedProof(proof), ...(state === undefined ? {} : { state }) })
        .where(named(id))
    },
    async setScopes(id, scopes) {
      await tx
        .update(table)
        .set({ scopes: [...scopes] })
        .where(named(id))
    },
    async setVerifyDue(id, at) {
      await tx
        .update(table)
        .set({ verifyDueAt: at === null ? null : timer(at) })
        .where(named(id))
    },
    async leaseVerification(id, seconds) {
      const isDue = lte(table.verifyDueAt, clock)
      const { rowCount } = await tx
        .update(table)
        .set({ verifyDueAt: clockIn(seconds) })
        .where(and(named(id), isDue))
      return rowCount === 1
    },
    async lock(id) {
      // What refers to it may still be written by others.
      const [found] = await tx.select({ verifyDueAt }).from(table).where(named(id)).for('no key update')
      return { verifyDueAt: found?.verifyDueAt ?? null }
    },
  }
}

type DispatchTimer = Pick<IntegrationStore, 'setDispatchAt' | 'clearDispatchAt' | 'dispatchNow'>

function dispatchTimer(tx: Tx, companyId: CompanyId): DispatchTimer {
  const own = (...conditions: SQL[]) => and(eq(table.companyId, companyId), ...conditions)
  return {
    async setDispatchAt(id, at) {
      await tx
        .update(table)
        .set({ dispatchAt: sql`least(${table.dispatchAt}, ${timer(at)})` })
        .where(own(eq(table.id, id)))
    },
    async clearDispatchAt(environment) {
      const waits = own(eq(table.environment, environment), isNotNull(table.dispatchAt))
      const { rowCount } = await tx.update(table).set({ dispatchAt: null }).where(waits)
      return (rowCount ?? 0) > 0
    },
    async dispatchNow(environment) {
      const current = own(eq(table.environment, environment), ne(table.state, 'revoked'))
      await tx.update(table).set({ dispatchAt: clock }).where(current)
    },
  }
}

/** Integrations of every company. */
export const integrationWaker = (tx: Tx): SystemTransaction['integrations'] => ({
  async wake(environment) {
    const { rowCount } = await tx
      .update(table)
      .set({ verifyDueAt: clock })
      .where(and(eq(table.environment, environment), inArray(table.state, ['pending', 'failed'])))
    return rowCount ?? 0
  },
})

export type IntegrationRow = Pick<typeof table.$inferSelect, keyof typeof columns>

/** JSON knows no moments. */
const storedProof = (proof: Integration['nipProof']) =>
  proof === null ? null : { ...proof, at: proof.at.toISOString() }

const rowOf = (integration: Integration) => ({
  ...integration,
  permissionsInForce: [...integration.permissionsInForce],
  scopes: [...integration.scopes],
  nipProof: storedProof(integration.nipProof),
})

export const integrationOf = ({ nipProof, ...row }: IntegrationRow): Integration => ({
  ...row,
  nipProof: nipProof === null ? null : { ...nipProof, at: new Date(nipProof.at) },
})
