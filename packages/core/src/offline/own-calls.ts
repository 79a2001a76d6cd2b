import { type CallRecord, type OwnCalls, speaksOfOutage } from '@ksef-fleet/ksef'

/** Counts a process's calls of KSeF, and those that could not reach it. */
export type CallCounter = {
  count(call: Pick<CallRecord, 'operation' | 'failureKind'>): void
  /** What was counted since it was last asked. */
  take(): OwnCalls
}

export function createCallCounter(now: () => Date): CallCounter {
  let [calls, unreached] = [0, 0]
  let answeredAt: Date | null = null
  return {
    count({ operation, failureKind }) {
      // Public keys are what probes ask for, and what was held back never left.
      if (operation === 'listPublicKeys' || failureKind === 'held-back') return
      calls += 1
      if (failureKind !== undefined && speaksOfOutage(failureKind)) unreached += 1
      else answeredAt = now()
    },
    take() {
      const counted = { calls, unreached, answeredAt }
      calls = 0
      unreached = 0
      answeredAt = null
      return counted
    },
  }
}
