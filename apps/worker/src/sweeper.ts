import { type FleetDatabase, type Log, sweepDue } from '@ksef-fleet/core'
import { type Loop, startLoop } from './loop.ts'
import type { Doorbell } from './queues.ts'

/** Rings for whatever is due. A plain loop over PostgreSQL in every worker: a schedule in Redis would die with Redis. */
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
      const rings = await sweepDue(deps.db, deps.sessionIdleSeconds)
      if (rings.length > 0) await deps.doorbell.ring(rings)
      return false
    },
  })
}
