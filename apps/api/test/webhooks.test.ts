import { CompanyId, placeEvents } from '@ksef-fleet/core'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { type RunningApi, startApi } from './running-api.ts'

let api: RunningApi
beforeAll(async () => {
  api = await startApi()
})
afterAll(() => api?.[Symbol.asyncDispose]())

const URL_OF_RECEIVER = 'https://receiver.example/hook'
const own = () => ({ base: `/v1/companies/${api.a.id}/webhooks`, key: api.a.key })
const providers = () => ({ base: '/v1/webhooks', key: api.providerKey })

const make = async ({ base, key }: { base: string; key: string }, json: object = {}) =>
  api.call({ url: base, key, json: { url: URL_OF_RECEIVER, ...json } })

describe.each([
  ['a company’s', own],
  ['the provider’s', providers],
])('a webhook, %s', (_, place) => {
  test('is made, read, changed, disabled, enabled and deleted', async () => {
    const { base, key } = place()
    const made = await make(place(), { types: ['invoice.registered'], ordered: true })
    expect(made.statusCode).toBe(201)
    const { secret, ...webhook } = made.json()
    expect(secret).toMatch(/^whsec_[A-Za-z0-9+/]{43}=$/)
    const url = String(made.headers.location)
    expect(url).toBe(`${base}/${webhook.id}`)
    expect((await api.call({ url, key })).json()).toEqual(webhook)
    expect(webhook).toMatchObject({ enabled: true, ordered: true, types: ['invoice.registered'] })
    const change = async (json: object) => (await api.call({ url, key, method: 'PATCH', json })).json()
    expect(await change({ types: null, name: 'ERP' })).toMatchObject({
      types: null,
      name: 'ERP',
      ordered: true,
    })
    expect(await change({ enabled: false })).toMatchObject({ enabled: false, disabledCode: null })
    const refused = await api.call({ url: `${url}/test`, key, method: 'POST' })
    expect([refused.statusCode, refused.json().code]).toEqual([409, 'WEBHOOK_DISABLED'])
    expect(await change({ enabled: true })).toMatchObject({ enabled: true })
    expect((await api.call({ url, key, method: 'DELETE' })).statusCode).toBe(204)
    expect((await api.call({ url, key })).statusCode).toBe(404)
    const listed = (await api.call({ url: base, key })).json().webhooks
    expect(listed.map(({ id }: { id: string }) => id)).not.toContain(webhook.id)
  })

  test('is tried, and tells what is on its way', async () => {
    const { key } = place()
    const url = String((await make(place(), { types: ['invoice.held'] })).headers.location)
    expect((await api.call({ url: `${url}/test`, key, method: 'POST' })).statusCode).toBe(204)
    await placeEvents(api.deps.db)
    const { deliveries, nextCursor } = (await api.call({ url: `${url}/deliveries`, key })).json()
    expect(nextCursor).toBeNull()
    expect(deliveries).toMatchObject([{ type: 'webhook.test', state: 'pending', attempts: 0 }])
    const one = `${url}/deliveries/${deliveries[0].eventId}`
    expect((await api.call({ url: one, key })).json()).toMatchObject({ ...deliveries[0], tried: [] })
    expect((await api.call({ url: `${one}/redeliver`, key, method: 'POST' })).statusCode).toBe(204)
    const stretch = await api.call({
      url: `${url}/redeliver`,
      key,
      json: { after: 0, types: ['webhook.test'] },
    })
    expect([stretch.statusCode, stretch.json().events]).toEqual([202, 1])
  })

  test('pages through what was on its way, and a cursor tells a company only of its own log', async () => {
    const { base, key } = place()
    const url = String((await make(place(), { types: ['invoice.held'] })).headers.location)
    for (let times = 0; times < 3; times++) await api.call({ url: `${url}/test`, key, method: 'POST' })
    await placeEvents(api.deps.db)
    const told: string[] = []
    const cursors: string[] = []
    let cursor = ''
    do {
      const page = (await api.call({ url: `${url}/deliveries?limit=1${cursor}`, key })).json()
      told.push(...page.deliveries.map(({ eventId }: { eventId: string }) => eventId))
      if (page.nextCursor !== null) cursors.push(page.nextCursor)
      cursor = page.nextCursor === null ? '' : `&cursor=${page.nextCursor}`
    } while (cursor !== '')
    const whole = (await api.call({ url: `${url}/deliveries`, key })).json().deliveries
    expect(told).toEqual(whole.map(({ eventId }: { eventId: string }) => eventId))
    expect(new Set(told).size).toBe(3)
    if (base === '/v1/webhooks') return
    const places = told.map((eventId) => eventId.split('_').at(-1))
    for (const [index, one] of cursors.entries())
      expect(Buffer.from(one, 'base64url').toString('latin1')).toContain(`"${places[index]}"`)
  })

  test('gets a new secret, beside which the old one signs for a grace', async () => {
    const { key } = place()
    const made = await make(place())
    const url = String(made.headers.location)
    const rotate = async (json: object) => (await api.call({ url: `${url}/rotate-secret`, key, json })).json()
    const rotated = await rotate({ graceSeconds: 60 })
    expect(rotated.secret).not.toBe(made.json().secret)
    expect(rotated.secrets).toEqual([{ until: null }, { until: expect.any(String) }])
    expect((await rotate({ graceSeconds: 0 })).secrets).toHaveLength(1)
    for (let time = 0; time < 4; time++) await rotate({})
    expect((await rotate({})).secrets).toHaveLength(3)
  })
})

describe('a webhook', () => {
  test.each([
    ['http://receiver.example/', 'it must be https'],
    ['https://127.0.0.1/', 'its address is not public'],
    ['https://169.254.169.254/latest/', 'its address is not public'],
    ['https://[::ffff:10.0.0.1]/', 'its address is not public'],
    ['https://localhost/', 'its host is no public name'],
    ['https://user:secret@receiver.example/', 'it must not carry a user or a password'],
    ['https://receiver.example:25/', 'its port must be 443 or at least 1024'],
    ['receiver', 'it is no URL'],
  ])('is refused for %s, when it is made and when it is changed', async (url, why) => {
    const made = await make(own())
    const location = String(made.headers.location)
    const answers = [
      await make(own(), { url }),
      await api.call({ url: location, key: api.a.key, method: 'PATCH', json: { url } }),
    ]
    for (const answer of answers) {
      expect([answer.statusCode, answer.json().code]).toEqual([422, 'WEBHOOK_URL_REFUSED'])
      expect(answer.json().detail).toBe(`The URL was refused: ${why}.`)
      expect(answer.body).not.toContain('secret')
    }
    await api.call({ url: location, key: api.a.key, method: 'DELETE' })
  })

  test('rests with its secret sealed, and no answer shows it again', async () => {
    const made = await make(own())
    const { secret, id } = made.json()
    const rows = await api.query('select * from webhook_endpoints where id = $1', [id])
    expect(rows).toHaveLength(1)
    const plain = secret.slice('whsec_'.length)
    const shown = [
      JSON.stringify(rows),
      (await api.call({ url: String(made.headers.location), key: api.a.key })).body,
      (await api.call({ url: own().base, key: api.a.key })).body,
      api.lines.join(''),
    ]
    for (const text of shown) expect(text).not.toContain(plain)
  })

  test('is one of twenty at most, and its acts stand in the audit log', async () => {
    const { id } = api.b
    const place = { base: `/v1/companies/${id}/webhooks`, key: api.b.key }
    for (let count = 0; count < 20; count++) expect((await make(place)).statusCode).toBe(201)
    const refused = await make(place)
    expect([refused.statusCode, refused.json().code]).toEqual([409, 'WEBHOOKS_TOO_MANY'])
    const acts = await api.call({ url: `/v1/companies/${id}/audit?action=webhook.create`, key: api.b.key })
    expect(acts.json().entries).toHaveLength(20)
  })

  test('hears of nothing that happened to another company', async () => {
    const location = String((await make(own())).headers.location)
    await api.deps.db.withCompany(CompanyId.parse(api.b.id), (tx) =>
      tx.events.add({ type: 'integration.revoked', subject: 's', key: 'of-b', data: { held: 0 } }),
    )
    await placeEvents(api.deps.db)
    const { deliveries } = (await api.call({ url: `${location}/deliveries`, key: api.a.key })).json()
    expect(deliveries).toEqual([])
    const ofB = `evt_${api.b.id}_1`
    const asked = await api.call({
      url: `${location}/deliveries/${ofB}/redeliver`,
      key: api.a.key,
      method: 'POST',
    })
    expect(asked.statusCode).toBe(404)
  })
})
