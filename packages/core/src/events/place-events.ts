import { ringOf } from '../jobs/define-job.ts'
import { deliverWebhooks } from '../jobs/deliver-webhooks.ts'
import type { Ring } from '../jobs/ring.ts'
import type { FleetDatabase } from '../stores.ts'
import type { Placed } from './event-store.ts'

/** What one transaction takes: some tens of milliseconds. */
export const PLACED_AT_ONCE = 1_000

/**
 * Gives written events their place in the log, and answers whom to wake: readers of the logs that have grown, and the job
 * of each webhook that has something to deliver now. Null when another worker is at it.
 *
 * Places are given after the writing transaction has committed, one batch after the other. So an event that is seen has
 * nothing coming before it any more, however long other transactions take; and of two happenings of which one could know
 * the other, that one comes later.
 */
export async function placeEvents(
  db: FleetDatabase,
): Promise<{ placed: Pick<Placed, 'events' | 'owners'>; rings: Ring[] } | null> {
  const placed = await db.asSystem('place-events', (tx) => tx.eventLog.place(PLACED_AT_ONCE))
  if (placed === null) return null
  const rings = placed.webhooks.map(({ owner, webhookId }) =>
    ringOf(deliverWebhooks, { companyId: owner ?? ('' as const), webhookId }),
  )
  return { placed, rings }
}
