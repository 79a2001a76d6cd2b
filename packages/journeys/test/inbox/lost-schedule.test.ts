/** The clock of receiving stands in Redis and may vanish with it: a worker that lives puts it back, and invoices go on coming. */
import { setTimeout as sleep } from 'node:timers/promises'
import { Redis } from 'ioredis'
import { afterAll, beforeAll, expect, test } from 'vitest'
import { type MortalFleet, type MortalWorker, startMortalFleet } from '../deaths/mortal-fleet.ts'
import type { DeliveryWorker } from '../delivery/delivery-worker.ts'
import { dueNow, inOrder, issueTo, received, receiver, syncOf } from './inbox-fleet.ts'

const SETTINGS = {
  INBOX_TICK_SECONDS: '0.2',
  SYNC_RETRY_SECONDS: '0.2,0.4',
  EXPORT_POLL_SECONDS: '0.1,0.2',
  RING_SECONDS: '1',
}
const WITHIN_MS = 60_000
/** As BullMQ names them. */
const NEXT_TICK = 'bull:tick:delayed'

let mortal: MortalFleet
let clerk: DeliveryWorker
let redis: Redis
let life: MortalWorker

beforeAll(async () => {
  mortal = await startMortalFleet(SETTINGS)
  clerk = mortal.fleet.worker()
  redis = new Redis(process.env.FLEET_TEST_REDIS_URL ?? '')
  life = mortal.worker()
  life.begin(null)
})
afterAll(async () => {
  redis?.disconnect()
  await mortal?.[Symbol.asyncDispose]()
})

async function until(isSo: () => Promise<boolean>): Promise<void> {
  const deadline = Date.now() + WITHIN_MS
  while (!(await isSo())) {
    if (Date.now() > deadline) throw new Error(`not in time:\n${life.told().slice(-3_000)}`)
    await sleep(50)
  }
}

test.each([
  ['Redis is emptied', () => redis.flushdb()],
  ['the next tick is lost and its schedule stays', () => redis.del(NEXT_TICK)],
])('%s, and what is issued later is received all the same', async (_, lose) => {
  const { fleet } = mortal
  const company = await receiver(fleet, clerk)
  const before = issueTo(fleet, company, { series: 'B/', count: 3 })
  await until(async () => (await syncOf(fleet, company)).completedAt !== null)
  await until(async () => (await redis.zcard(NEXT_TICK)) > 0)
  await lose()
  const { checkpoint } = await syncOf(fleet, company)
  const storedFrom = new Date(checkpoint.getTime() + 1).toISOString()
  const later = issueTo(fleet, company, { series: 'L/', count: 3, storedFrom })
  await until(async () => {
    // Whoever comes before KSeF's high-water mark has passed them finds nothing yet.
    await dueNow(fleet, company.id)
    return (await received(fleet, company.id)).length === before.length + later.length
  })
  expect(inOrder(await received(fleet, company.id))).toEqual(inOrder([...before, ...later]))
})
