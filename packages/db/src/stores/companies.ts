import type { CompanyId, CompanyTransaction, SystemTransaction } from '@ksef-fleet/core'
import { asc, eq, gt } from 'drizzle-orm'
import { companies } from '../tables.ts'
import type { Tx } from '../transaction.ts'

export const companyStore = (tx: Tx, companyId: CompanyId): CompanyTransaction['companies'] => ({
  async insert(company) {
    await tx.insert(companies).values(company)
  },
  async get() {
    const [found] = await tx.select().from(companies).where(eq(companies.id, companyId))
    return found ?? null
  },
  async change(to) {
    await tx.update(companies).set(to).where(eq(companies.id, companyId))
  },
})

export const companyDirectory = (tx: Tx): SystemTransaction['companies'] => ({
  list: ({ limit, after }) =>
    tx
      .select()
      .from(companies)
      .where(after === undefined ? undefined : gt(companies.id, after))
      .orderBy(asc(companies.id))
      .limit(limit),
  ofNip: (nip) => tx.select().from(companies).where(eq(companies.nip, nip)).orderBy(asc(companies.createdAt)),
})
