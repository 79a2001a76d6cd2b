import { type KsefFailure, limitCounterOf } from '@ksef-fleet/ksef'
import { readBudgetScope } from '../budget/read-standing.ts'
import type { Integration } from '../integrations/integration.ts'
import type { DeliveryContext } from './delivery-context.ts'

/**
 * The security service turned a call away. One company may have earned that by what it sent, and is silent by itself. When it
 * turns away a second one while the first still is, it is the address that it means, and nobody calls from there: two hundred
 * companies that knock one after the other look like an attack that goes on.
 */
export async function blockAddress(
  { db, budget, now, turnedAway }: Pick<DeliveryContext, 'db' | 'budget' | 'now' | 'turnedAway'>,
  integration: Integration,
  { failure, until }: { failure: KsefFailure; until: Date },
): Promise<void> {
  // A storage is another address, and counts nothing.
  if (limitCounterOf(failure.operation) === null) return
  for (const [id, end] of turnedAway) if (end <= now()) turnedAway.delete(id)
  turnedAway.set(integration.id, until)
  if (turnedAway.size === 1) return
  const scope = await db.withCompany(integration.companyId, (tx) => readBudgetScope(tx, integration))
  await budget.block(scope, 'global', until)
}
