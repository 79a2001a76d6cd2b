import { type KsefFailure, limitCounterOf } from '@ksef-fleet/ksef'
import type { RateBudget } from '../budget/rate-budget.ts'
import { readBudgetScope } from '../budget/read-standing.ts'
import type { CoreDependencies } from '../dependencies.ts'
import type { IntegrationId } from '../identifiers.ts'
import type { Integration } from '../integrations/integration.ts'

/** Whom KSeF's security service turns away until when, as this process saw it. */
const turnedAway = new WeakMap<RateBudget, Map<IntegrationId, Date>>()

/**
 * The security service turned a call away. One company may have earned that by what it sent, and is silent by itself. When it
 * turns away a second one while the first still is, it is the address that it means, and nobody calls from there: two hundred
 * companies that knock one after the other look like an attack that goes on.
 */
export async function blockAddress(
  { db, budget, now }: Pick<CoreDependencies, 'db' | 'now'> & { budget: RateBudget },
  integration: Integration,
  { failure, until }: { failure: KsefFailure; until: Date },
): Promise<void> {
  // A storage is another address, and counts nothing.
  if (limitCounterOf(failure.operation) === null) return
  const known = turnedAway.get(budget) ?? new Map<IntegrationId, Date>()
  turnedAway.set(budget, known)
  for (const [id, end] of known) if (end <= now()) known.delete(id)
  known.set(integration.id, until)
  if (known.size === 1) return
  const scope = await db.withCompany(integration.companyId, (tx) => readBudgetScope(tx, integration))
  await budget.block(scope, 'global', until)
}
