import { createRandomness, type Randomness } from '../randomness.ts'

/** How often something armed strikes. */
export type Countable = {
  /** How many times it strikes; 1 by default, without end when it has a probability. */
  times?: number
  /** How many fitting occasions pass unharmed first; 0 by default. */
  skip?: number
  /** Strikes a fitting occasion with this probability, 0 to 1; the run's seed decides. */
  probability?: number
}

export type Armoury<Armed extends Countable> = {
  add(armed: Armed): void
  clear(): void
  /** What strikes this occasion, counted as used; the oldest fitting one wins. */
  strike(fits: (armed: Armed) => boolean): Armed | undefined
  /** What may still strike, with the times left. */
  list(): Armed[]
}

/** @param initial what is armed from the start. */
export function createArmoury<Armed extends Countable>(
  initial: readonly Armed[] = [],
  randomness: Randomness = createRandomness(),
): Armoury<Armed> {
  const entries: { armed: Armed; skip: number; times: number }[] = []
  const add = (armed: Armed): void => {
    const unlimited = armed.probability === undefined ? 1 : Number.POSITIVE_INFINITY
    entries.push({ armed, skip: armed.skip ?? 0, times: armed.times ?? unlimited })
  }
  initial.forEach(add)
  return {
    add,
    clear: () => void entries.splice(0),
    strike: (fits) => {
      for (const entry of entries) {
        if (entry.times <= 0 || !fits(entry.armed)) continue
        if (entry.skip > 0) {
          entry.skip -= 1
          continue
        }
        const { probability } = entry.armed
        if (probability !== undefined && !randomness.chance(probability)) continue
        entry.times -= 1
        return entry.armed
      }
      return undefined
    },
    list: () =>
      entries
        .filter(({ times }) => times > 0)
        .map(({ armed, times }) => (Number.isFinite(times) ? { ...armed, times } : armed)),
  }
}
