import { setTimeout as sleep } from 'node:timers/promises'
import type { Log } from '@ksef-fleet/core'

export type Loop = { stop(): Promise<void> }

/** What a step says of the next one: at once (true), after the loop's pause (false), or sooner than that. */
export type Again = boolean | { inMs: number }

/**
 * When work that is due by the hour or the day begins: workers that start together do not crowd, and one that starts has the
 * invoices to itself.
 */
const UPKEEP_FIRST_MS = 30_000

/** A first step somewhere in the half minute after half a minute, or after the loop's own pause where that is shorter. */
export const afterTheStart = (pauseMs: number): number =>
  Math.min(pauseMs, UPKEEP_FIRST_MS * (1 + Math.random()))

/**
 * Runs `step` again and again, when it says, and after the pause at the latest. A failing step is told and tried
 * again with growing pauses; the loop itself ends only when it is stopped, and then after the step at hand.
 */
export function startLoop(loop: {
  name: string
  pauseMs: number
  /** Before the first step; none when left out. */
  firstInMs?: number
  log: Log
  step: () => Promise<Again>
}): Loop {
  const stopped = new AbortController()
  let failures = 0
  const running = (async () => {
    if (loop.firstInMs !== undefined) await pause(loop.firstInMs, stopped.signal)
    while (!stopped.signal.aborted) {
      let pauseMs = loop.pauseMs
      try {
        const again = await loop.step()
        failures = 0
        if (again === true) continue
        if (again !== false) pauseMs = Math.min(pauseMs, again.inMs)
      } catch (error) {
        failures++
        loop.log.error({ loop: loop.name, failures, error }, 'loop.step-failed')
      }
      await pause(pauseMs * Math.min(2 ** failures, FAILURE_FACTOR_MAX), stopped.signal)
    }
  })()
  return {
    async stop() {
      stopped.abort()
      await running
    },
  }
}

const FAILURE_FACTOR_MAX = 32

async function pause(ms: number, signal: AbortSignal): Promise<void> {
  try {
    await sleep(ms, undefined, { signal })
  } catch (error) {
    if (!signal.aborted) throw error
  }
}
