import type { Log } from '@ksef-fleet/core'
import type { WorkerConfig } from './config.ts'

/** A step at hand ends within a few requests to KSeF. What takes longer is cut: a worker may die at any line anyway. */
const STEPS_SECONDS_MAX = 15

/** Aborted once this process is asked to end; ends it by force when that takes too long. */
export function stopOnSignal(config: WorkerConfig, log: Log): AbortSignal {
  const stop = new AbortController()
  const withinMs = (config.ksef.deadlineSeconds + STEPS_SECONDS_MAX) * 1000
  for (const signal of ['SIGTERM', 'SIGINT'] as const) {
    process.once(signal, () => {
      log.info({ signal }, 'worker.stopping')
      stop.abort()
      setTimeout(() => {
        log.error({}, 'worker.stop-overdue')
        process.exit(1)
      }, withinMs).unref()
    })
  }
  return stop.signal
}
