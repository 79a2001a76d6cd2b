import type { Counted } from './counted.ts'
import type { GroupBudget } from './rate-budget.ts'

/** What a counter showed when it was looked at; its windows in the order of `Counted`. */
export type SeenCounter = {
  readonly blockedMs: number
  readonly windows: readonly { readonly limit: number; readonly used: number; readonly freeMs: number }[]
}

/** What the counters of a group leave: its own one tells the windows, and each of them may be the one that binds. Pure. */
export function groupBudgetOf(
  counted: readonly Counted[],
  seen: readonly SeenCounter[],
  by: GroupBudget['counted'],
): GroupBudget {
  const all = seen.flatMap(({ windows }) => windows)
  const blockedForMs = Math.max(0, ...seen.map(({ blockedMs }) => blockedMs))
  const free = all.map(({ limit, used }) => Math.max(0, limit - used))
  return {
    left: blockedForMs > 0 ? 0 : free.length === 0 ? null : Math.min(...free),
    freeInMs: Math.max(blockedForMs, ...all.map(({ freeMs }) => freeMs)),
    blockedForMs,
    windows: (counted[0]?.windows ?? []).flatMap(({ window }, index) => {
      const found = seen[0]?.windows[index]
      if (found === undefined) return []
      const { limit, used, freeMs } = found
      return [{ window, limit, used, left: Math.max(0, limit - used), freeInMs: freeMs }]
    }),
    counted: by,
  }
}
