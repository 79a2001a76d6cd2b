const EVERY_MS = 5
const MB = 1_000_000

/** Megabytes of resident memory of this process, at most, while the work goes on. */
export async function peakMemoryOf(work: () => Promise<void>): Promise<number> {
  let peak = process.memoryUsage.rss()
  const look = () => {
    peak = Math.max(peak, process.memoryUsage.rss())
  }
  const timer = setInterval(look, EVERY_MS)
  try {
    await work()
  } finally {
    clearInterval(timer)
  }
  look()
  return peak / MB
}
