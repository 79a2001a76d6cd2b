/** How an event reaches a receiver, whatever the receiver does, and whatever becomes of the worker. */
import type { LookupFunction } from 'node:net'
import {
  type Company,
  changeWebhook,
  diagnoseProvider,
  placeEvents,
  readProviderFacts,
  readWebhook,
  readWebhookDelivery,
  redeliverEvent,
  redeliverRange,
  removeWebhook,
  rotateWebhookSecret,
  testWebhook,
  type Webhook,
} from '@ksef-fleet/core'
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, test } from 'vitest'
import { type Answering, type Receiver, says, startReceiver } from './receiver.ts'
import { startWebhookFleet, type WebhookFleet } from './webhook-fleet.ts'

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

const read = (webhook: Webhook) =>
  readWebhook(fleet.deps, { owner: webhook.companyId, webhookId: webhook.id })
const sequences = () => receiver.received.map(({ sequence }) => sequence)

const breaksOff: Answering = (_, response) => response.destroy()

/** A webhook with events on their way to it, and one run. */
async function delivered(answering: Answering, set: Parameters<WebhookFleet['webhook']>[2] = {}, count = 1) {
  receiver.answering = answering
  const webhook = await fleet.webhook(company, receiver, set)
  await fleet.tell(company, count)
  await fleet.run(fleet.clerk, webhook)
  return webhook
}

describe('a receiver', () => {
  test('that takes it has verified the event as the log has it, and the attempt is kept', async () => {
    const webhook = await delivered(says(200))
    const [event] = await fleet.db.readCompany(company.id, ({ events }) =>
      events.list({ after: 0, through: 10, limit: 10 }),
    )
    expect(receiver.unverified).toBe(0)
    expect(receiver.received).toMatchObject([
      {
        webhookId: `evt_${company.id}_1`,
        id: `evt_${company.id}_1`,
        type: 'integration.revoked',
        version: 1,
        timestamp: event?.at.toISOString(),
        companyId: company.id,
        sequence: 1,
        subject: event?.subject,
        data: { held: 0 },
      },
    ])
    const named = { owner: company.id, webhookId: webhook.id, event: { companyId: company.id, sequence: 1 } }
    const { delivery, attempts } = await readWebhookDelivery(fleet.deps, named)
    expect(delivery).toMatchObject({ state: 'delivered', attempts: 1, status: 200, code: null })
    expect(attempts).toMatchObject([{ number: 1, status: 200, code: null, answer: 'it said 200' }])
    expect(attempts[0]?.durationMs).toBeGreaterThanOrEqual(0)
  })

  test.each([
    ['500', says(500), { status: 500, code: 'WEBHOOK_REFUSED' }],
    ['404', says(404), { status: 404, code: 'WEBHOOK_REFUSED' }],
    ['a redirect', says(302, { location: '/elsewhere' }), { status: 302, code: 'WEBHOOK_REDIRECTED' }],
    ['a broken connection', breaksOff, { status: null, code: 'WEBHOOK_UNREACHABLE' }],
  ])(
    'that answers with %s is tried again later, and no redirect is followed',
    async (_, answering, noted) => {
      const webhook = await delivered(answering)
      expect(await fleet.deliveries(webhook)).toEqual([{ state: 'pending', attempts: 1, ...noted }])
      receiver.answering = says(204)
      await fleet.run(fleet.clerk, webhook)
      expect(receiver.received).toHaveLength(1)
      await fleet.later(webhook)
      await fleet.run(fleet.clerk, webhook)
      expect(receiver.received.map(({ webhookId }) => webhookId)).toEqual(
        Array(2).fill(`evt_${company.id}_1`),
      )
      expect(await fleet.deliveries(webhook)).toEqual([
        { state: 'delivered', attempts: 2, status: 204, code: null },
      ])
    },
  )

  test('that does not answer is hung up on in time', async () => {
    const hasty = fleet.worker({ settings: { WEBHOOK_TIMEOUT_SECONDS: '0.3' } })
    receiver.answering = () => {}
    const webhook = await fleet.webhook(company, receiver)
    await fleet.tell(company, 1)
    await fleet.run(hasty, webhook)
    expect(await fleet.deliveries(webhook)).toMatchObject([{ state: 'pending', code: 'WEBHOOK_TIMEOUT' }])
  })

  test('that is down is tried again later', async () => {
    const webhook = await fleet.webhook(company, receiver)
    await receiver.close()
    await fleet.tell(company, 1)
    await fleet.run(fleet.clerk, webhook)
    expect(await fleet.deliveries(webhook)).toMatchObject([{ state: 'pending', code: 'WEBHOOK_UNREACHABLE' }])
  })

  test('that answers 410 hears no more, and its owner is told', async () => {
    const webhook = await delivered(says(410), { ordered: true }, 3)
    expect(receiver.received).toHaveLength(1)
    expect(await read(webhook)).toMatchObject({ state: 'disabled', disabledCode: 'WEBHOOK_GONE' })
    await placeEvents(fleet.db)
    const events = await fleet.db.readCompany(company.id, (reads) =>
      reads.events.list({ after: 3, through: 10, limit: 10 }),
    )
    expect(events).toMatchObject([{ type: 'webhook.disabled', data: { code: 'WEBHOOK_GONE' } }])
    await fleet.later(webhook)
    await fleet.run(fleet.clerk, webhook)
    expect(receiver.received).toHaveLength(1)
    receiver.answering = says(204)
    await changeWebhook(fleet.deps, {
      owner: company.id,
      webhookId: webhook.id,
      enabled: true,
      actor: 'story',
    })
    await fleet.run(fleet.clerk, webhook)
    expect(sequences()).toEqual([1, 2, 3])
  })

  test('of the provider that answers 410 is named by the doctor, and whoever else listens is told', async () => {
    const other = await startReceiver()
    other.answering = says(204)
    const listening = await fleet.webhook(null, other, { types: ['webhook.disabled'] })
    receiver.answering = says(410)
    const gone = await fleet.webhook(null, receiver)
    await fleet.tell(company, 1)
    const before = new Date()
    await fleet.run(fleet.clerk, gone)
    await placeEvents(fleet.db)
    const told = {
      type: 'webhook.disabled',
      subject: gone.id,
      data: { webhookId: gone.id, code: 'WEBHOOK_GONE' },
    }
    await fleet.run(fleet.clerk, listening)
    expect(other.received).toMatchObject([{ ...told, companyId: null }])
    const { disabledAt } = await read(gone)
    expect(disabledAt?.getTime()).toBeGreaterThanOrEqual(before.getTime())
    const findings = diagnoseProvider(await readProviderFacts(fleet.deps))
    expect(findings).toMatchObject([{ code: 'WEBHOOK_GONE', since: disabledAt, who: 'provider' }])
    expect(await fleet.deliveries(gone)).toMatchObject([{ state: 'dead', code: 'WEBHOOK_GONE' }])
    const { rows } = await fleet.admin.query(
      'select 1 from webhook_deliveries d join events e on e.id = d.event_id where d.endpoint_id = $1 and e.type = $2',
      [gone.id, told.type],
    )
    expect(rows).toEqual([])
    for (const webhook of [gone, listening])
      await removeWebhook(fleet.deps, { owner: null, webhookId: webhook.id, actor: 'story' })
    await other.close()
  })

  test('that asks for a pause gets it', async () => {
    const webhook = await delivered(says(503, { 'retry-after': '7200' }), { ordered: true }, 2)
    expect((await read(webhook)).blockedUntil?.getTime()).toBeGreaterThan(Date.now() + 7_000_000)
    await fleet.later(webhook)
    await fleet.run(fleet.clerk, webhook)
    expect(receiver.received).toHaveLength(1)
  })

  test('that fails to the end leaves a dead letter, and one that fails for long is disabled', async () => {
    receiver.answering = says(500)
    const webhook = await fleet.webhook(company, receiver)
    await fleet.tell(company, 1)
    for (let attempt = 0; attempt < 3; attempt++) {
      await fleet.later(webhook)
      await fleet.run(fleet.clerk, webhook)
    }
    expect(await fleet.deliveries(webhook)).toMatchObject([{ state: 'dead', attempts: 3 }])
    expect(await read(webhook)).toMatchObject({ state: 'enabled', failures: 3 })
    const impatient = fleet.worker({ settings: { WEBHOOK_DISABLE_AFTER_SECONDS: '0.001' } })
    await fleet.tell(company, 1)
    for (let attempt = 0; attempt < 3; attempt++) {
      await fleet.later(webhook)
      await fleet.run(impatient, webhook)
    }
    expect(await read(webhook)).toMatchObject({ state: 'disabled', disabledCode: 'WEBHOOK_KEEPS_FAILING' })
  })
})

describe('an address', () => {
  const strict = (resolve?: LookupFunction) =>
    fleet.worker({
      settings: { WEBHOOK_NETWORKS: '' },
      ...(resolve === undefined ? {} : { resolve }),
    })
  const resolvesTo =
    (...addresses: string[]): LookupFunction =>
    (_, __, callback) =>
      callback(
        null,
        addresses.map((address) => ({ address, family: address.includes(':') ? 6 : 4 })),
      )
  const portOf = () => new URL(receiver.url).port

  test.each([
    ['loopback', () => receiver.url],
    ['loopback by another spelling', () => `http://2130706433:${portOf()}/`],
    ['the metadata service', () => 'http://169.254.169.254/latest/meta-data/'],
    ['a private network', () => 'http://10.0.0.1:8080/'],
    ['IPv6 loopback', () => `http://[::1]:${portOf()}/`],
    ['IPv4 within IPv6', () => `http://[::ffff:127.0.0.1]:${portOf()}/`],
  ])('that leads to %s is not connected to, though it stands in the table', async (_, url) => {
    const webhook = await fleet.webhook(company, receiver)
    await fleet.admin.query('update webhook_endpoints set url = $2 where id = $1', [webhook.id, url()])
    await fleet.tell(company, 1)
    await fleet.run(strict(), webhook)
    expect(receiver.received).toEqual([])
    expect(await fleet.deliveries(webhook)).toMatchObject([
      { state: 'pending', status: null, code: 'WEBHOOK_ADDRESS_REFUSED' },
    ])
  })

  test.each([
    ['private', ['127.0.0.1']],
    ['partly private', ['1.1.1.1', '127.0.0.1']],
    ['IPv6 and private', ['::1']],
    ['mapped and private', ['::ffff:127.0.0.1']],
    ['NAT64 and private', ['64:ff9b::7f00:1']],
  ])('of a name that was fine and turns %s is refused in the moment of connecting', async (_, addresses) => {
    const webhook = await fleet.webhook(company, receiver, { url: `http://rebinding.example:${portOf()}/` })
    await fleet.tell(company, 1)
    await fleet.run(strict(resolvesTo(...addresses)), webhook)
    expect(receiver.received).toEqual([])
    expect(await fleet.deliveries(webhook)).toMatchObject([{ code: 'WEBHOOK_ADDRESS_REFUSED' }])
  })

  test('of a name in an allowed network is connected to, so that the refusals above mean something', async () => {
    const webhook = await fleet.webhook(company, receiver, { url: `http://beside.example:${portOf()}/` })
    await fleet.tell(company, 1)
    await fleet.run(fleet.worker({ resolve: resolvesTo('127.0.0.1') }), webhook)
    expect(sequences()).toEqual([1])
  })
})

describe('a webhook', () => {
  test('is tried with an event that goes to it alone', async () => {
    const webhook = await fleet.webhook(company, receiver, { types: ['invoice.held'] })
    await testWebhook(fleet.deps, { owner: company.id, webhookId: webhook.id })
    await placeEvents(fleet.db)
    await fleet.run(fleet.clerk, webhook)
    expect(receiver.received).toMatchObject([{ type: 'webhook.test', subject: webhook.id }])
  })

  test('has one event or a stretch of them delivered again, under the ids they had', async () => {
    const webhook = await delivered(says(204), {}, 3)
    const at = { owner: company.id, webhookId: webhook.id }
    expect(sequences().sort()).toEqual([1, 2, 3])
    await redeliverEvent(fleet.deps, { ...at, event: { companyId: company.id, sequence: 2 } })
    await fleet.run(fleet.clerk, webhook)
    expect(sequences().slice(3)).toEqual([2])
    expect(await redeliverRange(fleet.deps, { ...at, after: 0, through: 2, delivered: false })).toMatchObject(
      {
        events: 0,
      },
    )
    await redeliverRange(fleet.deps, { ...at, after: 0, through: 2, delivered: true })
    await fleet.run(fleet.clerk, webhook)
    expect(sequences().slice(4).sort()).toEqual([1, 2])
    expect(new Set(receiver.received.map(({ webhookId }) => webhookId)).size).toBe(3)
  })

  test('is verified with the old secret and the new one during the grace, and then with the new one only', async () => {
    const webhook = await fleet.webhook(company, receiver)
    const [old] = receiver.secrets
    const at = { owner: company.id, webhookId: webhook.id, actor: 'story' }
    const { secret } = await rotateWebhookSecret(fleet.deps, { ...at, graceSeconds: 60 })
    for (const secrets of [[old ?? ''], [secret]]) {
      receiver.secrets = secrets
      await fleet.tell(company, 1)
      await fleet.run(fleet.clerk, webhook)
    }
    expect([receiver.received.length, receiver.unverified]).toEqual([2, 0])
    const next = await rotateWebhookSecret(fleet.deps, { ...at, graceSeconds: 0 })
    await fleet.tell(company, 1)
    await fleet.run(fleet.clerk, webhook)
    expect(receiver.unverified).toBe(1)
    receiver.secrets = [next.secret]
    await fleet.later(webhook)
    await fleet.run(fleet.clerk, webhook)
    expect(sequences()).toEqual([1, 2, 3])
  })

  test('whose secret the master key does not open is posted nothing, says so, and signs with a new one', async () => {
    const webhook = await fleet.webhook(company, receiver)
    const [old] = receiver.secrets
    // Sealed for another webhook, as one under another master key would be, it does not open.
    const other = await fleet.webhook(company, receiver)
    const sealed = 'select secrets from webhook_endpoints where id = $2'
    await fleet.admin.query(`update webhook_endpoints set secrets = (${sealed}) where id = $1`, [
      webhook.id,
      other.id,
    ])
    await fleet.tell(company, 1)
    await fleet.run(fleet.clerk, webhook)
    expect(receiver.received).toEqual([])
    expect(await fleet.deliveries(webhook)).toMatchObject([{ state: 'pending', code: 'WEBHOOK_SECRET_LOST' }])
    const at = { owner: company.id, webhookId: webhook.id, actor: 'story' }
    const { secret } = await rotateWebhookSecret(fleet.deps, { ...at, graceSeconds: 60 })
    receiver.secrets = [secret]
    expect(secret).not.toBe(old)
    await fleet.later(webhook)
    await fleet.run(fleet.clerk, webhook)
    expect([sequences(), receiver.unverified]).toEqual([[1], 0])
  })

  test('of the provider hears of every company, each in its order', async () => {
    const other = await fleet.company()
    const webhook = await fleet.webhook(null, receiver, { ordered: true })
    for (const one of [company, other, company]) await fleet.tell(one, 2)
    await fleet.run(fleet.clerk, webhook)
    const of = ({ id }: Company) =>
      receiver.received.flatMap(({ companyId, sequence }) => (companyId === id ? [sequence] : []))
    expect([of(company), of(other)]).toEqual([
      [1, 2, 3, 4],
      [1, 2],
    ])
    await changeWebhook(fleet.deps, { owner: null, webhookId: webhook.id, enabled: false, actor: 'story' })
  })

  test('that is ordered waits for the one that fails, and one that is not goes on', async () => {
    const failsOnTwo: Answering = (_, response, { sequence }) =>
      response.writeHead(sequence === 2 ? 500 : 204).end()
    const ordered = await delivered(failsOnTwo, { ordered: true }, 4)
    expect(sequences()).toEqual([1, 2])
    await fleet.later(ordered)
    receiver.answering = says(204)
    await fleet.run(fleet.clerk, ordered)
    expect(sequences()).toEqual([1, 2, 2, 3, 4])
  })
})

describe('a worker', () => {
  test('may die at every step: each event arrives, and twice only what it had posted when it died', async () => {
    const webhook = await fleet.webhook(company, receiver, { ordered: true })
    let deaths = 0
    for (let atCall = 1; atCall < 50; atCall++) {
      const before = receiver.received.length
      await fleet.tell(company, 3)
      const whens = atCall % 2 === 0 ? 'after' : 'before'
      const mortal = fleet.worker({ death: { atCall: Math.ceil(atCall / 2), when: whens } })
      await fleet.run(mortal, webhook)
      if (mortal.db.dead) deaths++
      await fleet.later(webhook)
      await fleet.run(fleet.clerk, webhook)
      const arrived = receiver.received.slice(before)
      expect(new Set(arrived.map(({ webhookId }) => webhookId)).size).toBe(3)
      expect(arrived.length).toBeLessThanOrEqual(6)
      if (!mortal.db.dead) break
    }
    expect(deaths).toBeGreaterThan(4)
    const states = (await fleet.deliveries(webhook)).map(({ state }) => state)
    expect(new Set(states)).toEqual(new Set(['delivered']))
    // Whatever came twice, the first time of each is in order.
    const firsts = [...new Set(sequences())]
    expect(firsts).toEqual(firsts.toSorted((one, other) => one - other))
  })

  test('beside another one delivers nothing that the other delivers', async () => {
    for (const ordered of [true, false]) {
      const before = receiver.received.length
      const webhook = await fleet.webhook(company, receiver, { ordered })
      await fleet.tell(company, 60)
      const workers = Array.from({ length: 3 }, () => fleet.worker())
      await Promise.all(workers.map((one) => fleet.run(one, webhook)))
      // Who came while the lane was held found nothing to do.
      await fleet.run(fleet.clerk, webhook)
      const ids = receiver.received.slice(before).map(({ webhookId }) => webhookId)
      expect(ids).toHaveLength(60)
      expect(new Set(ids).size).toBe(60)
      await changeWebhook(fleet.deps, {
        ...{ owner: company.id, webhookId: webhook.id, enabled: false, actor: 'story' },
      })
    }
  })
})
