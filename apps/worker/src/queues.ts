/**
 * The doorbell. Each ring becomes a BullMQ job with ids only. Rings of one key coalesce: while one waits newcomers are
 * absorbed, while one runs exactly one follow-up waits. The deduplication id carries an epoch of some seconds, so that a
 * key left behind by an outage of Redis can swallow rings no longer than that, and the last death of a worker, whose jobs
 * would swallow them as well; the job's own id is BullMQ's, so a failed job that is kept for inspection never blocks a new one.
 *
 * What is due is rung for again and again until it is done. Behind a queue that is slow each epoch would add another job for
 * the same work, and the queue would grow for as long as it is behind: so epochs are twice as long as what waits has waited.
 */
import { type Log, QUEUE_NAMES, type QueueName, type Ring } from '@ksef-fleet/core'
import { Queue } from 'bullmq'
import type { Redis } from 'ioredis'

const FAILED_KEPT_MAX = 200
/** However long a queue is, an epoch is no longer than so many of the shortest. */
const EPOCH_TIMES_MAX = 64

export type Doorbell = {
  ring(rings: readonly Ring[]): Promise<void>
  /** A worker was found gone at that moment: no ring from now on coalesces with one from before. */
  ringAnewSince(death: Date): void
  close(): Promise<void>
}

/** Without a listener of ours BullMQ writes its errors to the standard error, in its own form and past every gate of the log. */
function openQueue(name: QueueName, { redis, log }: { redis: Redis; log: Log }): Queue {
  const queue = new Queue(name, { connection: redis })
  queue.on('error', (error) => log.warn({ queue: name, reason: error.name }, 'queue.error'))
  return queue
}

/** @param queueOf the queue of a job, or undefined for a job this version does not know */
export function createDoorbell(deps: {
  redis: Redis
  queueOf: (job: string) => QueueName | undefined
  now: () => Date
  /** The epoch's length, where nothing waits longer. */
  ringSeconds: number
  log: Log
}): Doorbell {
  const queues = new Map(QUEUE_NAMES.map((name) => [name, openQueue(name, deps)]))
  let lastDeathMs = 0
  return {
    ringAnewSince(death) {
      lastDeathMs = Math.max(lastDeathMs, death.getTime())
    },
    async ring(rings) {
      for (const [name, queue] of queues) {
        const mine = rings.filter((ring) => deps.queueOf(ring.job) === name)
        if (mine.length === 0) continue
        const now = deps.now().getTime()
        const [oldest] = await queue.getWaiting(0, 0)
        const waitedMs = oldest === undefined ? 0 : now - oldest.timestamp
        const epoch = epochAt(now, { shortestMs: deps.ringSeconds * 1000, waitedMs })
        await queue.addBulk(
          mine.map((ring) => ({
            name: ring.job,
            data: ring.payload,
            opts: {
              // By the clock that epochs go by, so that workers agree on how long it has waited.
              timestamp: now,
              deduplication: { id: `${ring.key}-${epoch}-${lastDeathMs}`, keepLastIfActive: true },
              attempts: 1,
              removeOnComplete: true,
              removeOnFail: { count: FAILED_KEPT_MAX },
            },
          })),
        )
      }
    },
    async close() {
      await Promise.all([...queues.values()].map((queue) => queue.close()))
    },
  }
}

/** When the present epoch began, in ms: two workers that see the queue alike ring in the same one. */
function epochAt(now: number, { shortestMs, waitedMs }: { shortestMs: number; waitedMs: number }): number {
  let lengthMs = shortestMs
  while (lengthMs < 2 * waitedMs && lengthMs < shortestMs * EPOCH_TIMES_MAX) lengthMs *= 2
  return now - (now % lengthMs)
}
