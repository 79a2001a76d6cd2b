import type { Credential } from '../credentials/credential.ts'
import { type ErrorCode, FleetError } from '../errors.ts'
import type { CompanyId, CredentialId } from '../identifiers.ts'

/** One access to the secret store, for the audit log. What is answered from memory is no access. */
export type SecretAccess = {
  action: 'secret.read' | 'secret.store' | 'secret.promote' | 'secret.erase'
  credentialId: CredentialId
  /** null: the provider's. */
  companyId: CompanyId | null
  /** The version's number, where one is meant by it. */
  number: number | null
  outcome: 'ok' | 'failed'
  errorCode?: ErrorCode
  durationMs: number
  at: Date
}

type Watched = Pick<SecretAccess, 'action' | 'number'> & { credential: Credential }

/** Runs work on the store and tells how it ended. */
export function watchAccess(deps: { now: () => Date; onAccess?: (access: SecretAccess) => void }) {
  return async <T>({ action, number, credential }: Watched, work: () => Promise<T>): Promise<T> => {
    const at = deps.now()
    const tell = (ended: Pick<SecretAccess, 'outcome' | 'errorCode'>) => {
      const durationMs = deps.now().getTime() - at.getTime()
      const { id: credentialId, companyId } = credential
      deps.onAccess?.({ action, number, credentialId, companyId, ...ended, durationMs, at })
    }
    let value: T
    try {
      value = await work()
    } catch (error) {
      tell({ outcome: 'failed', errorCode: error instanceof FleetError ? error.code : 'INTERNAL' })
      throw error
    }
    tell({ outcome: 'ok' })
    return value
  }
}
