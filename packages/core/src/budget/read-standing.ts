import type { Integration } from '../integrations/integration.ts'
import type { CompanyTransaction } from '../stores.ts'
import type { LimitStore, StoredLimits } from './limit-store.ts'
import type { BudgetScope, LimitStanding } from './rate-budget.ts'

/** What PostgreSQL knows of the limits in an integration's context. */
export const standingOf = (
  { rate, blocks }: Pick<StoredLimits, 'rate' | 'blocks'>,
  { createdAt }: Integration,
): LimitStanding => ({ limits: rate, blocks, since: createdAt })

export const readStanding = async (
  { limits }: { limits: Pick<LimitStore, 'get'> },
  integration: Integration,
): Promise<LimitStanding> => standingOf(await limits.get(integration.id), integration)

/** Where an integration's calls are counted: what a plan asks the budget with, before anybody signs in. */
export const readBudgetScope = async (
  tx: Pick<CompanyTransaction, 'limits'>,
  integration: Integration,
): Promise<BudgetScope> => ({
  ...(await readStanding(tx, integration)),
  environment: integration.environment,
  context: integration.context,
})
