import type { Log } from '../log.ts'

/** Redis is the doorbell, not the truth: its failure is told to the operator and answered with `undefined`. */
export async function tolerant<T>(log: Log, work: () => Promise<T>): Promise<T | undefined> {
  try {
    return await work()
  } catch (error) {
    log.warn({ reason: error instanceof Error ? error.name : 'unknown' }, 'access.cache-unavailable')
    return undefined
  }
}
