/**
 * How often in a row something failed for a company, as this process saw it: the measure for waiting longer. Kept in memory,
 * because losing it costs one early try; what must hold across workers is the block on the integration itself.
 */
export type FailureStreaks = {
  /** Notes a failure and answers how many came directly before it. */
  add(key: string): number
  /** It worked. */
  end(key: string): void
}

/** The longest quiet streaks are forgotten beyond this many. */
const KEYS_MAX = 50_000

export function createFailureStreaks(): FailureStreaks {
  const counts = new Map<string, number>()
  return {
    add(key) {
      const before = counts.get(key) ?? 0
      counts.delete(key)
      counts.set(key, before + 1)
      const [oldest] = counts.keys()
      if (counts.size > KEYS_MAX && oldest !== undefined) counts.delete(oldest)
      return before
    },
    end(key) {
      counts.delete(key)
    },
  }
}
