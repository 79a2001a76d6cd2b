import type { Clock } from '../clock.ts'
import type { Thresholds } from './groups.ts'
import { createSlidingWindow, type SlidingWindow } from './sliding-window.ts'

/**
 * Counters by key (context, address and group). States of a key: open; blocked until a moment, after a threshold
 * was crossed. Every refusal within an hour doubles the next block, up to eightfold: KSeF publishes that repeated
 * crossing lengthens the block, not by how much (limity-api.md, section 2). Who waits `Retry-After` is let in.
 */
export type RateLimiter = {
  /** Undefined when the request is admitted. */
  spend(key: string, thresholds: Thresholds): Overspent | undefined
  /** Forgets a context's counters and blocks, as when its limits are set anew. */
  forget(keyPrefix: string): void
}

export type Overspent = { retryAfterSeconds: number; detail: string }

/** `waitMs` is what the first crossing cost; repeats multiply it. */
type Block = { untilMs: number; waitMs: number; because: string }
type Key = { window: SlidingWindow; refusals: number[]; block?: Block }

const HOUR_MS = 3_600_000
const FACTOR_MAX = 8

export function createRateLimiter(clock: Clock): RateLimiter {
  const keys = new Map<string, Key>()

  const refuse = (key: Key, nowMs: number, { waitMs, because, untilMs }: Block): Overspent => {
    key.refusals = key.refusals.filter((moment) => moment > nowMs - HOUR_MS && moment <= nowMs)
    const factor = Math.min(2 ** key.refusals.length, FACTOR_MAX)
    key.refusals.push(nowMs)
    const lengthMs = Math.max(untilMs - nowMs, waitMs * factor)
    const retryAfterSeconds = Math.max(1, Math.ceil(lengthMs / 1000))
    key.block = { waitMs, because, untilMs: nowMs + retryAfterSeconds * 1000 }
    return { retryAfterSeconds, detail: `${because} Spróbuj ponownie po ${retryAfterSeconds} sekundach.` }
  }

  return {
    spend: (name, thresholds) => {
      const key: Key = keys.get(name) ?? { window: createSlidingWindow(), refusals: [] }
      keys.set(name, key)
      const nowMs = clock.now().getTime()
      const { block } = key
      const lastRefusal = key.refusals.at(-1) ?? nowMs
      if (block !== undefined && nowMs < block.untilMs && nowMs >= lastRefusal)
        return refuse(key, nowMs, block)
      const crossing = key.window.admit(nowMs, thresholds)
      if (crossing === undefined) return undefined
      const because = `Przekroczono limit ${crossing.limit} żądań na ${crossing.window}.`
      return refuse(key, nowMs, {
        because,
        untilMs: crossing.freeAtMs,
        waitMs: crossing.freeAtMs - nowMs,
      })
    },
    forget: (prefix) => {
      for (const name of keys.keys()) if (name.startsWith(prefix)) keys.delete(name)
    },
  }
}
