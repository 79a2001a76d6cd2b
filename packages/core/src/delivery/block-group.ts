import { type KsefFailure, limitCounterOf } from '@ksef-fleet/ksef'
import type { RateBudget } from '../budget/rate-budget.ts'
import { readBudgetScope } from '../budget/read-standing.ts'
import type { CoreDependencies } from '../dependencies.ts'
import type { Integration } from '../integrations/integration.ts'

/**
 * KSeF answered 429: calls of that limit group wait until then, in PostgreSQL, which keeps it, and in Redis, where every call
 * asks; other groups go on. When a second group is refused while the first still is, something other than a spent limit
 * may be behind it, and the whole context is silent as long.
 */
export async function blockGroup(
  { db, budget, now }: Pick<CoreDependencies, 'db' | 'now'> & { budget: RateBudget },
  integration: Integration,
  { failure, until }: { failure: KsefFailure; until: Date },
): Promise<void> {
  const counter = limitCounterOf(failure.operation)
  if (counter === null) return
  const scope = await db.withCompany(integration.companyId, async (tx) => {
    const { blocks } = await tx.limits.get(integration.id)
    const refused = Object.entries(blocks).filter(([, end]) => end > now())
    await tx.limits.block(integration.id, counter, until)
    if (refused.some(([other]) => other !== counter)) await tx.integrations.blockUntil(integration.id, until)
    return readBudgetScope(tx, integration)
  })
  await budget.block(scope, counter, until)
}
