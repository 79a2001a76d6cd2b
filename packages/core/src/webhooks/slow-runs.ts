/**
 * Runs at slow receivers take a part of a worker's slots and no more, so that a quick one finds a slot however many hang.
 * Who is slow is what this process has seen for itself. It is kept in memory: losing it costs one attempt.
 */
import type { WebhookId } from '../identifiers.ts'

/** An attempt that takes longer is slow. */
const SLOW_MS = 1_000
/** Those that were slow longest ago are forgotten beyond this many. */
const KNOWN_MAX = 50_000

export type SlowRuns = {
  /** Null: the receiver is slow, and there is no room for it now. The sweeper rings for it again. */
  begin(id: WebhookId): ReceiverRun | null
}

/** One run at one receiver. */
export type ReceiverRun = {
  /** Counts it as slow until it ends. False: there is no room, or another run at this receiver is slow already. */
  takePlace(): boolean
  note(attempt: { durationMs: number; arrived: boolean }): void
  /** Nothing more may begin: its receiver is slow and did not take the event, or has no place. */
  isOver(): boolean
  end(): void
}

/** @param max runs at slow receivers at once */
export function createSlowRuns(max: number): SlowRuns {
  const known = new Set<WebhookId>()
  const placed = new Set<WebhookId>()
  const know = (id: WebhookId): void => {
    known.delete(id)
    known.add(id)
    const [oldest] = known
    if (known.size > KNOWN_MAX && oldest !== undefined) known.delete(oldest)
  }
  return {
    begin(id) {
      let hasPlace = false
      let over = false
      const takePlace = (): boolean => {
        if (hasPlace) return true
        if (placed.has(id) || placed.size >= max) return false
        placed.add(id)
        hasPlace = true
        return true
      }
      if (known.has(id) && !takePlace()) return null
      return {
        takePlace,
        note({ durationMs, arrived }) {
          const isSlow = durationMs > SLOW_MS
          if (isSlow) know(id)
          else if (arrived) known.delete(id)
          if (isSlow && !(arrived && takePlace())) over = true
        },
        isOver: () => over,
        end() {
          if (hasPlace) placed.delete(id)
        },
      }
    },
  }
}
