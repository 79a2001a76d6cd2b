import { setTimeout as sleep } from 'node:timers/promises'
import type { Log } from '@ksef-fleet/core'
import { Queue, Worker } from 'bullmq'
import { Redis } from 'ioredis'
import { afterEach, beforeEach, expect, test } from 'vitest'
import { createDoorbell, type Doorbell } from '../src/queues.ts'

const url = process.env.FLEET_TEST_REDIS_URL ?? ''
const log: Log = { info: () => {}, warn: () => {}, error: () => {} }
const RING_SECONDS = 10
const COMPANIES = ['one', 'another', 'third']

let redis: Redis
let queue: Queue
let bell: Doorbell
let now = Date.UTC(2026, 10, 30)

beforeEach(async () => {
  redis = new Redis(url, { maxRetriesPerRequest: null })
  await redis.flushdb()
  queue = new Queue('send', { connection: redis })
  const queueOf = () => 'send' as const
  bell = createDoorbell({ redis, queueOf, now: () => new Date(now), ringSeconds: RING_SECONDS, log })
})
afterEach(async () => {
  await bell.close()
  await queue.close()
  redis.disconnect()
})

const ringAll = () =>
  bell.ring(
    COMPANIES.map((companyId) => ({ job: 'send-pending', key: `send-${companyId}`, payload: { companyId } })),
  )

test('who is rung for again and again behind a slow queue waits in it a few times, and not once for each ring', async () => {
  for (let seconds = 0; seconds < 600; seconds += 5, now += 5_000) await ringAll()
  const waiting = await queue.getWaitingCount()
  expect(waiting).toBeGreaterThanOrEqual(COMPANIES.length)
  // Epochs of 10, 20, 40 … 640 s, each begun once or twice; 60 rings of ten seconds' distance.
  expect(waiting).toBeLessThanOrEqual(12 * COMPANIES.length)
})

/** A worker takes all that waits, and is gone with it. */
async function takenAndLost(): Promise<void> {
  const taken = Promise.withResolvers<void>()
  const never = new Promise(() => {})
  const dies = new Worker(
    'send',
    () => {
      taken.resolve()
      return never
    },
    { connection: redis.duplicate(), concurrency: COMPANIES.length },
  )
  await taken.promise
  while ((await queue.getWaitingCount()) > 0) await sleep(10)
  await dies.close(true)
}

test('a ring in another epoch is a job of its own, whatever became of the one before', async () => {
  await ringAll()
  await takenAndLost()
  now += RING_SECONDS * 1000
  await ringAll()
  expect(await queue.getWaitingCount()).toBe(COMPANIES.length)
})

test('a ring after a death is a job of its own at once, and once', async () => {
  await ringAll()
  await takenAndLost()
  await ringAll()
  expect(await queue.getWaitingCount()).toBe(0)
  bell.ringAnewSince(new Date(now))
  await ringAll()
  // As told by another sweep, or late.
  bell.ringAnewSince(new Date(now))
  bell.ringAnewSince(new Date(now - 1_000))
  await ringAll()
  expect(await queue.getWaitingCount()).toBe(COMPANIES.length)
})
