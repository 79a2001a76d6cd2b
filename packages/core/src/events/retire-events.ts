import type { FleetDatabase } from '../stores.ts'

/** So long before its event goes, what waits for a disabled webhook is dead: there is time to see it and to enable the webhook. */
const GIVEN_UP_BEFORE_MS = 7 * 86_400_000

/**
 * Drops events that are kept long enough, with what became of their deliveries. None goes in silence: what still waits for a
 * disabled webhook is given up first.
 *
 * @param keep.limit at most so many at once
 * @returns how many were looked at, and how many deliveries given up: as many as `limit`, and there are more
 */
export const retireEvents = (
  db: FleetDatabase,
  { months, limit }: { months: number; limit: number },
): Promise<{ events: number; givenUp: number }> =>
  db.asSystem('retire-events', async (tx) => {
    const before = await tx.present()
    before.setUTCMonth(before.getUTCMonth() - months)
    const givenUp = await tx.eventLog.giveUp(new Date(before.getTime() + GIVEN_UP_BEFORE_MS), limit)
    return { events: givenUp === limit ? 0 : await tx.eventLog.retire(before, limit), givenUp }
  })
