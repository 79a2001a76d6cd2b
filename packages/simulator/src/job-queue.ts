/**
 * Heavy work waits here for its turn: one package is unfolded or packed at a time, and requests of others keep being
 * answered meanwhile.
 */
export type JobQueue = {
  add(job: (signal: AbortSignal) => Promise<void>): void
  /** Tells the running job to stop, drops those that wait, and resolves when nothing runs any more. */
  close(): Promise<void>
}

export function createJobQueue(): JobQueue {
  const stop = new AbortController()
  let tail: Promise<void> = Promise.resolve()
  return {
    add: (job) => {
      tail = tail.then(() => (stop.signal.aborted ? undefined : job(stop.signal)))
    },
    close: () => {
      stop.abort()
      return tail
    },
  }
}
