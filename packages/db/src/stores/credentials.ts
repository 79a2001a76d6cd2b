import type { CompanyId, CompanyTransaction } from '@ksef-fleet/core'
import { and, eq } from 'drizzle-orm'
import { ksefCredentials } from '../tables.ts'
import type { Tx } from '../transaction.ts'

export const credentialStore = (tx: Tx, companyId: CompanyId): CompanyTransaction['credentials'] => ({
  async insert(credential) {
    await tx.insert(ksefCredentials).values(credential)
  },
  async get(id) {
    const [found] = await tx
      .select()
      .from(ksefCredentials)
      .where(and(eq(ksefCredentials.companyId, companyId), eq(ksefCredentials.id, id)))
    return found ?? null
  },
  async markErased(id) {
    await tx
      .update(ksefCredentials)
      .set({ state: 'erased' })
      .where(and(eq(ksefCredentials.companyId, companyId), eq(ksefCredentials.id, id)))
  },
})
