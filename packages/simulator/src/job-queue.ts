/**
 * Batches wait here for their turn: one is processed at a time, so that only one package is unfolded at once and
 * requests of others keep being answered.
 */
export type BatchQueue = {
  add(job: (signal: AbortSignal) => Promise<void>): void
  /** Tells the running job to stop, drops those that wait, and resolves when nothing runs any more. */
  close(): Promise<void>
}

export function createBatchQueue(): BatchQueue {
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
