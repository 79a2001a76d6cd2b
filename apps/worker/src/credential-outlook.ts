import type { CredentialWindow, FleetDatabase, Log } from '@ksef-fleet/core'

/** How many credentials that sign in end within which window of days. Counts only: it is shown without a key. */
export type CredentialOutlook = Readonly<Record<CredentialWindow, number>>

const MEASURE_EVERY_MS = 15_000

/**
 * Reads the outlook, from memory while it is fresh: probes and scrapes come more often than credentials end. They go on without
 * it, so that it cannot be read is told here: once, and once that it can again.
 */
export function createCredentialOutlook(deps: {
  db: FleetDatabase
  now: () => Date
  log: Log
}): () => Promise<CredentialOutlook> {
  let measuredAt = Number.NEGATIVE_INFINITY
  let running: Promise<CredentialOutlook> | undefined
  let isUnread = false
  return () => {
    const at = deps.now().getTime()
    if (running !== undefined && at - measuredAt < MEASURE_EVERY_MS) return running
    measuredAt = at
    const measuring = deps.db.asSystem('measure', async (tx) => countsOf(await tx.credentials.forecast()))
    measuring.then(
      () => {
        if (isUnread) deps.log.info({}, 'credential-outlook.read-again')
        isUnread = false
      },
      (error) => {
        if (!isUnread) deps.log.warn({ error }, 'credential-outlook.unread')
        isUnread = true
        // What failed is asked again by the next one, not remembered.
        if (running === measuring) running = undefined
      },
    )
    running = measuring
    return measuring
  }
}

/** Every window, those without a credential too: a figure that is missing would look like one that is not measured. */
function countsOf(forecast: readonly { window: CredentialWindow; count: number }[]): CredentialOutlook {
  const counts: Record<CredentialWindow, number> = {
    expired: 0,
    'within-1-day': 0,
    'within-7-days': 0,
    'within-14-days': 0,
    'within-30-days': 0,
    later: 0,
    never: 0,
  }
  for (const { window, count } of forecast) counts[window] += count
  return counts
}
