/** Ten thousand events to a receiver that fails every third call, by two whole workers with their queues. */
import { type Company, createLogger } from '@ksef-fleet/core'
import { readConfig } from '@ksef-fleet/worker/config'
import { runWorker } from '@ksef-fleet/worker/run-worker'
import { afterAll, beforeAll, expect, test } from 'vitest'
import { type Receiver, startReceiver } from './receiver.ts'
import { OPEN, startWebhookFleet, type WebhookFleet } from './webhook-fleet.ts'

const COMPANIES = 10
const EVENTS_EACH = 1_000
const WITHIN_MS = 180_000

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

function startWholeWorker(): { stop(): Promise<void> } {
  const stop = new AbortController()
  const config = readConfig({
    DATABASE_APP_URL: fleet.database.appUrl,
    DATABASE_SYSTEM_URL: fleet.database.systemUrl,
    REDIS_URL: process.env.FLEET_TEST_REDIS_URL,
    KSEF_ENVIRONMENT: 'test',
    KSEF_BASE_URL: fleet.ksefUrl,
    MASTER_KEY: fleet.masterKey.toString('base64'),
    SECRET_STORE: 'local',
    SECRET_STORE_DIRECTORY: fleet.directory,
    HEALTH_PORT: '0',
    ...OPEN,
    WEBHOOK_CALLS_AT_ONCE: '16',
    WEBHOOK_RETRY_SECONDS: Array(20).fill('0.005').join(),
  })
  const log = createLogger({ service: 'journey', level: 'silent' })
  const running = runWorker({ config, log, stop: stop.signal })
  return {
    async stop() {
      stop.abort()
      await running
    },
  }
}

test(
  'each of ten thousand events arrives, at least once, and in the order of its company',
  async () => {
    receiver.answering = (call, response) => response.writeHead(call % 3 === 0 ? 500 : 204).end()
    const companies: Company[] = []
    for (let count = 0; count < COMPANIES; count++) companies.push(await fleet.company())
    const webhook = await fleet.webhook(null, receiver, { ordered: true })
    const workers = [startWholeWorker(), startWholeWorker()]
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
