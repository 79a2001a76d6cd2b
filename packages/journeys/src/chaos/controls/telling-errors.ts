/** An error whose text carries a token, thrown to BullMQ: it stays in Redis in clear text. */
import { setTimeout as sleep } from 'node:timers/promises'
import type { AnyJob, DeliveryContext } from '@ksef-fleet/core'
import { bindJobs } from '@ksef-fleet/worker/bind-jobs'
import { Queue, Worker } from 'bullmq'
import type { Redis } from 'ioredis'
import { dumpRedis, spellings } from '../../leaks/search.ts'
import { findIn } from '../checks/secrets.ts'
import { onOwnRedis } from './own-redis.ts'

const SECRET = 'control-token-9c1f2e77'
const JOB = 'send-pending'
const RUN_MS_MAX = 3_000
const LOOK_MS = 20

const fails = (): Promise<void> => Promise.reject(new Error(`KSeF refused Bearer ${SECRET}`))

/** Caught when the search finds it behind the wrong binding and finds nothing behind the product's. */
export async function secretInErrorLeaks(redisUrl: string): Promise<boolean> {
  const wrong = await onOwnRedis(redisUrl, (redis, url) => leaksOf({ redis, url }, telling))
  const right = await onOwnRedis(redisUrl, (redis, url) => leaksOf({ redis, url }, binding))
  return wrong > 0 && right === 0
}

type Binding = (redis: Redis, failed: () => void) => { close(): Promise<void> }

const telling: Binding = (redis, failed) => {
  const worker = new Worker('send', fails, { connection: redis })
  worker.on('error', () => undefined)
  worker.on('failed', failed)
  return worker
}

const binding: Binding = (redis, failed) => {
  const job: AnyJob = { name: JOB, queue: 'send', run: fails }
  const log = { info: () => undefined, warn: () => undefined, error: () => undefined }
  // The binding asks its context for nothing but the log; the job that fails asks for nothing at all.
  const context: Partial<DeliveryContext> = { log }
  const concurrency = { send: 1, batch: 1, status: 1, sync: 1, deliver: 1, upkeep: 1 }
  return bindJobs({
    jobs: [job],
    redis,
    context: context as DeliveryContext,
    concurrency,
    lockMs: 10_000,
    observe: failed,
  })
}

async function leaksOf({ redis, url }: { redis: Redis; url: string }, bind: Binding): Promise<number> {
  let hasFailed = false
  const bound = bind(redis, () => {
    hasFailed = true
  })
  const queue = new Queue('send', { connection: redis })
  try {
    await queue.add(JOB, {}, { attempts: 1 })
    const until = Date.now() + RUN_MS_MAX
    while (!hasFailed && Date.now() < until) await sleep(LOOK_MS)
    // What the worker writes of a failure follows its telling.
    await sleep(LOOK_MS * 10)
    if (!hasFailed) throw new Error('the control job was not run')
    return findIn({ name: 'redis', text: await dumpRedis(url) }, spellings(SECRET)).length
  } finally {
    await bound.close()
    await queue.close()
  }
}
