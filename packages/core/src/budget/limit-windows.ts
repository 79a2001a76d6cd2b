import {
  type LimitCounter,
  type LimitGroup,
  limitGroupOfCounter,
  PUBLISHED_LIMITS,
  type RateLimit,
  type RateLimits,
  UNBOUND,
} from '@ksef-fleet/ksef'
import type { WindowName } from './rate-budget.ts'

export type LimitWindow = { readonly window: WindowName; readonly ms: number; readonly limit: number }

/**
 * A call arrives at KSeF later than it was counted here, and not always by the same time: two calls counted a window apart
 * may meet within it. So ours are longer than KSeF's by what one call may dawdle.
 */
export const DAWDLE_MS = 1_000

const WINDOWS = [
  { window: 'second', ms: 1_000, of: 'perSecond' },
  { window: 'minute', ms: 60_000, of: 'perMinute' },
  { window: 'hour', ms: 3_600_000, of: 'perHour' },
] as const satisfies readonly { window: WindowName; ms: number; of: keyof RateLimit }[]

/** The windows of a counter that bind anything, the shortest first, with KSeF's own lengths. */
export function windowsOf(limits: RateLimits | null, counter: LimitCounter): LimitWindow[] {
  const limit = limitOf(limits, limitGroupOfCounter(counter))
  const found: LimitWindow[] = []
  for (const { window, ms, of } of WINDOWS) {
    const max = Math.max(0, Math.floor(limit[of]))
    const shorter = found.at(-1)
    // As many as the shorter window lets through by itself bind nothing further.
    const isImplied = shorter !== undefined && max >= shorter.limit * (ms / shorter.ms)
    if (max < UNBOUND && !isImplied) found.push({ window, ms, limit: max })
  }
  return found
}

function limitOf(limits: RateLimits | null, group: LimitGroup): RateLimit {
  return limits?.[group] ?? PUBLISHED_LIMITS[group]
}

/** Before API 2.8 closing spent from the counter of opening: so it does where KSeF tells limits, but none for closing. */
const FORMERLY_IN: { readonly [counter: string]: LimitCounter } = {
  onlineSessionClose: 'onlineSession',
  batchSessionClose: 'batchSession',
}

/** All the counters that one call spends from. That of the whole address always, since KSeF may refuse it without a limit of it. */
export function countersOf(limits: RateLimits | null, counter: LimitCounter): LimitCounter[] {
  const formerly = FORMERLY_IN[counter]
  const own = formerly !== undefined && limits !== null && limits[counter] === undefined ? formerly : counter
  return own === 'global' ? [own] : [own, 'global']
}

/** Counted for the egress address and not for a context. */
export const isOfAddress = (counter: LimitCounter): boolean => counter === 'anonymous' || counter === 'global'
