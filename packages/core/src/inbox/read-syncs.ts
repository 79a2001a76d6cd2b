import type { CoreDependencies } from '../dependencies.ts'
import { FleetError } from '../errors.ts'
import type { CompanyId, KsefEnvironment } from '../identifiers.ts'
import type { Integration } from '../integrations/integration.ts'
import type { CompanyTransaction } from '../stores.ts'
import { progressOf, provedUpTo } from './next-window.ts'
import type { SyncState } from './sync-state.ts'

/** How receiving stands in one role, as a company sees it. */
export type SyncStanding = {
  state: SyncState
  /** Nothing that KSeF stored before it is missing: proved by windows without a gap, and by no document that could not be had. */
  completeUpTo: Date
  /** 0 to 1, of the way from the start to the present. */
  progress: number
  /** Since when something may be missing. */
  lagSeconds: number
  isLate: boolean
  /** Windows that prove it, and what KSeF listed in them. */
  windows: { count: number; listed: number; added: number }
  missing: number
  audit: { at: Date; from: Date; to: Date; listed: number; missing: number } | null
}

/** @throws FleetError NOT_FOUND for a company that is not there, INTEGRATION_MISSING */
export async function currentIntegration(
  tx: Pick<CompanyTransaction, 'companies' | 'integrations'>,
  environment: KsefEnvironment,
): Promise<Integration> {
  if ((await tx.companies.get()) === null) throw new FleetError('NOT_FOUND')
  const integration = await tx.integrations.current(environment)
  if (integration === null) throw new FleetError('INTEGRATION_MISSING')
  return integration
}

/**
 * The company's syncs, one for each role; none before its integration worked for the first time.
 *
 * @throws FleetError INTEGRATION_MISSING
 */
export const readSyncs = (
  { db, environment, now }: Pick<CoreDependencies, 'db' | 'environment' | 'now'>,
  companyId: CompanyId,
): Promise<SyncStanding[]> =>
  db.withCompany(companyId, async (tx) => {
    const { id } = await currentIntegration(tx, environment)
    const states = (await tx.inbox.states(environment)).filter(({ integrationId }) => integrationId === id)
    const missing = await tx.inbox.missing(id)
    const audits = await tx.inbox.audits(id)
    const standings: SyncStanding[] = []
    for (const state of states) {
      const windows = await tx.inbox.windows(state)
      const ofRole = <Row extends { subjectType: string }>(rows: readonly Row[]) =>
        rows.find(({ subjectType }) => subjectType === state.subjectType)
      const absent = ofRole(missing)
      standings.push(
        standingOf(state, { windows, missing: absent ?? null, audit: ofRole(audits) ?? null, now: now() }),
      )
    }
    return standings
  })

function standingOf(
  state: SyncState,
  of: {
    windows: Awaited<ReturnType<CompanyTransaction['inbox']['windows']>>
    missing: { count: number; earliest: Date | null; undated: boolean } | null
    audit: SyncStanding['audit']
    now: Date
  },
): SyncStanding {
  const { windows, missing, audit, now } = of
  const proved = provedUpTo(state.startAt, windows)
  // Of one whose date KSeF does not tell, nobody knows where it belongs.
  const gap = missing?.undated === true ? state.startAt : (missing?.earliest ?? null)
  const completeUpTo = gap !== null && gap < proved ? gap : proved
  return {
    state,
    completeUpTo,
    progress: progressOf({ startAt: state.startAt, checkpoint: completeUpTo }, now),
    lagSeconds: Math.max(0, (now.getTime() - completeUpTo.getTime()) / 1000),
    isLate: state.lateAt !== null && state.lateAt <= now,
    windows: {
      count: windows.length,
      listed: windows.reduce((total, { listed }) => total + listed, 0),
      added: windows.reduce((total, { added }) => total + added, 0),
    },
    missing: missing?.count ?? 0,
    audit:
      audit === null
        ? null
        : { at: audit.at, from: audit.from, to: audit.to, listed: audit.listed, missing: audit.missing },
  }
}
