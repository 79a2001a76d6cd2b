import type { CompanyId, ExportState, InboxStore, SyncLease } from '@ksef-fleet/core'
import { and, desc, eq, getTableColumns, inArray, type SQL, sql } from 'drizzle-orm'
import { clock } from '../database-clock.ts'
import { ksefExports as table } from '../tables.ts'
import type { Tx } from '../transaction.ts'
import { holds } from './sync-lease.ts'

type Steps = Pick<InboxStore, 'order' | 'underWay' | 'accepted' | 'counted' | 'abandon' | 'done' | 'audits'>

const {
  companyId: _owner,
  createdAt,
  endedAt,
  code,
  invoiceCount,
  missingCount,
  ...columns
} = getTableColumns(table)
const UNDER_WAY: ExportState[] = ['ordered', 'waiting']

/** What whoever runs a sync writes of its export: nothing of it counts once another worker has taken over. */
export function exportSteps(tx: Tx, companyId: CompanyId): Steps {
  const write = async (
    { lease, id, from }: { lease: SyncLease; id: string; from: readonly ExportState[] },
    set: Record<string, unknown>,
  ): Promise<boolean> => {
    if (!(await holds(tx, companyId, lease))) return false
    const written = await tx
      .update(table)
      .set(set)
      .where(and(eq(table.companyId, companyId), eq(table.id, id), inArray(table.state, [...from])))
      .returning({ id: table.id })
    return written.length === 1
  }
  return {
    async order({ fence, ...key }, ordered) {
      if (!(await holds(tx, companyId, { fence, ...key }))) return false
      await tx
        .insert(table)
        .values({ ...ordered, ...key, companyId, state: 'ordered', polls: 0, fetches: 0, createdAt: clock })
      return true
    },
    async underWay({ integrationId, subjectType }) {
      const [found] = await tx
        .select(columns)
        .from(table)
        .where(
          and(
            eq(table.companyId, companyId),
            eq(table.integrationId, integrationId),
            eq(table.subjectType, subjectType),
            inArray(table.state, UNDER_WAY),
          ),
        )
      return found ?? null
    },
    accepted: (lease, id, referenceNumber) =>
      write({ lease, id, from: ['ordered'] }, { state: 'waiting', referenceNumber }),
    counted: (lease, id, what) => {
      const counter: SQL = sql`${table[what]} + 1`
      return write({ lease, id, from: ['waiting'] }, { [what]: counter })
    },
    abandon: (lease, id, why) =>
      write({ lease, id, from: UNDER_WAY }, { state: 'abandoned', code: why, endedAt: clock }),
    done: (lease, id, result) =>
      write({ lease, id, from: ['waiting'] }, { ...result, state: 'done', endedAt: clock }),
    audits: (integrationId) => latestAudits(tx, companyId, integrationId),
  }
}

async function latestAudits(
  tx: Tx,
  companyId: CompanyId,
  integrationId: SyncLease['integrationId'],
): ReturnType<InboxStore['audits']> {
  const found = await tx
    .selectDistinctOn([table.subjectType], {
      subjectType: table.subjectType,
      at: table.endedAt,
      from: table.windowFrom,
      to: table.windowTo,
      listed: table.invoiceCount,
      missing: table.missingCount,
    })
    .from(table)
    .where(
      and(
        eq(table.companyId, companyId),
        eq(table.integrationId, integrationId),
        eq(table.purpose, 'audit'),
        eq(table.state, 'done'),
      ),
    )
    .orderBy(table.subjectType, desc(table.endedAt))
  return found.map(({ at, to, listed, missing, ...one }) => ({
    ...one,
    at: at ?? one.from,
    to: to ?? one.from,
    listed: listed ?? 0,
    missing: missing ?? 0,
  }))
}

/** Of all companies. */
export async function retireExports(tx: Tx, before: Date, limit: number): Promise<number> {
  const { rowCount } = await tx.execute(sql`
    delete from ksef_exports where (company_id, id) in (
      select e.company_id, e.id from ksef_exports e
       where e.ended_at < ${before.toISOString()}::timestamptz
         and not (e.purpose = 'audit' and e.state = 'done' and not exists (
           select from ksef_exports later
            where later.company_id = e.company_id and later.integration_id = e.integration_id
              and later.subject_type = e.subject_type and later.purpose = 'audit' and later.state = 'done'
              and later.ended_at > e.ended_at))
       order by e.ended_at limit ${limit})`)
  return rowCount ?? 0
}
