import type { CompanyKsef } from '../context/company-ksef.ts'
import type { CompanyTransaction } from '../stores.ts'
import type { MissingDocument, SyncFailure, SyncKey, SyncLease, SyncState } from './sync-state.ts'

/** A sync whose next step is being taken. */
export type Syncing = { state: SyncState; ksef: CompanyKsef; signal: AbortSignal }

/**
 * What a step came to.
 *
 * rest    nothing is wrong; the next step follows then.
 * failed  it is tried again, after a wait that grows with each failure in a row.
 * held    asking has no sense until something else changes.
 * stored  it wrote everything itself, in one transaction.
 * lost    another worker runs the sync.
 */
export type Stepped =
  | { to: 'rest'; at: Date }
  | { to: 'failed'; code: string; description?: string; notBefore?: Date }
  | { to: 'held'; code: string; description?: string }
  | { to: 'stored' }
  | { to: 'lost' }

export const leaseOf = ({ integrationId, subjectType, fence }: SyncState): SyncLease => ({
  integrationId,
  subjectType,
  fence,
})

export const nameOf = ({ integrationId, subjectType }: SyncKey): string => `${integrationId} ${subjectType}`

/** What a transaction throws that must leave nothing: another worker runs the sync by now. */
export class LostSync extends Error {}

/** A success ends the failures in a row. */
export const MENDED: { failures: number; failure: SyncFailure | null; failingSince: Date | null } = {
  failures: 0,
  failure: null,
  failingSince: null,
}

export type NewlyMissing = Omit<MissingDocument, 'tries' | keyof SyncKey>

type Rest = Omit<Parameters<CompanyTransaction['inbox']['rest']>[1], 'wasDueAt'>

/** Gives the sync back; false when another worker runs it by now. */
export const giveBack = (tx: CompanyTransaction, state: SyncState, rest: Rest): Promise<boolean> =>
  tx.inbox.rest(leaseOf(state), { ...rest, wasDueAt: state.nextSyncAt })

/** @throws LostSync */
export async function restIn(tx: CompanyTransaction, state: SyncState, rest: Rest): Promise<void> {
  if (!(await giveBack(tx, state, rest))) throw new LostSync()
}
