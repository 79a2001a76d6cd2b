import type { OfflineMode } from '@ksef-fleet/ksef'
import type { CoreDependencies } from '../dependencies.ts'
import type { CompanyTransaction } from '../stores.ts'
import type { AcceptanceGround } from '../submissions/acceptance-store.ts'
import type { Submission } from '../submissions/submission.ts'
import { believed } from './availability.ts'
import { chooseMode, type IssuedOffline, issuedAtOf, ONLINE, reckon } from './issue-offline.ts'

/** How an invoice of that date is issued now. */
export type Issue = (invoice: Pick<Submission, 'issueDate'>) => IssuedOffline

/**
 * How invoices of the company are issued at this moment: by the caller's word, or by KSeF's availability. Outages are read
 * only where there is a deadline to be worked out.
 */
export async function issuing(
  deps: Pick<CoreDependencies, 'environment' | 'now' | 'offlineAutomatic'>,
  tx: Pick<CompanyTransaction, 'offline'>,
  asked: {
    ground: Pick<AcceptanceGround, 'availability' | 'lookedAt' | 'isTotalFailure' | 'automatic'>
    wanted: OfflineMode | undefined
  },
): Promise<Issue> {
  const { ground, wanted } = asked
  const now = deps.now()
  const automatic = ground.automatic ?? deps.offlineAutomatic ?? true
  const { isTotalFailure } = ground
  const chosen = chooseMode(wanted, { availability: believed(ground, now), automatic, isTotalFailure })
  const { offlineMode: mode } = chosen
  if (mode === null) return () => ONLINE
  const outages = await tx.offline.outages(deps.environment)
  const issuedAt = issuedAtOf({ ...chosen, createdAt: now })
  return ({ issueDate }) => ({
    ...chosen,
    ...reckon({ mode, issueDate, issuedAt, told: null, before: null }, outages, now),
  })
}

/** The same document in another mode, where the caller says one, is another request. */
export const boundToMode = (fingerprint: string, wanted: OfflineMode | undefined): string =>
  wanted === undefined ? fingerprint : `${wanted} ${fingerprint}`
