/** Outages as an administrator tells them: those the lighthouse did not, and ends to those it left open. */
import type { OutageKind } from '@ksef-fleet/ksef'
import type { CoreDependencies } from '../dependencies.ts'
import { FleetError } from '../errors.ts'
import type { SystemTransaction } from '../stores.ts'
import type { KsefAvailability } from './availability.ts'
import { OutageId, type StoredOutage } from './outage.ts'

type Deps = Pick<CoreDependencies, 'db' | 'environment' | 'now' | 'newId'>
type By = { actor: string; requestId?: string }

/** What is known of KSeF: how the fleet sees it, and which outages were announced. */
export type KsefStanding = { availability: KsefAvailability; outages: readonly StoredOutage[] }

export const readKsefStanding = ({ db, environment }: Omit<Deps, 'now' | 'newId'>): Promise<KsefStanding> =>
  db.asSystem('manage-outages', async (tx) => {
    const availability = await tx.availability.get(environment)
    if (availability === null) throw new Error(`there is no row of KSeF's availability for ${environment}`)
    return { availability, outages: await tx.outages.list(environment) }
  })

export type NewOutage = By & {
  kind: OutageKind
  start: Date
  /** null: it goes on. */
  end: Date | null
  /** Where it was announced, in the administrator's words. */
  note: string
}

/** Enters an outage. Deadlines of every company are worked out anew by it. */
export async function announceOutage(deps: Deps, request: NewOutage): Promise<StoredOutage> {
  const { kind, start, end, note } = request
  const now = deps.now()
  const outage: StoredOutage = {
    id: OutageId.parse(deps.newId()),
    environment: deps.environment,
    kind,
    announced: now,
    start,
    end,
    source: 'administrator',
    reference: null,
    note,
    createdAt: now,
    withdrawnAt: null,
  }
  await deps.db.asSystem('manage-outages', async (tx) => {
    await tx.outages.insert(outage)
    await append(tx, request, { action: 'outage.announce', subject: outage.id, statement: note })
  })
  return outage
}

/** @throws FleetError NOT_FOUND when it is unknown, withdrawn or over */
export const endOutage = (
  deps: Deps,
  request: By & { outageId: OutageId; end: Date },
): Promise<StoredOutage> =>
  change(deps, request, { action: 'outage.end', work: (tx) => tx.outages.end(request.outageId, request.end) })

/** Takes back what was told by mistake. @throws FleetError NOT_FOUND */
export const withdrawOutage = (deps: Deps, request: By & { outageId: OutageId }): Promise<StoredOutage> =>
  change(deps, request, { action: 'outage.withdraw', work: (tx) => tx.outages.withdraw(request.outageId) })

const change = (
  { db, environment }: Deps,
  request: By & { outageId: OutageId },
  { action, work }: { action: string; work: (tx: SystemTransaction) => Promise<boolean> },
): Promise<StoredOutage> =>
  db.asSystem('manage-outages', async (tx) => {
    if (!(await work(tx))) throw new FleetError('NOT_FOUND')
    await append(tx, request, { action, subject: request.outageId })
    const changed = (await tx.outages.list(environment)).find(({ id }) => id === request.outageId)
    if (changed === undefined) throw new FleetError('NOT_FOUND')
    return changed
  })

const append = (
  tx: SystemTransaction,
  { actor, requestId }: By,
  { action, subject, statement }: { action: string; subject: string; statement?: string },
): Promise<void> =>
  tx.audit.append({
    actor,
    action,
    subject,
    outcome: 'ok',
    ...(requestId === undefined ? {} : { requestId }),
    ...(statement === undefined ? {} : { details: { statement } }),
  })
