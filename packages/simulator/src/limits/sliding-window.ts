import type { Thresholds } from './groups.ts'

/**
 * One counter: the moments of its requests in the last hour. Windows slide and are not aligned to the clock; all
 * three thresholds hold at once (limity-api.md, section 1). Only admitted requests are counted. Pure but for its list.
 */
export type SlidingWindow = {
  /** Counts a request at `nowMs` and answers undefined, or says which threshold it would have crossed. */
  admit(nowMs: number, thresholds: Thresholds): Crossing | undefined
}

export type Crossing = {
  limit: number
  window: 'sekundę' | 'minutę' | 'godzinę'
  /** When a request would be admitted again. */
  freeAtMs: number
}

const HOUR_MS = 3_600_000
const WINDOWS = [
  { name: 'perHour', ms: HOUR_MS, window: 'godzinę' },
  { name: 'perMinute', ms: 60_000, window: 'minutę' },
  { name: 'perSecond', ms: 1000, window: 'sekundę' },
] as const

export function createSlidingWindow(): SlidingWindow {
  let admitted: number[] = []
  const crossingAt = (nowMs: number, thresholds: Thresholds): Crossing | undefined => {
    let latest: Crossing | undefined
    for (const { name, ms, window } of WINDOWS) {
      const limit = thresholds[name]
      const oldest = limit === 0 ? nowMs : admitted.at(-limit)
      if (oldest === undefined || oldest <= nowMs - ms) continue
      const freeAtMs = oldest + ms
      if (latest === undefined || freeAtMs > latest.freeAtMs) latest = { limit, window, freeAtMs }
    }
    return latest
  }
  return {
    admit: (nowMs, thresholds) => {
      // A clock that was moved back must not leave requests of the future to count for ever.
      if ((admitted[0] ?? nowMs) <= nowMs - HOUR_MS || (admitted.at(-1) ?? nowMs) > nowMs)
        admitted = admitted.filter((moment) => moment > nowMs - HOUR_MS && moment <= nowMs)
      const crossing = crossingAt(nowMs, thresholds)
      if (crossing === undefined) admitted.push(nowMs)
      return crossing
    },
  }
}
