const EVERY_MS = 5
const MB = 1_000_000

/**
 * Of this process, in megabytes.
 *
 * @property peakMb resident memory, at most
 * @property leastMb what its objects and buffers took, at least: what was left after a collection, which tells a leak from a
 * heap that V8 lets grow because the machine has room
 */
export type MemoryOfWork = { peakMb: number; leastMb: number }

/** While the work goes on. */
export async function memoryOf(work: () => Promise<void>): Promise<MemoryOfWork> {
  let [peak, least] = [0, Infinity]
  const look = () => {
    const { rss, heapUsed, external } = process.memoryUsage()
    peak = Math.max(peak, rss)
    least = Math.min(least, heapUsed + external)
  }
  look()
  const timer = setInterval(look, EVERY_MS)
  try {
    await work()
  } finally {
    clearInterval(timer)
  }
  look()
  return { peakMb: peak / MB, leastMb: least / MB }
}

export const peakMemoryOf = async (work: () => Promise<void>): Promise<number> =>
  (await memoryOf(work)).peakMb
