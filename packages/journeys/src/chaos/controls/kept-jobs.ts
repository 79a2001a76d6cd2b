/** Jobs kept under a fixed id: whatever rings for them again is swallowed, and their rows are stuck. */
import { setTimeout as sleep } from 'node:timers/promises'
import type { Ring } from '@ksef-fleet/core'
import { createDoorbell } from '@ksef-fleet/worker/queues'
import { Queue, Worker } from 'bullmq'
import type { Redis } from 'ioredis'
import { onOwnRedis } from './own-redis.ts'

const RING: Ring = { job: 'send-pending', key: 'send-control', payload: { companyId: 'control' } }
const RUN_MS_MAX = 3_000
const QUIET_MS = 400
const LOOK_MS = 20
const SILENT = { info: () => undefined, warn: () => undefined, error: () => undefined }

/** Caught when a second ring, after the first job has ended, runs in the product's way and does not in the wrong one. */
export async function keptJobsBlock(redisUrl: string): Promise<boolean> {
  const right = await onOwnRedis(redisUrl, (redis) => runsOf(redis, ringing(redis)))
  const wrong = await onOwnRedis(redisUrl, (redis) => runsOf(redis, keeping(redis)))
  return right === 2 && wrong === 1
}

type Bell = { ring(): Promise<void>; close(): Promise<void> }

function ringing(redis: Redis): Bell {
  const bell = createDoorbell({
    redis,
    queueOf: () => 'send',
    ringSeconds: 10,
    now: () => new Date(),
    log: SILENT,
  })
  return { ring: () => bell.ring([RING]), close: () => bell.close() }
}

function keeping(redis: Redis): Bell {
  const queue = new Queue('send', { connection: redis })
  const kept = { jobId: RING.key, removeOnComplete: false, removeOnFail: false }
  return {
    async ring() {
      await queue.add(RING.job, RING.payload, kept)
    },
    close: () => queue.close(),
  }
}

/** How often the job ran for two rings, the second after the first had ended. */
async function runsOf(redis: Redis, bell: Bell): Promise<number> {
  let runs = 0
  const worker = new Worker('send', async () => void runs++, { connection: redis })
  worker.on('error', () => undefined)
  try {
    for (const wanted of [1, 2]) {
      await bell.ring()
      const until = Date.now() + (wanted === 1 ? RUN_MS_MAX : RUN_MS_MAX / 2)
      while (runs < wanted && Date.now() < until) await sleep(LOOK_MS)
      await sleep(QUIET_MS)
    }
    return runs
  } finally {
    await worker.close()
    await bell.close()
  }
}
