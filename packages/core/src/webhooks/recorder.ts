/**
 * Writes what comes while a write is under way together, in the next one: many results a statement when they come fast,
 * each at once when they do not.
 *
 * @returns a function whose promise settles when its result is written, or could not be
 */
export function createRecorder<Result>(
  write: (results: readonly Result[]) => Promise<void>,
): (result: Result) => Promise<void> {
  let waiting: Result[] = []
  let next: Promise<void> | null = null
  let last: Promise<void> = Promise.resolve()
  const writeWaiting = (): Promise<void> => {
    const results = waiting
    waiting = []
    next = null
    return write(results)
  }
  return (result) => {
    waiting.push(result)
    if (next === null) {
      next = last.then(writeWaiting, writeWaiting)
      last = next
    }
    return next
  }
}
