import {
  eraseKept,
  type FleetDatabase,
  type Log,
  type RegisterPlace,
  registerMissing,
} from '@ksef-fleet/core'
import { afterTheStart, type Loop, startLoop } from './loop.ts'

const ERASE_PAUSE_MS = 3_600_000
const ERASED_AT_ONCE = 200

/** Erases what is kept long enough. Every worker tries; what one has erased the others do not find. */
export function startDocumentRetention(deps: {
  db: FleetDatabase
  log: Log
  years: number
  pauseMs?: number
}): Loop {
  const pauseMs = deps.pauseMs ?? ERASE_PAUSE_MS
  return startLoop({
    name: 'document-retention',
    pauseMs,
    firstInMs: afterTheStart(pauseMs),
    log: deps.log,
    step: async () => {
      const count = await eraseKept(deps, { years: deps.years, limit: ERASED_AT_ONCE })
      if (count > 0) deps.log.info({ count }, 'documents.erased')
      return count === ERASED_AT_ONCE
    },
  })
}

/** Once a day, for an older version's process may still be accepting while this one runs. */
const WALK_PAUSE_MS = 86_400_000
const REGISTERED_AT_ONCE = 200

/**
 * Walks over all submissions and enters into the register of documents what it lacks. A worker that stops begins again at the
 * start with its next life, and finds nothing to do where it has been.
 */
export function startDocumentRegister(deps: { db: FleetDatabase; log: Log; pauseMs?: number }): Loop {
  const pauseMs = deps.pauseMs ?? WALK_PAUSE_MS
  let after: RegisterPlace | null = null
  return startLoop({
    name: 'document-register',
    pauseMs,
    firstInMs: afterTheStart(pauseMs),
    log: deps.log,
    step: async () => {
      const { registered, next } = await registerMissing(deps, { after, limit: REGISTERED_AT_ONCE })
      if (registered > 0) deps.log.info({ count: registered }, 'documents.registered')
      after = next
      return next !== null
    },
  })
}
