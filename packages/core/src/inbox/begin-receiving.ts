import type { CoreDependencies } from '../dependencies.ts'
import type { Integration } from '../integrations/integration.ts'
import type { CompanyTransaction } from '../stores.ts'
import { chanceOf, DEFAULT_INTERVAL_SECONDS, firstSyncAt, KSEF_BEGAN_AT, lateAt } from './sync-schedule.ts'
import { SUBJECT_TYPES } from './sync-state.ts'

type Deps = Pick<CoreDependencies, 'now' | 'randomBytes' | 'inboxStartAt'>

/**
 * An integration works: it begins to receive what KSeF lets it read, or goes on where it was held. One that does not want
 * `InvoiceRead` receives nothing.
 */
export async function beginReceiving(
  deps: Deps,
  { inbox }: Pick<CompanyTransaction, 'inbox'>,
  { id, environment, scopes }: Pick<Integration, 'id' | 'environment' | 'scopes'>,
): Promise<void> {
  if (!scopes.includes('InvoiceRead')) return inbox.hold(id, { code: 'SYNC_SCOPE_MISSING' }, false)
  const now = deps.now()
  const startAt = deps.inboxStartAt ?? KSEF_BEGAN_AT
  const states = SUBJECT_TYPES.map((subjectType) => {
    const intervalSeconds = DEFAULT_INTERVAL_SECONDS[subjectType]
    const nextSyncAt = firstSyncAt({ intervalSeconds }, now, chanceOf(deps.randomBytes))
    const late = lateAt({ intervalSeconds }, nextSyncAt)
    return { integrationId: id, environment, subjectType, startAt, intervalSeconds, nextSyncAt, lateAt: late }
  })
  await inbox.begin(states)
  const often = { intervalSeconds: DEFAULT_INTERVAL_SECONDS.Subject2 }
  const nextSyncAt = firstSyncAt(often, now, chanceOf(deps.randomBytes))
  await inbox.resume(id, { nextSyncAt, lateAt: lateAt({ intervalSeconds: null }, nextSyncAt) })
}
