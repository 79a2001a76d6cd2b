/**
 * The doorbell. Each ring becomes a BullMQ job with ids only. Rings of one key coalesce: while one waits newcomers are
 * absorbed, while one runs exactly one follow-up waits. The deduplication id carries the minute, so that a key left
 * behind by an outage of Redis can swallow rings for a minute at most; the job's own id is BullMQ's, so a failed job that
 * is kept for inspection never blocks a new one.
 */
import type { QueueName, Ring } from '@ksef-fleet/core'
import { Queue } from 'bullmq'
import type { Redis } from 'ioredis'

export const QUEUE_NAMES = ['send', 'status', 'upkeep'] as const satisfies readonly QueueName[]

const MINUTE_MS = 60_000
const FAILED_KEPT_MAX = 200

export type Doorbell = {
  ring(rings: readonly Ring[]): Promise<void>
  close(): Promise<void>
}

/** @param queueOf the queue of a job, or undefined for a job this version does not know */
export function createDoorbell(deps: {
  redis: Redis
  queueOf: (job: string) => QueueName | undefined
  now: () => Date
}): Doorbell {
  const queues = new Map(QUEUE_NAMES.map((name) => [name, new Queue(name, { connection: deps.redis })]))
  return {
    async ring(rings) {
      const minute = Math.floor(deps.now().getTime() / MINUTE_MS)
      for (const [name, queue] of queues) {
        const mine = rings.filter((ring) => deps.queueOf(ring.job) === name)
        if (mine.length === 0) continue
        await queue.addBulk(
          mine.map((ring) => ({
            name: ring.job,
            data: ring.payload,
            opts: {
              deduplication: { id: `${ring.key}-${minute}`, keepLastIfActive: true },
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
