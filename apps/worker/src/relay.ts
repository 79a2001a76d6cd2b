import type { FleetDatabase, Log, Ring } from '@ksef-fleet/core'
import { type Loop, startLoop } from './loop.ts'
import type { Doorbell } from './queues.ts'

const ROWS_MAX = 200

/**
 * Turns outbox rows into rings. The rows leave the table in the transaction that rang: a crash in between rings twice,
 * which coalesces, and never not at all.
 */
export function startRelay(deps: { db: FleetDatabase; doorbell: Doorbell; log: Log; pauseMs: number }): Loop {
  return startLoop({
    name: 'relay',
    pauseMs: deps.pauseMs,
    log: deps.log,
    step: async () => {
      const taken = await deps.db.asSystem('relay-outbox', async (tx): Promise<Ring[]> => {
        const rings = await tx.outbox.take(ROWS_MAX)
        if (rings.length > 0) await deps.doorbell.ring(rings)
        return rings
      })
      return taken.length === ROWS_MAX
    },
  })
}
