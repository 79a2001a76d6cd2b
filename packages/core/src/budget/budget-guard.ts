import { type Guard, heldBack, type KsefOperation, limitCounterOf } from '@ksef-fleet/ksef'
import type { BudgetScope, RateBudget } from './rate-budget.ts'
import { type CallPurpose, shareOf } from './shares.ts'

/** A wait of this length is sat out where the budget says no other: longer than a second's window. */
export const SAT_OUT_MS = 2_100
/** Within a sign-in: held back at its last call, it would begin again from the first and spend them all twice. */
const MIDWAY_MS_MAX = 20_000

const MIDWAY: ReadonlySet<KsefOperation> = new Set([
  'signInWithXades',
  'signInWithToken',
  'getSignInStatus',
  'redeemTokens',
])

/** Lets a call of KSeF through once it is counted, in its own context and for its purpose. */
export function budgetGuard(
  budget: Pick<RateBudget, 'take' | 'sitOutMs'>,
  {
    scope,
    purpose,
    sleep,
  }: { scope: BudgetScope; purpose: CallPurpose; sleep: (ms: number) => Promise<unknown> },
): Guard {
  return async ({ operation, ended }) => {
    const counter = limitCounterOf(operation)
    if (counter === null) return null
    const patienceMs = MIDWAY.has(operation) ? MIDWAY_MS_MAX : (budget.sitOutMs ?? SAT_OUT_MS)
    const by = { share: shareOf(purpose, counter), ended }
    let waitedMs = 0
    for (;;) {
      const taken = await budget.take(scope, counter, by)
      if (taken.ok) return null
      if (waitedMs + taken.retryAfterMs > patienceMs) return heldBack(operation, taken.retryAfterMs / 1000)
      await sleep(taken.retryAfterMs)
      waitedMs += taken.retryAfterMs
    }
  }
}
