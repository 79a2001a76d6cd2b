import {
  EVENTS_CHANNEL,
  type FleetDatabase,
  type Log,
  type Placed,
  placeEvents,
  writeGrowth,
} from '@ksef-fleet/core'
import type { Redis } from 'ioredis'
import { type Loop, startLoop } from './loop.ts'
import type { Doorbell } from './queues.ts'

/**
 * Gives events their place in the log and wakes those who wait for them. A plain loop in every worker; one at a time does
 * it. What is rung and told here may be lost with Redis: the sweeper rings for what is due, and readers look by themselves.
 *
 * @param publisher a connection that refuses at once while Redis is away
 */
export function startEventLog(deps: {
  db: FleetDatabase
  doorbell: Doorbell
  publisher: Redis
  log: Log
  pauseMs: number
}): Loop {
  return startLoop({
    name: 'event-log',
    pauseMs: deps.pauseMs,
    log: deps.log,
    step: async () => {
      const done = await placeEvents(deps.db)
      if (done === null || done.placed.events === 0) return false
      await tell(deps, done.placed)
      if (done.rings.length > 0) await deps.doorbell.ring(done.rings)
      return true
    },
  })
}

async function tell(
  { publisher, log }: { publisher: Redis; log: Log },
  { owners }: Pick<Placed, 'owners'>,
): Promise<void> {
  try {
    await publisher.publish(EVENTS_CHANNEL, writeGrowth(owners))
  } catch (error) {
    log.warn({ error }, 'event-log.not-told')
  }
}
