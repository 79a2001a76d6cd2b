import type { CompanyId, InboxStore, SyncLease, SyncState } from '@ksef-fleet/core'
import {
  and,
  desc,
  eq,
  getTableColumns,
  inArray,
  isNotNull,
  isNull,
  lte,
  or,
  type SQL,
  sql,
} from 'drizzle-orm'
import { clock, clockIn, statementClock, timer } from '../database-clock.ts'
import { ksefIntegrations as integrations, ksefSyncState as table } from '../tables.ts'
import type { Tx } from '../transaction.ts'
import { exportSteps } from './inbox-exports.ts'
import { missingDocuments, missingDueAt } from './missing-documents.ts'
import { named } from './sync-lease.ts'
import { syncWindows } from './sync-windows.ts'

const { leaseUntil, syncRungAt, lateRungAt, updatedAt, ...columns } = getTableColumns(table)
const read = { ...columns, environment: integrations.environment }

export function inboxStore(tx: Tx, companyId: CompanyId): InboxStore {
  return {
    ...states(tx, companyId),
    ...leases(tx, companyId),
    ...switches(tx, companyId),
    ...exportSteps(tx, companyId),
    ...syncWindows(tx, companyId),
    ...missingDocuments(tx, companyId),
  }
}

function states(tx: Tx, companyId: CompanyId): Pick<InboxStore, 'begin' | 'states' | 'get' | 'late'> {
  const select = () =>
    tx
      .select(read)
      .from(table)
      .innerJoin(
        integrations,
        and(eq(integrations.companyId, table.companyId), eq(integrations.id, table.integrationId)),
      )
  return {
    async begin(begun) {
      if (begun.length === 0) return
      const rows = begun.map(({ environment, nextSyncAt, startAt, ...state }) => ({
        ...state,
        companyId,
        startAt,
        checkpoint: startAt,
        nextSyncAt: timer(nextSyncAt),
        updatedAt: clock,
      }))
      await tx.insert(table).values(rows).onConflictDoNothing()
    },
    states: (environment) =>
      select()
        .where(and(eq(table.companyId, companyId), eq(integrations.environment, environment)))
        .orderBy(desc(integrations.createdAt), table.subjectType),
    async get(key) {
      const [found] = await select().where(named(companyId, key))
      return found ?? null
    },
    async late(key) {
      const told = await tx
        .update(table)
        .set({ lateToldAt: clock })
        .where(named(companyId, key, lte(table.lateAt, statementClock), isNull(table.lateToldAt)))
        .returning({ fence: table.fence })
      if (told.length === 0) return null
      const [found] = await select().where(named(companyId, key))
      return found ?? null
    },
  }
}

function leases(tx: Tx, companyId: CompanyId): Pick<InboxStore, 'lease' | 'renew' | 'rest'> {
  const under = ({ fence, ...key }: SyncLease) => named(companyId, key, eq(table.fence, fence))
  return {
    async lease(key, seconds) {
      const free = or(isNull(table.leaseUntil), lte(table.leaseUntil, statementClock))
      const [leased] = await tx
        .update(table)
        .set({ fence: sql`${table.fence} + 1`, leaseUntil: clockIn(seconds) })
        .where(named(companyId, key, free, lte(table.nextSyncAt, statementClock)))
        .returning(columns)
      if (leased === undefined) return null
      const [at] = await tx
        .select({ environment: integrations.environment })
        .from(integrations)
        .where(and(eq(integrations.companyId, companyId), eq(integrations.id, key.integrationId)))
      return at === undefined ? null : { ...leased, ...at }
    },
    async renew(lease, seconds) {
      const renewed = await tx
        .update(table)
        .set({ leaseUntil: clockIn(seconds) })
        .where(and(under(lease), isNotNull(table.leaseUntil)))
        .returning({ fence: table.fence })
      return renewed.length === 1
    },
    async rest(lease, { nextSyncAt, wasDueAt, orForMissing = false, ...set }) {
      const onTime = set.lateAt === undefined ? {} : { lateToldAt: null }
      const at = orForMissing
        ? sql`least(${timer(nextSyncAt)}, ${missingDueAt(companyId, lease)})`
        : timer(nextSyncAt)
      const rested = await tx
        .update(table)
        .set({
          ...set,
          ...onTime,
          nextSyncAt: restingUntil(at, wasDueAt),
          leaseUntil: null,
          updatedAt: clock,
        })
        .where(under(lease))
        .returning({ fence: table.fence })
      return rested.length === 1
    },
  }
}

/**
 * What was held, or asked for again, while the step ran stays so.
 *
 * @param wasDueAt since when it was due when the step began; without the microseconds that PostgreSQL keeps
 */
const restingUntil = (at: SQL, wasDueAt: Date | null): SQL => sql`case
  when ${table.held} is not null then null
  when ${table.nextSyncAt} > ${wasDueAt?.toISOString() ?? null}::timestamptz + interval '1 ms'
   and ${table.nextSyncAt} <= clock_timestamp() then ${table.nextSyncAt}
  else ${at} end`

function switches(tx: Tx, companyId: CompanyId): Pick<InboxStore, 'ask' | 'configure' | 'hold' | 'resume'> {
  const of = (integrationId: SyncState['integrationId'], ...more: (SQL | undefined)[]) =>
    and(eq(table.companyId, companyId), eq(table.integrationId, integrationId), ...more)
  return {
    async ask(integrationId, roles) {
      const asked = await tx
        .update(table)
        .set({ nextSyncAt: clock })
        .where(of(integrationId, inArray(table.subjectType, [...roles]), isNull(table.held)))
        .returning({ subjectType: table.subjectType })
      return asked.map(({ subjectType }) => subjectType)
    },
    async configure(key, { nextSyncAt, ...set }) {
      await tx
        .update(table)
        .set({
          ...set,
          nextSyncAt: nextSyncAt === null ? null : timer(nextSyncAt),
          lateToldAt: null,
          // Whoever runs it now goes by what stood here before.
          fence: sql`${table.fence} + 1`,
          leaseUntil: null,
          updatedAt: clock,
        })
        .where(named(companyId, key))
    },
    async hold(integrationId, why, wanted) {
      const unwanted = wanted ? {} : { lateAt: null, lateToldAt: null }
      await tx
        .update(table)
        .set({ ...unwanted, held: why, nextSyncAt: null, updatedAt: clock })
        .where(of(integrationId, eq(table.isEnabled, true)))
    },
    async resume(integrationId, { nextSyncAt, lateAt }) {
      await tx
        .update(table)
        .set({
          held: null,
          nextSyncAt: timer(nextSyncAt),
          // Being held for a while is no success.
          lateAt: sql`coalesce(${table.lateAt}, ${lateAt.toISOString()}::timestamptz)`,
          updatedAt: clock,
        })
        .where(of(integrationId, eq(table.isEnabled, true), sql`${table.held} is not null`))
    },
  }
}
