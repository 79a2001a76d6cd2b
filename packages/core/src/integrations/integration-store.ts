import type { IntegrationId, KsefEnvironment } from '../identifiers.ts'
import type { Integration, IntegrationState } from './integration.ts'

/** A company's integrations, and the timers of theirs that the sweeper looks at. */
export type IntegrationStore = {
  insert(integration: Integration): Promise<void>
  get(id: IntegrationId): Promise<Integration | null>
  /** The one integration of that environment that is not revoked, or null. */
  current(environment: KsefEnvironment): Promise<Integration | null>
  list(): Promise<Integration[]>
  /** Compare-and-swap; false when it was in none of the states `from`. */
  move(
    id: IntegrationId,
    move: {
      from: readonly IntegrationState[]
      to: IntegrationState
      set?: Partial<
        Pick<Integration, 'permissionsInForce' | 'failure' | 'verifiedAt' | 'revokedAt' | 'nipProof'>
      >
    },
  ): Promise<boolean>
  /** Parks the context until then; never moves an existing later time earlier. */
  blockUntil(id: IntegrationId, until: Date): Promise<void>
  /** Records a proof, or takes it back with null: an integration that was active is then pending again. */
  setNipProof(id: IntegrationId, proof: Integration['nipProof']): Promise<void>
  /** When the fleet's own plan wants to look again at what waits; an earlier moment that was set meanwhile stays. */
  setDispatchAt(id: IntegrationId, at: Date): Promise<void>
  /** A plan is being made: what was waited for before counts no more. False when nothing was. */
  clearDispatchAt(environment: KsefEnvironment): Promise<boolean>
  /** Something that what waits was waiting for has come: the sweeper rings for the company's sending at once. */
  dispatchNow(environment: KsefEnvironment): Promise<void>
  setScopes(id: IntegrationId, scopes: Integration['scopes']): Promise<void>
  /** Asks the sweeper for a verification now (a due column, so it survives the loss of Redis); null withdraws it. */
  setVerifyDue(id: IntegrationId, at: Date | null): Promise<void>
  /**
   * Takes the verification that is due: its timer moves beyond the lease, so that nobody else begins the same one meanwhile and a
   * worker that dies of it holds it no longer. False when none is due.
   */
  leaseVerification(id: IntegrationId, seconds: number): Promise<boolean>
  /** Nobody else moves it, or several of its syncs, before this transaction ends. Taken before more than one is written. */
  lock(id: IntegrationId): Promise<{ verifyDueAt: Date | null }>
}
