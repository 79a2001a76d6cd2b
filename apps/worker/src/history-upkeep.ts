import { type FleetDatabase, type Log, retireEvents, retireExports } from '@ksef-fleet/core'
import { afterTheStart, type Loop, startLoop } from './loop.ts'

const KEEP_PAUSE_MS = 3_600_000
const RETIRED_AT_ONCE = 1_000

/** Drops events and records of exports that are kept long enough. Every worker tries; what one has dropped the others do not find. */
export function startHistoryRetention(deps: {
  db: FleetDatabase
  log: Log
  eventMonths: number
  exportDays: number
  pauseMs?: number
}): Loop {
  const { db, log, eventMonths: months, exportDays: days } = deps
  const limit = RETIRED_AT_ONCE
  const pauseMs = deps.pauseMs ?? KEEP_PAUSE_MS
  return startLoop({
    name: 'history-retention',
    pauseMs,
    firstInMs: afterTheStart(pauseMs),
    log,
    step: async () => {
      const { events, givenUp } = await retireEvents(db, { months, limit })
      const exports = await retireExports(db, { days, limit })
      if (events + exports + givenUp > 0) log.info({ count: events + exports, givenUp }, 'history.retired')
      return [events, givenUp, exports].includes(limit)
    },
  })
}
