import { type FleetDatabase, type Log, sweepDue } from '@ksef-fleet/core'
import { type Loop, startLoop } from './loop.ts'
import type { Doorbell } from './queues.ts'

/** A crowd whose timers lie close together is swept together. */
const SHORTEST_MS = 10

/**
 * Rings for whatever is due. A plain loop over PostgreSQL in every worker: a schedule in Redis would die with Redis. It
 * sleeps no longer than until the next invoice is to be asked about, so that its pause costs no invoice time.
 */
export function startSweeper(deps: {
  db: FleetDatabase
  doorbell: Doorbell
  log: Log
  pauseMs: number
  sessionIdleSeconds: number
}): Loop {
  return startLoop({
    name: 'sweeper',
    pauseMs: deps.pauseMs,
    log: deps.log,
    step: async () => {
      const { rings, nextInMs } = await sweepDue(deps.db, deps.sessionIdleSeconds)
      if (rings.length > 0) await deps.doorbell.ring(rings)
      return nextInMs === null ? false : { inMs: Math.max(nextInMs, SHORTEST_MS) }
    },
  })
}
