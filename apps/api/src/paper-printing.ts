/**
 * Prints beside the event loop: a PDF takes tens of milliseconds, one of an attachment as large as KSeF takes some seconds.
 * Threads start when there is something to print and end when there is nothing for a while.
 */
import { FleetError } from '@ksef-fleet/core'
import type { Print, PrintTask } from './printing-thread.ts'
import { createThreadPool } from './thread-pool.ts'

export type PrintingLimits = {
  threads: number
  /** Waiting tasks beyond which new ones are turned away. */
  waitingMax: number
  /** Time from the wish to the print. */
  deadlineMs: number
}

export type Printer = {
  /** @throws FleetError OVERLOADED when too many wait, or it took too long */
  print(task: PrintTask): Promise<Print>
  close(): Promise<void>
}

const IDLE_MS = 60_000
/** Of one thread: ten times what the largest lawful document takes to lay out would be a fault of ours. */
const HEAP_MB = 1_024

export function createPrinter(limits: PrintingLimits): Printer {
  const { pool, close } = createThreadPool<PrintTask, Print>({
    filename: new URL('./printing-thread.ts', import.meta.url).href,
    minThreads: 0,
    maxThreads: limits.threads,
    idleTimeout: IDLE_MS,
    maxQueue: limits.waitingMax,
    resourceLimits: { maxOldGenerationSizeMb: HEAP_MB },
  })
  return {
    async print(task) {
      if (pool.queueSize >= limits.waitingMax) throw new FleetError('OVERLOADED')
      const signal = AbortSignal.timeout(limits.deadlineMs)
      try {
        return await pool.run(task, { signal })
      } catch (error) {
        throw signal.aborted ? new FleetError('OVERLOADED') : error
      }
    },
    close,
  }
}
