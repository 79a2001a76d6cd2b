import type { CredentialId, KsefEnvironment } from '../identifiers.ts'
import type {
  Credential,
  CredentialState,
  CredentialVersion,
  UsableCredential,
  VersionChange,
  VersionState,
} from './credential.ts'

/**
 * Credentials of one owner: the company of the transaction, or the provider (`SystemTransaction`). In a company's
 * transaction `get`, `usable` and `version` also see the provider's; nothing there can change them.
 */
export interface CredentialStore {
  insert(credential: Credential, first: CredentialVersion): Promise<void>
  get(id: CredentialId): Promise<Credential | null>
  /** The owner's own, newest first, whatever their state. */
  list(): Promise<Credential[]>
  /** Those that can sign in: state `active` with an `active` version; the company's own, then the provider's. */
  usable(environment: KsefEnvironment): Promise<UsableCredential[]>
  /** Those that sign codes of offline invoices, in the same order; they never sign in. */
  signing(environment: KsefEnvironment): Promise<UsableCredential[]>
  /** Compare-and-swap; false when it was not in `from`. `endedAt` is set with `ended`. */
  move(id: CredentialId, move: { from: CredentialState; to: CredentialState }): Promise<boolean>
  setAutoRenew(id: CredentialId, autoRenew: boolean): Promise<void>
  versions(id: CredentialId): Promise<CredentialVersion[]>
  version(id: CredentialId, number: number): Promise<CredentialVersion | null>
  insertVersion(version: CredentialVersion): Promise<void>
  /** Compare-and-swap on the state and, where given, on the try. Throws on a move the table does not know. */
  moveVersion(
    id: CredentialId,
    number: number,
    move: { from: VersionState; to: VersionState; tries?: number; set?: VersionChange },
  ): Promise<boolean>
  /**
   * Changes timers and facts without a move; false when it is no longer in `state`, or, where `tries` is given, no longer
   * at that try: so of two workers rung for one step, one takes it.
   */
  touchVersion(
    id: CredentialId,
    number: number,
    touch: { state: VersionState; tries?: number; set: VersionChange },
  ): Promise<boolean>
}
