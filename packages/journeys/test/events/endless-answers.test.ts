/** Receivers whose answers have no end, or unpack to far more than they are: little is read, and nothing of it is unpacked. */
import type { ServerResponse } from 'node:http'
import { setTimeout as sleep } from 'node:timers/promises'
import { gzipSync } from 'node:zlib'
import { type Company, readWebhookDelivery } from '@ksef-fleet/core'
import { afterAll, afterEach, beforeAll, beforeEach, expect, test } from 'vitest'
import { type Answering, type Receiver, startReceiver } from './receiver.ts'
import { startWebhookFleet, type WebhookFleet } from './webhook-fleet.ts'

/** What is read of an answer, and what is written of it at once. */
const READ_BYTES_MAX = 65_536
const DROP_BYTES = 4_096
/** More than the buffers of both ends hold, and so more than tells of what is read. */
const NETWORK_BYTES_MAX = 20_000_000

let fleet: WebhookFleet
let receiver: Receiver
let company: Company
beforeAll(async () => {
  fleet = await startWebhookFleet()
})
afterAll(() => fleet?.close())
beforeEach(async () => {
  receiver = await startReceiver()
  company = await fleet.company()
})
afterEach(() => receiver.close())

/** Its one event, as it was delivered to a receiver that answers so. */
async function delivered(answering: Answering) {
  receiver.answering = answering
  const webhook = await fleet.webhook(company, receiver)
  await fleet.tell(company, 1)
  await fleet.run(fleet.clerk, webhook)
  const event = { companyId: company.id, sequence: 1 }
  return readWebhookDelivery(fleet.deps, { owner: company.id, webhookId: webhook.id, event })
}

/** Writes drop by drop until it is hung up on, so that hardly more lies on the way than is read; answers what it wrote. */
async function dripping(response: ServerResponse, next: (written: number) => Buffer | null): Promise<number> {
  let written = 0
  while (!response.destroyed) {
    const drop = next(written)
    if (drop === null) break
    response.write(drop)
    written += drop.length
    await sleep(1)
  }
  return written
}

test('an answer without an end is read no further than a little', async () => {
  const written = Promise.withResolvers<number>()
  const { delivery } = await delivered(async (_, response) => {
    response.writeHead(200)
    written.resolve(await dripping(response, () => Buffer.alloc(DROP_BYTES, 'x')))
  })
  expect(delivery).toMatchObject({ state: 'delivered', status: 200 })
  expect(await written.promise).toBeGreaterThan(READ_BYTES_MAX)
  expect(await written.promise).toBeLessThan(4 * READ_BYTES_MAX)
})

test('a flood is hung up on, whatever the network between holds of it', async () => {
  let written = 0
  const isOver = Promise.withResolvers<void>()
  const { delivery } = await delivered((_, response) => {
    response.writeHead(200)
    const pour = () => {
      if (response.destroyed) return
      written += READ_BYTES_MAX
      response.write(Buffer.alloc(READ_BYTES_MAX, 'x'))
    }
    response.on('drain', pour).on('close', isOver.resolve)
    pour()
  })
  await isOver.promise
  expect(delivery).toMatchObject({ state: 'delivered', status: 200 })
  expect(written).toBeLessThan(NETWORK_BYTES_MAX)
})

test('a compressed bomb is read no further either, and nothing of it is unpacked', async () => {
  const bomb = gzipSync(Buffer.alloc(300_000_000, 'x'))
  const written = Promise.withResolvers<number>()
  const { delivery, attempts } = await delivered(async (_, response) => {
    response.writeHead(200, { 'content-encoding': 'gzip', 'content-length': bomb.length })
    const next = (from: number) => (from < bomb.length ? bomb.subarray(from, from + DROP_BYTES) : null)
    written.resolve(await dripping(response, next))
  })
  expect(delivery).toMatchObject({ state: 'delivered', status: 200 })
  expect(await written.promise).toBeLessThan(bomb.length)
  expect(attempts[0]?.answer).not.toContain('xxxx')
})
