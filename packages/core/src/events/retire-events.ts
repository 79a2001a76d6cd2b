import type { FleetDatabase } from '../stores.ts'

/**
 * Drops events that are kept long enough, with what became of their deliveries.
 *
 * @param keep.limit at most so many at once
 * @returns how many were looked at: as many as `limit`, and there are more
 */
export const retireEvents = (
  db: FleetDatabase,
  { months, limit }: { months: number; limit: number },
): Promise<number> =>
  db.asSystem('retire-events', async (tx) => {
    const before = await tx.present()
    before.setUTCMonth(before.getUTCMonth() - months)
    return tx.eventLog.retire(before, limit)
  })
