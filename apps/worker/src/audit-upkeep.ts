import type { FleetDatabase, Log } from '@ksef-fleet/core'
import { type Loop, startLoop } from './loop.ts'

const SEAL_PAUSE_MS = 3_000
const ENTRIES_MAX = 1_000

/**
 * Chains new entries of the audit log, so that whoever changes or removes one later is found out. Every worker tries, one
 * at a time succeeds.
 */
export function startAuditSealer(deps: { db: FleetDatabase; log: Log; pauseMs?: number }): Loop {
  const pauseMs = deps.pauseMs ?? SEAL_PAUSE_MS
  return startLoop({
    name: 'audit-sealer',
    pauseMs,
    firstInMs: pauseMs,
    log: deps.log,
    step: async () => {
      const sealed = await deps.db.asSystem('seal-audit', (tx) => tx.audit.seal(ENTRIES_MAX))
      return sealed === ENTRIES_MAX
    },
  })
}

const KEEP_PAUSE_MS = 3_600_000

/** Makes the coming months' partitions and drops those that are older than what is to be kept. */
export function startAuditRetention(deps: {
  db: FleetDatabase
  log: Log
  months: number
  pauseMs?: number
}): Loop {
  return startLoop({
    name: 'audit-retention',
    pauseMs: deps.pauseMs ?? KEEP_PAUSE_MS,
    log: deps.log,
    step: async () => {
      const dropped = await deps.db.asSystem('keep-audit', (tx) => tx.audit.keep(deps.months))
      for (const name of dropped) deps.log.info({ name, count: dropped.length }, 'audit.month-dropped')
      return false
    },
  })
}
