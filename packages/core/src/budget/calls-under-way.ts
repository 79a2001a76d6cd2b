import type { Counted } from './counted.ts'
import { DAWDLE_MS } from './limit-windows.ts'
import type { ProcessBudget } from './process-budget.ts'
import type { BudgetRedis } from './redis-scripts.ts'

/** A call that is over by then arrived within what any call may dawdle. */
const PROMPT_MS = DAWDLE_MS / 4

/** @property at when the permit was asked for */
type Followed = { readonly id: string; readonly ended?: Promise<void> | undefined; readonly at: Date }
type UnderWay = { readonly counted: readonly Counted[]; at: number }

type Dependencies = {
  now: () => Date
  mine: Pick<ProcessBudget, 'retime'>
  run: BudgetRedis['run']
  /** Redis did not answer: what these counters hold of this process is told anew. */
  tellLater: (counted: readonly Counted[]) => void
}

/**
 * Calls from their permit to their end. Between the two they arrive at KSeF, and nobody knows when: on a machine that is behind,
 * or on a slow line, long after they were counted, among calls that were counted later. So what takes long, and be it the permit's
 * own way here, is counted as made at each look at it, and in the end when it is over.
 */
export function followCalls({ now, mine, run, tellLater }: Dependencies) {
  const underWay = new Map<string, UnderWay>()

  const retimeIfLong = (id: string, call: UnderWay): void => {
    const at = now().getTime()
    if (at - call.at <= PROMPT_MS) return
    call.at = at
    const counted = call.counted.filter(({ windows }) => windows.length > 0)
    if (counted.length === 0) return
    mine.retime(counted, id)
    const keepMs = counted.map(({ windows }) => windows.at(-1)?.ms ?? 0)
    const keys = counted.map(({ key }) => key)
    void run('retime', keys, JSON.stringify({ id, keepMs })).then((answer) => {
      if (answer === null) tellLater(counted)
    })
  }
  return {
    /** Without an end to wait for, a call counts from its permit. */
    follow(counted: readonly Counted[], { id, ended, at }: Followed): void {
      if (ended === undefined) return
      const call: UnderWay = { counted, at: at.getTime() }
      underWay.set(id, call)
      retimeIfLong(id, call)
      void ended.then(() => {
        underWay.delete(id)
        retimeIfLong(id, call)
      })
    },
    retimeLong(): void {
      for (const [id, call] of underWay) retimeIfLong(id, call)
    },
  }
}
