import type { CompanyId, SubmissionCrowd } from '@ksef-fleet/core'
import { sql } from 'drizzle-orm'
import { submissions as table } from '../tables.ts'
import type { Tx } from '../transaction.ts'

/** Submissions by the hundred: what a batch brings. */
export const submissionCrowd = (tx: Tx, companyId: CompanyId): SubmissionCrowd => ({
  async insertAll(submissions) {
    if (submissions.length === 0) return 0
    const inserted = await tx
      .insert(table)
      .values([...submissions])
      .onConflictDoNothing({
        target: [table.companyId, table.environment, table.sellerNip, table.kind, table.number],
        where: sql`state <> 'rejected'`,
      })
      .returning({ id: table.id })
    return inserted.length
  },
  async findByNumbers({ environment, sellerNip, numbers }) {
    const kinds = sql.param(numbers.map(({ kind }) => kind))
    const wanted = sql.param(numbers.map(({ number }) => number))
    // One look into the unique index for each: a join would be planned by statistics that a young table does not have.
    const { rows } = await tx.execute<Found>(sql`
      select found.* from unnest(${kinds}::text[], ${wanted}::text[]) as wanted (kind, number)
      cross join lateral (
        select id, kind, number, batch_id as "batchId", invoice_hash as "invoiceHash" from ${table}
        where company_id = ${companyId} and environment = ${environment} and seller_nip = ${sellerNip}
          and kind = wanted.kind and number = wanted.number and state <> 'rejected'
        limit 1
      ) as found`)
    return rows
  },
})

type Found = Awaited<ReturnType<SubmissionCrowd['findByNumbers']>>[number]
