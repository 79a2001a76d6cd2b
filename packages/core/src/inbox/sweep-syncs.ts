import { ringOf } from '../jobs/define-job.ts'
import { notifyLateSync } from '../jobs/notify-late-sync.ts'
import type { Ring } from '../jobs/ring.ts'
import { syncInbox } from '../jobs/sync-inbox.ts'
import type { FleetDatabase } from '../stores.ts'

/** Syncs in one sweep: what is left over is swept a moment later. */
const ROWS_MAX = 1_000

/**
 * Finds the syncs that are due and answers the rings for them. One worker of all asks, when the schedule in Redis says so: with
 * a hundred thousand companies a sweep of each worker's own would be a hundred thousand looks at the same rows.
 *
 * @returns `more`: there may be others, and it is to be asked again at once
 */
export async function sweepSyncs(db: FleetDatabase): Promise<{ rings: Ring[]; more: boolean }> {
  return db.asSystem('sweep-due', async ({ due }) => {
    const syncs = await due.syncs(ROWS_MAX)
    const late = await due.lateSyncs(ROWS_MAX)
    const rings = [
      ...syncs.map((row) => ringOf(syncInbox, row)),
      ...late.map((row) => ringOf(notifyLateSync, row)),
    ]
    return { rings, more: syncs.length === ROWS_MAX }
  })
}
