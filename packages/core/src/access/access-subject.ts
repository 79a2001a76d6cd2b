import type { BudgetScope, LimitStanding } from '../budget/rate-budget.ts'
import type { CallPurpose } from '../budget/shares.ts'
import type { UsableCredential } from '../credentials/credential.ts'
import type { CompanyId, KsefEnvironment } from '../identifiers.ts'
import type { KsefContext } from '../integrations/integration.ts'
import type { TokenOwner } from './token-cache.ts'

/** Who signs in for whom: all that decides which token opens the door. */
export type AccessSubject = {
  /** null: the provider, in a context of its own. */
  companyId: CompanyId | null
  environment: KsefEnvironment
  context: KsefContext
  credential: UsableCredential
  /** Id of what calls are booked on in the audit log: an integration, or a credential in rotation. */
  about: string
  /** What is known of the context's limits; the published ones when left out. */
  limits?: LimitStanding
  /** What its calls are made for; `delivery` when left out. */
  purpose?: CallPurpose
}

const UNKNOWN: LimitStanding = { limits: null, blocks: {}, since: null }

/** Where the calls of a subject are counted. */
export const budgetScopeOf = ({ environment, context, limits = UNKNOWN }: AccessSubject): BudgetScope => ({
  ...limits,
  environment,
  context,
})

export const ownerOf = ({ companyId, environment, context, credential }: AccessSubject): TokenOwner => [
  'access-token',
  environment,
  companyId ?? '',
  credential.id,
  String(credential.version.number),
  context.type,
  context.value,
]
