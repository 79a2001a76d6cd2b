/** Ten thousand events to a receiver that fails every third call, by two whole workers with their queues. */
import type { Company } from '@ksef-fleet/core'
import { afterAll, beforeAll, expect, test } from 'vitest'
import { type Receiver, startReceiver } from './receiver.ts'
import { startWebhookFleet, type WebhookFleet } from './webhook-fleet.ts'
import { startWholeWorker } from './whole-worker.ts'

const COMPANIES = 10
const EVENTS_EACH = 1_000
const WITHIN_MS = 180_000
const SETTINGS = { WEBHOOK_CALLS_AT_ONCE: '16', WEBHOOK_RETRY_SECONDS: Array(20).fill('0.005').join() }

let fleet: WebhookFleet
let receiver: Receiver
beforeAll(async () => {
  fleet = await startWebhookFleet()
  receiver = await startReceiver()
})
afterAll(async () => {
  await receiver?.close()
  await fleet?.close()
})

test(
  'each of ten thousand events arrives, at least once, and in the order of its company',
  async () => {
    receiver.answering = (call, response) => response.writeHead(call % 3 === 0 ? 500 : 204).end()
    const companies: Company[] = []
    for (let count = 0; count < COMPANIES; count++) companies.push(await fleet.company())
    const webhook = await fleet.webhook(null, receiver, { ordered: true })
    const workers = [startWholeWorker(fleet, SETTINGS), startWholeWorker(fleet, SETTINGS)]
    await Promise.all(companies.map((company) => fleet.tell(company, EVENTS_EACH)))
    const waiting = async () => {
      const { rows } = await fleet.admin.query<{ waiting: number }>(
        `select (select count(*) from events where position is null)::int
                + (select count(*) from webhook_deliveries where endpoint_id = $1 and state <> 'delivered')::int as waiting`,
        [webhook.id],
      )
      return rows[0]?.waiting
    }
    await expect.poll(waiting, { timeout: WITHIN_MS, interval: 250 }).toBe(0)
    await Promise.all(workers.map((worker) => worker.stop()))

    expect(receiver.unverified).toBe(0)
    const taken = receiver.received.filter((received) => received.taken)
    expect(new Set(taken.map(({ webhookId }) => webhookId)).size).toBe(COMPANIES * EVENTS_EACH)
    for (const { id } of companies) {
      const sequences = taken.flatMap(({ companyId, sequence }) => (companyId === id ? [sequence] : []))
      const firsts = [...new Set(sequences)]
      expect(firsts).toEqual(Array.from({ length: EVENTS_EACH }, (_, at) => at + 1))
    }
    // Nobody died, so nothing that was taken came again.
    expect(taken).toHaveLength(COMPANIES * EVENTS_EACH)
    const { rows } = await fleet.admin.query(
      'select count(*)::int as attempts from webhook_attempts where endpoint_id = $1',
      [webhook.id],
    )
    expect(rows).toEqual([{ attempts: receiver.received.length }])
  },
  WITHIN_MS + 30_000,
)
