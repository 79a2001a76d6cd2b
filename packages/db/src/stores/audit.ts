import type { AuditEntry, CompanyId } from '@ksef-fleet/core'
import { clock } from '../database-clock.ts'
import { ksefAuditLog } from '../tables.ts'
import type { Tx } from '../transaction.ts'

/** @param companyId null for an act of the provider. */
export const auditStore = (
  tx: Tx,
  companyId: CompanyId | null,
): { append(entry: AuditEntry): Promise<void> } => ({
  async append(entry) {
    await tx.insert(ksefAuditLog).values({ ...entry, companyId, at: clock })
  },
})
