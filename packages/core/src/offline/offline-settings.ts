import type { CoreDependencies } from '../dependencies.ts'
import { warsawDay } from '../dispatch/warsaw-midnight.ts'
import { FleetError } from '../errors.ts'
import type { CompanyId } from '../identifiers.ts'
import type { CompanyTransaction } from '../stores.ts'
import { believedSince, type KsefAvailability } from './availability.ts'
import type { OfflineStanding } from './offline-store.ts'

type Deps = Pick<CoreDependencies, 'db' | 'environment' | 'now' | 'offlineAutomatic'>

/** How it stands with a company's issuing offline. */
export type OfflineFacts = OfflineStanding & {
  availability: KsefAvailability['availability']
  /** Since when KSeF is seen so. */
  since: Date | null
  /** Whether invoices are issued offline without anybody saying so, and whether the company itself decided that. */
  automatic: boolean
  isOwnChoice: boolean
}

export async function readOfflineFacts(
  { environment, now, offlineAutomatic }: Omit<Deps, 'db'>,
  tx: Pick<CompanyTransaction, 'offline'>,
): Promise<OfflineFacts> {
  const seen = await tx.offline.availability(environment)
  const settings = await tx.offline.settings()
  const present = now()
  return {
    ...believedSince(seen, present),
    automatic: settings?.automatic ?? offlineAutomatic ?? true,
    isOwnChoice: settings !== null,
    ...(await tx.offline.standing(environment, warsawDay(present))),
  }
}

/** @throws FleetError NOT_FOUND */
export const readOffline = (deps: Deps, companyId: CompanyId): Promise<OfflineFacts> =>
  deps.db.withCompany(companyId, async (tx) => {
    if ((await tx.companies.get()) === null) throw new FleetError('NOT_FOUND')
    return readOfflineFacts(deps, tx)
  })

/**
 * Says for a company whether its invoices are issued offline by themselves while KSeF cannot be reached.
 *
 * @throws FleetError NOT_FOUND
 */
export const configureOffline = (
  deps: Deps,
  request: { companyId: CompanyId; automatic: boolean; actor: string; requestId?: string },
): Promise<OfflineFacts> =>
  deps.db.withCompany(request.companyId, async (tx) => {
    const company = await tx.companies.get()
    if (company === null) throw new FleetError('NOT_FOUND')
    await tx.offline.configure({ automatic: request.automatic })
    await tx.audit.append({
      actor: request.actor,
      action: 'offline.configure',
      subject: company.id,
      outcome: 'ok',
      taxpayerNip: company.nip,
      ...(request.requestId === undefined ? {} : { requestId: request.requestId }),
      details: { statement: request.automatic ? 'automatic' : 'only when asked' },
    })
    return readOfflineFacts(deps, tx)
  })
