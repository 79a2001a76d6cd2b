import type { Counted } from './counted.ts'
import type { LimitWindow } from './limit-windows.ts'

/** A call by its moment, and by the name under which it is counted wherever it is told. */
export type OwnCall = { readonly at: number; readonly id: string }

/** Until another call fits into a window, in ms; 0 when it does now. `calls` are in the order of their moments. Pure. */
export function freeInMs(
  calls: readonly Pick<OwnCall, 'at'>[],
  { ms, limit }: Pick<LimitWindow, 'ms' | 'limit'>,
  now: number,
): number {
  if (limit <= 0) return ms
  const oldest = calls.at(-limit)
  return oldest === undefined ? 0 : Math.max(0, oldest.at + ms - now)
}

/** What one process counts by itself. */
export type ProcessBudget = {
  /** How long the call has to wait; 0: it is counted. */
  take(counters: readonly Counted[], id: string): { waitMs: number; blockedMs: number }
  /** Counts a call that was let through elsewhere, and counts it once. */
  note(counters: readonly Counted[], id: string): void
  /** It is not made after all, or asks anew. */
  forget(counters: readonly Pick<Counted, 'key'>[], id: string): void
  /** One of its calls is or was under way for long: it counts as made now. */
  retime(counters: readonly Pick<Counted, 'key'>[], id: string): void
  block(key: string, ms: number): void
  calls(key: string): readonly OwnCall[]
  /** Of every counter; the longest quiet first. */
  keys(): readonly string[]
  blockedMs(key: string): number
}

/** The longest quiet counters are forgotten beyond this many. */
const KEYS_MAX = 50_000

export function createProcessBudget({ now }: { now: () => Date }): ProcessBudget {
  const logs = new Map<string, readonly OwnCall[]>()
  const blocks = new Map<string, number>()

  const put = (key: string, calls: readonly OwnCall[]): void => {
    logs.delete(key)
    logs.set(key, calls)
    const [oldest] = logs.keys()
    if (logs.size > KEYS_MAX && oldest !== undefined) logs.delete(oldest)
  }
  const note: ProcessBudget['note'] = (counters, id) => {
    const at = now().getTime()
    for (const { key, windows } of counters) {
      const longestMs = windows.at(-1)?.ms
      if (longestMs === undefined) continue
      // A clock that was moved back must not leave calls of the future to count for ever.
      const kept = (logs.get(key) ?? []).filter((call) => call.at > at - longestMs && call.id !== id)
      put(key, [...kept.map((call) => ({ ...call, at: Math.min(call.at, at) })), { at, id }])
    }
  }
  const blockedMs = (key: string): number => {
    const leftMs = (blocks.get(key) ?? 0) - now().getTime()
    if (leftMs <= 0) blocks.delete(key)
    return Math.max(0, leftMs)
  }
  return {
    note,
    forget(counters, id) {
      for (const { key } of counters) {
        const calls = logs.get(key)
        if (calls?.some((call) => call.id === id))
          put(
            key,
            calls.filter((call) => call.id !== id),
          )
      }
    },
    retime(counters, id) {
      for (const { key } of counters) {
        const others = (logs.get(key) ?? []).filter((call) => call.id !== id)
        put(key, [...others, { at: now().getTime(), id }])
      }
    },
    blockedMs,
    calls: (key) => logs.get(key) ?? [],
    keys: () => [...logs.keys()],
    block(key, ms) {
      blocks.set(key, Math.max(blocks.get(key) ?? 0, now().getTime() + ms))
    },
    take(counters, id) {
      const at = now().getTime()
      const waits = counters.flatMap(({ key, windows }) =>
        windows.map((window) => freeInMs(logs.get(key) ?? [], window, at)),
      )
      const blocked = Math.max(0, ...counters.map((one) => Math.max(one.blockedMs, blockedMs(one.key))))
      const waitMs = Math.max(blocked, ...waits)
      if (waitMs <= 0) note(counters, id)
      return { waitMs, blockedMs: blocked }
    },
  }
}
