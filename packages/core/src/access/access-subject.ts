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
}

export const ownerOf = ({ companyId, environment, context, credential }: AccessSubject): TokenOwner => [
  'access-token',
  environment,
  companyId ?? '',
  credential.id,
  String(credential.version.number),
  context.type,
  context.value,
]
