/** Receivers that hang, or take their time, enough of them to fill every slot of a worker, beside receivers that are quick. */
import { setTimeout as sleep } from 'node:timers/promises'
import type { Webhook } from '@ksef-fleet/core'
import { afterAll, beforeAll, expect, test } from 'vitest'
import { type Answering, type Receiver, startReceiver } from './receiver.ts'
import { startWebhookFleet, type WebhookFleet } from './webhook-fleet.ts'
import { startWholeWorker } from './whole-worker.ts'

const SLOTS = 8
const SLOW = 12
const QUICK = 20
/** As many events wait for each slow one as a run takes at once. Eight at a time, they would hold its slot for half a minute. */
const BACKLOG = 100
const ROUNDS = 3
const EVENTS_A_ROUND = 3
const WITHIN_MS = 60_000

let fleet: WebhookFleet
beforeAll(async () => {
  fleet = await startWebhookFleet()
})
afterAll(() => fleet?.close())

const hangs: Answering = () => {}
const takesItsTime: Answering = async (_, response) => {
  await sleep(2_000)
  response.writeHead(204).end()
}

test.each([
  ['never answer', hangs],
  ['answer late, though with 2xx', takesItsTime],
])(
  'whoever is quick hears everything while receivers that %s have a backlog and are more than there are slots',
  async (_, answering) => {
    const [beset, healthy] = [await fleet.company(), await fleet.company()]
    const receivers: Receiver[] = []
    const webhooks = async (company: typeof beset, count: number, answers?: Answering) => {
      const made: { webhook: Webhook; receiver: Receiver }[] = []
      for (let one = 0; one < count; one++) {
        const receiver = await startReceiver()
        receivers.push(receiver)
        if (answers !== undefined) receiver.answering = answers
        made.push({ receiver, webhook: await fleet.webhook(company, receiver) })
      }
      return made
    }
    const slow = await webhooks(beset, SLOW, answering)
    const quick = await webhooks(healthy, QUICK)
    await fleet.tell(beset, BACKLOG)
    const settings = { DELIVER_CONCURRENCY: String(SLOTS), WEBHOOK_TIMEOUT_SECONDS: '3' }
    const worker = startWholeWorker(fleet, settings)
    const begun = () => slow.filter(({ receiver }) => receiver.received.length > 0).length
    await expect.poll(begun, { timeout: WITHIN_MS }).toBeGreaterThanOrEqual(SLOTS)

    for (let round = 1; round <= ROUNDS; round++) {
      await fleet.tell(healthy, EVENTS_A_ROUND)
      const heard = () =>
        quick.map(({ receiver }) => new Set(receiver.received.map(({ webhookId }) => webhookId)).size)
      const all = Array(QUICK).fill(round * EVENTS_A_ROUND)
      await expect.poll(heard, { timeout: WITHIN_MS }).toEqual(all)
    }
    for (const { webhook } of slow) {
      const tried = (await fleet.deliveries(webhook)).filter(({ attempts }) => attempts > 0)
      expect(tried.length).toBeLessThan(BACKLOG)
    }
    // Nobody is forgotten: each of the slow ones has its turn.
    await expect.poll(begun, { timeout: WITHIN_MS }).toBe(SLOW)
    await Promise.all([worker.stop(), ...receivers.map((receiver) => receiver.close())])
  },
  2 * ROUNDS * WITHIN_MS,
)

test('whoever is quick is not kept waiting by those that hang on the same host', async () => {
  const [beset, healthy] = [await fleet.company(), await fleet.company()]
  const receiver = await startReceiver()
  receiver.answering = (_, response) => {
    if (response.req.url === '/quick') response.writeHead(204).end()
  }
  const at = (path: string) => ({ url: new URL(path, receiver.url).href })
  const quick = await fleet.webhook(healthy, receiver, at('/quick'))
  const hanging: Webhook[] = []
  for (let one = 0; one < 4; one++) hanging.push(await fleet.webhook(beset, receiver, at('/hangs')))
  await fleet.tell(beset, 20)
  await fleet.tell(healthy, 1)
  const runs = hanging.map((webhook) => fleet.run(fleet.clerk, webhook))
  await expect.poll(() => receiver.received.length).toBeGreaterThanOrEqual(16)
  await fleet.run(fleet.clerk, quick)
  expect(await fleet.deliveries(quick)).toMatchObject([{ state: 'delivered', attempts: 1 }])
  for (const webhook of hanging)
    expect((await fleet.deliveries(webhook)).every(({ attempts }) => attempts === 0)).toBe(true)
  await Promise.all([receiver.close(), ...runs])
})
