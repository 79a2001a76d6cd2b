import { createHash } from 'node:crypto'
import type { LimitCounter } from '@ksef-fleet/ksef'
import { encodeOwner } from '../secrets/sealer.ts'
import { countersOf, DAWDLE_MS, isOfAddress, type LimitWindow, windowsOf } from './limit-windows.ts'
import type { BudgetScope } from './rate-budget.ts'
import { partOf } from './shares.ts'

/** One counter of a call as it is counted: whose it is, and by which windows of ours. */
export type Counted = {
  readonly counter: LimitCounter
  /** What its keys in Redis begin with. */
  readonly key: string
  readonly windows: readonly LimitWindow[]
  /** Until KSeF's refusal ends, as PostgreSQL knows it; 0 when it knows of none. */
  readonly blockedMs: number
}

type By = { readonly egress: string; readonly share: number; readonly now: Date }

/** The counters a call spends from, its own first. */
export const countedOf = (scope: BudgetScope, counter: LimitCounter, by: By): Counted[] =>
  countersOf(scope.limits, counter).map((each) => ({
    counter: each,
    key: counterKey(scope, each, by.egress),
    windows: windowsOf(scope.limits, each).map(({ window, ms, limit }) => ({
      window,
      ms: ms + DAWDLE_MS,
      limit: partOf(limit, by.share),
    })),
    blockedMs: Math.max(0, (scope.blocks[each]?.getTime() ?? 0) - by.now.getTime()),
  }))

/** Hashed over length-prefixed parts: no NIP stands in Redis, and no two contexts meet. */
export function counterKey(
  { environment, context }: Pick<BudgetScope, 'environment' | 'context'>,
  counter: LimitCounter,
  egress: string,
): string {
  const whose = isOfAddress(counter) ? [] : [context.type, context.value]
  const owner = encodeOwner(['rate-budget', environment, egress, ...whose])
  const hash = createHash('sha256').update(owner).digest('hex').slice(0, 40)
  return `fleet-budget-${hash}-${counter.replace(' ', '-')}`
}
