import { setTimeout as sleep } from 'node:timers/promises'
import { rounded } from './report.ts'

/** How long each call took, in milliseconds; figures are read from it when all calls are made. */
export type Latencies = {
  /** Times the work and passes its value on. */
  of<T>(work: () => Promise<T> | T): Promise<T>
  p50Ms(): number
  p99Ms(): number
  count(): number
}

export function collectLatencies(): Latencies {
  const tookMs: number[] = []
  const percentile = (part: number): number => {
    const sorted = Float64Array.from(tookMs).sort()
    return rounded(sorted[Math.min(sorted.length - 1, Math.floor(sorted.length * part))] ?? Number.NaN)
  }
  return {
    async of(work) {
      const began = performance.now()
      const value = await work()
      tookMs.push(performance.now() - began)
      return value
    },
    p50Ms: () => percentile(0.5),
    p99Ms: () => percentile(0.99),
    count: () => tookMs.length,
  }
}

/**
 * Makes `calls` calls by `callers` side by side. Each takes the next call when its last has ended and, at a given rate, when
 * the call's time has come; behind the rate it does not wait.
 */
export async function callAtOnce(
  { callers, calls, perSecond }: { callers: number; calls: number; perSecond?: number },
  work: (call: number) => Promise<unknown>,
): Promise<void> {
  const began = performance.now()
  let next = 0
  await Promise.all(
    Array.from({ length: callers }, async () => {
      while (next < calls) {
        const call = next++
        const earlyMs = perSecond === undefined ? 0 : began + (call * 1000) / perSecond - performance.now()
        if (earlyMs > 0) await sleep(earlyMs)
        await work(call)
      }
    }),
  )
}
