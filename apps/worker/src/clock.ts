import type { FleetDatabase, Log } from '@ksef-fleet/core'
import { type Loop, startLoop } from './loop.ts'

const PAUSE_MS = 30_000
/** Of these the quickest counts: the first one of a process that has just started knows little. */
const QUESTIONS = 3

/** The database's clock as this process keeps it: every timer and lease runs by that one, whatever ours says. */
export type DatabaseClock = Loop & { now: () => Date }

/** Sets the clock once before it resolves, then again and again: a machine's clock may jump while it runs. */
export async function startDatabaseClock(deps: { db: FleetDatabase; log: Log }): Promise<DatabaseClock> {
  let offsetMs = 0
  const set = async (): Promise<false> => {
    let quickestMs = Number.POSITIVE_INFINITY
    for (let asked = 0; asked < QUESTIONS; asked++) {
      const before = Date.now()
      const present = await deps.db.asSystem('set-clock', (tx) => tx.present())
      const tookMs = Date.now() - before
      if (tookMs >= quickestMs) continue
      quickestMs = tookMs
      // The answer is about half its way old.
      offsetMs = present.getTime() - before - tookMs / 2
    }
    return false
  }
  await set()
  const loop = startLoop({ name: 'clock', pauseMs: PAUSE_MS, log: deps.log, step: set })
  return { now: () => new Date(Date.now() + offsetMs), stop: () => loop.stop() }
}
