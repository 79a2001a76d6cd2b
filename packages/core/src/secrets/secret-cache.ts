/**
 * What a process remembers of the secret store: each value for five minutes, fetched once however many wait for it. A failure
 * is never remembered. When the store itself fails, what was read in the last hour goes on serving: the database has said
 * that the version is in use, versions never change, and a store that is away has taken nothing back.
 */
export const FRESH_MS = 300_000
export const SERVE_WHILE_DOWN_MS = 3_600_000
/** After the store failed for one key: for so long nobody who can be served from memory waits for it, whatever the key. */
export const ASK_AGAIN_MS = 15_000
const ENTRIES_MAX = 10_000

export type SecretCacheFigures = {
  /** Answered from memory. */
  hits: number
  /** Had to wait for the store. */
  misses: number
  /** Answered from memory because the store failed. */
  bridged: number
  /** Questions to the store, failed ones included. */
  calls: number
}

type Entry<T> = { value: T; freshUntil: number; keepUntil: number }

export type SecretCache<T> = {
  /** @param passes tells a store that is away from one that answered no. */
  read(key: string, fetch: () => Promise<T>): Promise<T>
  /** Forgets every key that starts so, and what is being fetched for it. */
  drop(prefix: string): void
  /** Nothing counts as fresh any more; it still bridges an outage. */
  expire(): void
  figures(): SecretCacheFigures
}

export function createSecretCache<T>(deps: {
  now: () => Date
  /** True for a failure of the store that says nothing about the secret. */
  passes: (error: unknown) => boolean
}): SecretCache<T> {
  const entries = new Map<string, Entry<T>>()
  const underWay = new Map<string, Promise<T>>()
  const figures: SecretCacheFigures = { hits: 0, misses: 0, bridged: 0, calls: 0 }
  let awayUntil = 0

  const keep = (key: string, value: T): void => {
    const at = deps.now().getTime()
    entries.delete(key) // so that the new entry stands last: entries stand in the order in which they end
    for (const [other, { keepUntil }] of entries) {
      if (keepUntil > at && entries.size < ENTRIES_MAX) break
      entries.delete(other)
    }
    entries.set(key, { value, freshUntil: at + FRESH_MS, keepUntil: at + SERVE_WHILE_DOWN_MS })
  }

  const fetchOnce = async (key: string, fetch: () => Promise<T>, isWanted: () => boolean): Promise<T> => {
    figures.calls++
    try {
      const value = await fetch()
      awayUntil = 0
      if (isWanted()) keep(key, value)
      return value
    } catch (error) {
      const known = entries.get(key)
      const at = deps.now().getTime()
      if (deps.passes(error)) awayUntil = at + ASK_AGAIN_MS
      if (known === undefined || known.keepUntil <= at || !deps.passes(error)) {
        entries.delete(key)
        throw error
      }
      figures.bridged++
      return known.value
    }
  }

  return {
    read(key, fetch) {
      const known = entries.get(key)
      const at = deps.now().getTime()
      if (known !== undefined && known.freshUntil > at) {
        figures.hits++
        return Promise.resolve(known.value)
      }
      if (known !== undefined && known.keepUntil > at && awayUntil > at) {
        figures.bridged++
        return Promise.resolve(known.value)
      }
      figures.misses++
      const joined = underWay.get(key)
      if (joined !== undefined) return joined
      // Not wanted any more when the key was dropped meanwhile.
      const isWanted = () => underWay.get(key) === work
      const work: Promise<T> = fetchOnce(key, fetch, isWanted).finally(() => {
        if (isWanted()) underWay.delete(key)
      })
      underWay.set(key, work)
      return work
    },
    drop(prefix) {
      for (const key of entries.keys()) if (key.startsWith(prefix)) entries.delete(key)
      for (const key of underWay.keys()) if (key.startsWith(prefix)) underWay.delete(key)
    },
    expire() {
      for (const entry of entries.values()) entry.freshUntil = 0
    },
    figures: () => ({ ...figures }),
  }
}
