import { setTimeout as sleep } from 'node:timers/promises'
import type { Log } from '@ksef-fleet/core'

export type Loop = { stop(): Promise<void> }

/**
 * Runs `step` again and again: at once while it says there is more, else after a pause. A failing step is told and tried
 * again with growing pauses; the loop itself ends only when it is stopped, and then after the step at hand.
 */
export function startLoop(loop: {
  name: string
  pauseMs: number
  log: Log
  step: () => Promise<boolean>
}): Loop {
  const stopped = new AbortController()
  let failures = 0
  const running = (async () => {
    while (!stopped.signal.aborted) {
      try {
        const more = await loop.step()
        failures = 0
        if (more) continue
      } catch (error) {
        failures++
        loop.log.error({ loop: loop.name, failures, error }, 'loop.step-failed')
      }
      await pause(loop.pauseMs * Math.min(2 ** failures, FAILURE_FACTOR_MAX), stopped.signal)
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
