import { type Log, sweepSpool } from '@ksef-fleet/core'
import { afterTheStart, type Loop, startLoop } from './loop.ts'

const SWEEP_PAUSE_MS = 3_600_000

/** Clears the spool of what killed processes left there. Files are dated by this machine's own clock. */
export function startSpoolSweeper(deps: { spoolDirectory: string; log: Log; pauseMs?: number }): Loop {
  const pauseMs = deps.pauseMs ?? SWEEP_PAUSE_MS
  return startLoop({
    name: 'spool-sweeper',
    pauseMs,
    firstInMs: afterTheStart(pauseMs),
    log: deps.log,
    step: async () => {
      const count = await sweepSpool(deps.spoolDirectory, new Date())
      if (count > 0) deps.log.info({ count }, 'spool.swept')
      return false
    },
  })
}
