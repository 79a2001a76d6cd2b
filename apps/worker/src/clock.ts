import type { FleetDatabase, Log } from '@ksef-fleet/core'
import { type Loop, startLoop } from './loop.ts'

const PAUSE_MS = 30_000

/** The database's clock as this process keeps it: every timer and lease runs by that one, whatever ours says. */
export type DatabaseClock = Loop & { now: () => Date }

/** Sets the clock once before it resolves, then again and again: a machine's clock may jump while it runs. */
export async function startDatabaseClock(deps: { db: FleetDatabase; log: Log }): Promise<DatabaseClock> {
  let offsetMs = 0
  const set = async (): Promise<false> => {
    const before = Date.now()
    const present = await deps.db.asSystem('set-clock', (tx) => tx.present())
    // The answer is about half its way old.
    offsetMs = present.getTime() - (before + Date.now()) / 2
    return false
  }
  await set()
  const loop = startLoop({ name: 'clock', pauseMs: PAUSE_MS, log: deps.log, step: set })
  return { now: () => new Date(Date.now() + offsetMs), stop: () => loop.stop() }
}
