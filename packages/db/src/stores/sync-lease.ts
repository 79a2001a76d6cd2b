import type { CompanyId, SyncKey, SyncLease } from '@ksef-fleet/core'
import { and, eq, type SQL } from 'drizzle-orm'
import { ksefSyncState as table } from '../tables.ts'
import type { Tx } from '../transaction.ts'

/** The one sync that is meant. */
export const named = (
  companyId: CompanyId,
  { integrationId, subjectType }: SyncKey,
  ...more: (SQL | undefined)[]
) =>
  and(
    eq(table.companyId, companyId),
    eq(table.integrationId, integrationId),
    eq(table.subjectType, subjectType),
    ...more,
  )

/** Locks the sync for this transaction when the lease still stands. */
export async function holds(tx: Tx, companyId: CompanyId, lease: SyncLease): Promise<boolean> {
  const found = await tx
    .select({ fence: table.fence })
    .from(table)
    .where(named(companyId, lease, eq(table.fence, lease.fence)))
    .for('update')
  return found.length === 1
}
