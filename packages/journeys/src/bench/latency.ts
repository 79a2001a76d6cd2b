import { setTimeout as sleep } from 'node:timers/promises'
import { rounded } from './report.ts'

/** How long each call took, in milliseconds; figures are read from it when all calls are made. */
export type Latencies = {
  /** Times the work and passes its value on. */
  of<T>(work: () => Promise<T> | T): Promise<T>
  /** Takes a time that somebody else has measured. */
  add(ms: number): void
  p50Ms(): number
  p95Ms(): number
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
    add: (ms) => void tookMs.push(ms),
    p50Ms: () => percentile(0.5),
    p95Ms: () => percentile(0.95),
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

/** Calls by `callers` side by side for so long, each caller's next as soon as its last has ended. Answers calls a second. */
export async function callFor(
  { callers, seconds }: { callers: number; seconds: number },
  work: () => Promise<unknown>,
): Promise<number> {
  const began = performance.now()
  let calls = 0
  await Promise.all(
    Array.from({ length: callers }, async () => {
      while (performance.now() - began < seconds * 1000) {
        await work()
        calls++
      }
    }),
  )
  return (calls * 1000) / (performance.now() - began)
}

/**
 * An open loop: calls begin at their rate, whether earlier ones have ended or not. A call's time counts from the moment
 * it was due, so that a stall shows in every call that it delayed.
 */
export async function callAtRate(
  { perSecond, seconds, into }: { perSecond: number; seconds: number; into: Latencies },
  work: () => Promise<unknown>,
): Promise<void> {
  const began = performance.now()
  const running: Promise<void>[] = []
  for (let call = 0; call < perSecond * seconds; call++) {
    const due = began + (call * 1000) / perSecond
    const earlyMs = due - performance.now()
    if (earlyMs > 0) await sleep(earlyMs)
    running.push(work().then(() => into.add(performance.now() - due)))
  }
  await Promise.all(running)
}
