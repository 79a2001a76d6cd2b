import type { LimitCounter } from '@ksef-fleet/ksef'
import { type Counted, countedOf, counterKey } from './counted.ts'
import { groupBudgetOf, type SeenCounter } from './group-budget.ts'
import { DAWDLE_MS } from './limit-windows.ts'
import { createProcessBudget, freeInMs, type ProcessBudget } from './process-budget.ts'
import type { BudgetScope, CountedGroup, GroupBudget, RateBudget, Taken } from './rate-budget.ts'
import { ALONE_AFTER_MS } from './redis-scripts.ts'
import { createSharedCounters, type SharedCountersDependencies } from './shared-counters.ts'

/**
 * What a process may spend by itself while Redis is away: four of them stay within KSeF's limits, and it still sends.
 */
export const ALONE_SHARE = 1 / 4

/** A permit that comes so late that others may have had its place since is changed for a new one; the last one is taken as it is. */
const ASKED_MAX = 3

type Dependencies = Omit<SharedCountersDependencies, 'mine'> & {
  /** Names the address that KSeF sees; fleets behind one address share it. */
  egress: string
  /** See `RateBudget.sitOutMs`. */
  sitOutMs?: number
}

/** A budget that also looks by itself, again and again, whether its counters were lost. */
export type SharedBudget = RateBudget & { begin(): Promise<void> }

/** The budget of a fleet, counted in Redis for all its workers, and in this process while Redis is away. */
export function createSharedBudget(deps: Dependencies): SharedBudget {
  const { egress, now } = deps
  const mine = createProcessBudget({ now })
  const shared = createSharedCounters({ ...deps, mine })

  // A call that asks again asks under its name, and gives back what an answer that never came may have counted for it.
  const ids = new WeakMap<Promise<void>, string>()
  const idOf = (ended: Promise<void> | undefined): string => {
    const id = (ended && ids.get(ended)) ?? shared.newId()
    if (ended !== undefined) ids.set(ended, id)
    return id
  }

  const alone = (
    scope: BudgetScope,
    counter: LimitCounter,
    { share, id }: { share: number; id: string },
  ): Taken => {
    const aloneInMs = ALONE_AFTER_MS - shared.awayMs()
    if (aloneInMs > 0) return { ok: false, retryAfterMs: aloneInMs, blocked: false }
    const counted = countedOf(scope, counter, { egress, now: now(), share: share * ALONE_SHARE })
    const { waitMs, blockedMs } = mine.take(counted, id)
    if (waitMs > 0) return { ok: false, retryAfterMs: waitMs, blocked: blockedMs > 0 }
    shared.tellLater(counted)
    return { ok: true }
  }
  const budget: RateBudget = {
    sitOutMs: deps.sitOutMs,
    async take(scope, counter, { share = 1, ended } = {}) {
      const id = idOf(ended)
      for (let asked = 1; ; asked++) {
        const at = now()
        const counted = withOwnBlocks(countedOf(scope, counter, { egress, now: at, share }))
        const answer = await shared.take(scope, counted, id)
        const taken = answer === null ? alone(scope, counter, { share, id }) : takenBy(answer)
        if (!taken.ok) return taken
        const isStale = answer !== null && now().getTime() - at.getTime() > DAWDLE_MS
        if (!isStale || asked === ASKED_MAX) {
          shared.follow(counted, { id, ended, at })
          return taken
        }
        mine.forget(counted, id)
      }
    },
    async peek(scope, groups) {
      const asked = groups.map((group) => countedOf(scope, group, { egress, now: now(), share: 1 }))
      const seen = await shared.peek(scope, withOwnBlocks(asked.flat()))
      const found = seen ?? asked.flat().map((one) => seenAlone(one, mine, now().getTime()))
      const budgets: [CountedGroup, GroupBudget][] = groups.map((group, index) => {
        const before = asked.slice(0, index).flat().length
        const counted = asked[index] ?? []
        const own = found.slice(before, before + counted.length)
        return [group, groupBudgetOf(counted, own, seen === null ? 'process' : 'fleet')]
      })
      return Object.fromEntries(budgets) as Awaited<ReturnType<RateBudget['peek']>>
    },
    async block(scope, counter, until) {
      const ms = until.getTime() - now().getTime()
      if (ms <= 0) return
      const key = counterKey(scope, counter, egress)
      mine.block(key, ms)
      await shared.block(key, ms)
    },
  }
  const withOwnBlocks = (counted: readonly Counted[]): Counted[] =>
    counted.map((one) => ({ ...one, blockedMs: Math.max(one.blockedMs, mine.blockedMs(one.key)) }))
  return { ...budget, begin: () => shared.begin() }
}

const takenBy = ([waitMs, blockedMs]: readonly [number, number]): Taken =>
  waitMs > 0 ? { ok: false, retryAfterMs: waitMs, blocked: blockedMs > 0 } : { ok: true }

/** What this process may spend by itself, and has. */
function seenAlone({ key, windows, blockedMs }: Counted, mine: ProcessBudget, at: number): SeenCounter {
  const calls = mine.calls(key)
  return {
    blockedMs: Math.max(blockedMs, mine.blockedMs(key)),
    windows: windows.map((window) => {
      const limit = Math.max(1, Math.floor(window.limit * ALONE_SHARE))
      const used = calls.filter((call) => call.at > at - window.ms).length
      return { limit, used, freeMs: freeInMs(calls, { ...window, limit }, at) }
    }),
  }
}
