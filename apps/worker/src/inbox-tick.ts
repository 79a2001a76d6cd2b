/**
 * The tick of the inbox: a repeatable BullMQ job, so that of all workers one at a time asks PostgreSQL which syncs are due. What
 * is due stands there; the schedule in Redis is a clock and no more. It may vanish with Redis at any moment: every worker looks
 * after it and puts it back.
 */
import { type FleetDatabase, type Log, sweepSyncs } from '@ksef-fleet/core'
import { Queue, Worker } from 'bullmq'
import type { Redis } from 'ioredis'
import { type Loop, startLoop } from './loop.ts'
import type { Doorbell } from './queues.ts'

const QUEUE = 'tick'
const SCHEDULE = 'inbox'
const KEEP_PAUSE_MS = 2_000
/** So many ticks that did not come are a schedule that stands still. */
const MISSED_MAX = 5
/** What one tick takes at most; what is left over comes with the next. */
const SWEEPS_MAX = 20

export type InboxTick = { close(): Promise<void> }

export function startInboxTick(deps: {
  redis: Redis
  db: FleetDatabase
  doorbell: Doorbell
  log: Log
  everyMs: number
  /** BullMQ's lock of one tick. */
  lockMs: number
}): InboxTick {
  const { redis: connection, log, everyMs, lockMs } = deps
  const told = (error: Error) => log.warn({ queue: QUEUE, reason: error.name }, 'queue.error')
  const queue = new Queue(QUEUE, { connection }).on('error', told)
  const worker = new Worker(QUEUE, () => tick(deps), {
    connection,
    lockDuration: lockMs,
    stalledInterval: lockMs,
  }).on('error', told)
  const keeping: Loop = startLoop({
    name: 'inbox-schedule',
    pauseMs: KEEP_PAUSE_MS,
    log,
    step: () => keepSchedule(queue, everyMs),
  })
  return {
    async close() {
      await keeping.stop()
      await worker.close()
      await queue.close()
    },
  }
}

async function tick({ db, doorbell }: { db: FleetDatabase; doorbell: Doorbell }): Promise<void> {
  for (let sweeps = 0; sweeps < SWEEPS_MAX; sweeps++) {
    const { rings, more } = await sweepSyncs(db)
    if (rings.length > 0) await doorbell.ring(rings)
    if (!more) return
  }
}

/** Redis dates its schedules by the clocks of its clients. */
async function keepSchedule(queue: Queue, everyMs: number): Promise<false> {
  const kept = await queue.getJobScheduler(SCHEDULE)
  const isAlive =
    kept?.next !== undefined && kept.every === everyMs && kept.next > Date.now() - everyMs * MISSED_MAX
  if (!isAlive) {
    const opts = { removeOnComplete: true, removeOnFail: true }
    await queue.upsertJobScheduler(SCHEDULE, { every: everyMs }, { name: SCHEDULE, opts })
  }
  return false
}
