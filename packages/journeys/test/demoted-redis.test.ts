/** A Redis that was master when the fleet connected and is a replica by now. */
import { randomUUID } from 'node:crypto'
import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import type { Log } from '@ksef-fleet/core'
import { type Services, startServices } from '@ksef-fleet/infra'
import { connectCacheRedis, connectRedis } from '@ksef-fleet/worker/redis'
import { Queue, Worker } from 'bullmq'
import { Redis } from 'ioredis'
import { afterAll, beforeAll, beforeEach, expect, test, vi } from 'vitest'

const silent: Log = { info() {}, warn() {}, error() {} }
const directory = mkdtempSync(join(tmpdir(), 'demoted-'))
let services: Services
let admin: Redis

beforeAll(async () => {
  // One of its own: the others' is not to be demoted.
  vi.stubEnv('REDIS_URL', '')
  services = await startServices({ directory, log() {}, need: ['redis'], prefer: 'local', durable: false })
  vi.unstubAllEnvs()
  admin = new Redis(services.redisUrl)
})
beforeEach(() => admin.replicaof('NO', 'ONE'))
afterAll(async () => {
  admin?.disconnect()
  await services?.[Symbol.asyncDispose]()
  rmSync(directory, { recursive: true, force: true })
})

const demote = () => admin.replicaof('127.0.0.1', 1)

test.each([
  ['of the queues', connectRedis],
  ['of what Redis merely saves us', connectCacheRedis],
])('the connection %s is dialled anew once it is told that it may write nothing', async (_, connect) => {
  const redis = connect(services.redisUrl, silent)
  try {
    const before = await redis.client('ID')
    await demote()
    await expect(redis.set('a', 'b')).rejects.toThrow('READONLY')
    await vi.waitFor(async () => expect(await redis.client('ID')).not.toBe(before), 5_000)
    await admin.replicaof('NO', 'ONE')
    expect(await redis.set('a', 'b')).toBe('OK')
  } finally {
    redis.disconnect()
  }
})

test('jobs that wait for a worker are done after their Redis was demoted and promoted', async () => {
  const redis = connectRedis(services.redisUrl, silent)
  const name = `demoted-${randomUUID()}`
  const done: string[] = []
  const worker = new Worker(name, async (job) => void done.push(job.name), { connection: redis })
  const queue = new Queue(name, { connection: redis })
  worker.on('error', () => {})
  queue.on('error', () => {})
  try {
    await worker.waitUntilReady()
    const connections = async () => new Set(String(await admin.client('LIST')).match(/\bid=\d+/g))
    const before = await connections()
    await demote()
    await expect(queue.add('lost', {})).rejects.toThrow()
    await vi.waitFor(async () => {
      const now = await connections()
      expect([...before].filter((id) => now.has(id)).length).toBeLessThan(before.size)
    }, 5_000)
    await admin.replicaof('NO', 'ONE')
    await vi.waitFor(() => queue.add('kept', {}), 5_000)
    await vi.waitFor(() => expect(done).toContain('kept'), 15_000)
  } finally {
    await Promise.all([worker.close(true), queue.close()])
    redis.disconnect()
  }
})
