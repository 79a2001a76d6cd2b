import { type FleetDatabase, type Log, sweepDue, sweepPolls } from '@ksef-fleet/core'
import { type Loop, startLoop } from './loop.ts'
import type { Doorbell } from './queues.ts'

/** A crowd whose timers lie close together is swept together. */
const SHORTEST_MS = 10

/**
 * Rings for whatever is due. A plain loop over PostgreSQL in every worker: a schedule in Redis would die with Redis. It
 * sleeps no longer than until the next invoice is to be asked about, so that its pause costs no invoice time; between its
 * pauses it looks for such invoices alone, of which many workers see many every second.
 */
export function startSweeper(deps: {
  db: FleetDatabase
  doorbell: Doorbell
  log: Log
  pauseMs: number
  sessionIdleSeconds: number
}): Loop {
  let wholeAt = Number.NEGATIVE_INFINITY
  return startLoop({
    name: 'sweeper',
    pauseMs: deps.pauseMs,
    log: deps.log,
    step: async () => {
      const now = performance.now()
      const isWhole = now - wholeAt >= deps.pauseMs
      if (isWhole) wholeAt = now
      const { rings, nextInMs, lastDeathAt } = await (isWhole
        ? sweepDue(deps.db, deps.sessionIdleSeconds)
        : sweepPolls(deps.db))
      if (lastDeathAt !== null) deps.doorbell.ringAnewSince(lastDeathAt)
      if (rings.length > 0) await deps.doorbell.ring(rings)
      const wholeInMs = wholeAt + deps.pauseMs - performance.now()
      return { inMs: Math.max(Math.min(nextInMs ?? wholeInMs, wholeInMs), SHORTEST_MS) }
    },
  })
}
