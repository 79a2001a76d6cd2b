import { createLogger } from '@ksef-fleet/core'
import { Sealed } from '@ksef-fleet/ksef'
import { afterAll, beforeAll, describe, expect, test, vi } from 'vitest'
import { routesOf } from '../src/index.ts'
import { type ConnectedQueues, connectQueues } from '../src/queue-connection.ts'
import { type Call, invoiceOf, type RunningApi, startApi } from './running-api.ts'

const PASSWORD = 'correct horse battery'
const basic = (name: string, password: string) =>
  `Basic ${Buffer.from(`${name}:${password}`).toString('base64')}`
const SIGNED_IN = basic('ops', PASSWORD)

let api: RunningApi
let queues: ConnectedQueues
beforeAll(async () => {
  const redisUrl = process.env.FLEET_TEST_REDIS_URL
  if (redisUrl === undefined) throw new Error('FLEET_TEST_REDIS_URL is not set')
  queues = connectQueues(redisUrl, createLogger({ service: 'api', level: 'silent' }))
  api = await startApi({ ops: { password: new Sealed(PASSWORD), ...queues } })
  await vi.waitFor(() => queues.ping())
})
afterAll(async () => {
  await api?.[Symbol.asyncDispose]()
  await queues?.close()
})

const open = (call: Omit<Call, 'key'>, authorization = SIGNED_IN) =>
  api.call({ ...call, key: null, headers: { authorization, host: 'fleet.example', ...call.headers } })

const boardRoutes = () =>
  routesOf(api.app)
    .routes()
    .filter(({ url }) => url.startsWith('/ops/queues'))

const pathOf = (url: string) => url.replace(/:[A-Za-z]+/g, 'send').replace('*', 'static/js/x.js')

describe('the board', () => {
  test('has routes that change something, so that what follows could fail', () => {
    expect(boardRoutes().length).toBeGreaterThan(10)
    expect(boardRoutes().some(({ method }) => method === 'PUT')).toBe(true)
  })

  test('opens no path with any method to anybody but the operators', async () => {
    const credentials = [
      undefined,
      basic('ops', 'wrong password'),
      basic('admin', PASSWORD),
      basic('', ''),
      `Bearer ${api.providerKey}`,
      `Bearer ${api.a.key}`,
      'Basic !!!',
      basic('ops', `${PASSWORD} `),
    ]
    for (const { method, url } of boardRoutes()) {
      for (const authorization of credentials) {
        const answer = await api.call({
          method: method as NonNullable<Call['method']>,
          url: pathOf(url),
          key: null,
          headers: {
            origin: 'http://fleet.example',
            host: 'fleet.example',
            ...(authorization && { authorization }),
          },
        })
        expect(answer.statusCode, `${method} ${url} with ${authorization}`).toBe(401)
        expect(answer.headers['www-authenticate']).toBe('Basic realm="ksef-fleet operators", charset="UTF-8"')
      }
    }
  }, 60_000)

  test('shows its page and the queues to the operators', async () => {
    const page = await open({ url: '/ops/queues/' })
    expect([page.statusCode, page.headers['content-type']]).toEqual([200, 'text/html; charset=utf-8'])
    expect(page.headers['content-security-policy']).toMatch(/frame-ancestors 'none'/)
    const listed = await open({ url: '/ops/queues/api/queues' })
    expect(listed.json().queues.map(({ name }: { name: string }) => name)).toEqual([
      'send',
      'batch',
      'status',
      'sync',
      'deliver',
      'upkeep',
    ])
  })

  test('shows of a job its ids and nothing else, because nothing else is in it', async () => {
    const payload = { companyId: api.a.id }
    await queues.queues[0]!.add('send-pending', payload, { delay: 600_000 })
    const listed = await open({ url: '/ops/queues/api/queues?activeQueue=send&status=delayed' })
    expect(listed.json().queues[0].jobs[0].data).toEqual(payload)
  })

  test.each<[string, Record<string, string>]>([
    ['no origin', {}],
    ['another origin', { origin: 'https://evil.example' }],
    ['an opaque origin', { origin: 'null' }],
    ['the same host with another port', { origin: 'http://fleet.example:8080' }],
    ['a subdomain', { origin: 'http://x.fleet.example' }],
    [
      'a cross-site fetch that lies about its origin',
      { origin: 'http://fleet.example', 'sec-fetch-site': 'cross-site' },
    ],
    ['a same-site fetch', { origin: 'http://fleet.example', 'sec-fetch-site': 'same-site' }],
  ])('changes nothing for a request with %s, though signed in', async (_, headers) => {
    for (const { method, url } of boardRoutes().filter((route) => !['GET', 'HEAD'].includes(route.method))) {
      const answer = await open({ method: method as NonNullable<Call['method']>, url: pathOf(url), headers })
      expect([answer.statusCode, answer.json().code], `${method} ${url}`).toEqual([403, 'CROSS_SITE_REFUSED'])
    }
  })

  test('pauses and resumes a queue for an operator on the board itself', async () => {
    const headers = { origin: 'http://fleet.example', 'sec-fetch-site': 'same-origin' }
    const [send] = queues.queues
    expect(
      (await open({ method: 'PUT', url: '/ops/queues/api/queues/send/pause', headers })).statusCode,
    ).toBe(200)
    expect(await send!.isPaused()).toBe(true)
    expect(
      (await open({ method: 'PUT', url: '/ops/queues/api/queues/send/resume', headers })).statusCode,
    ).toBe(200)
    expect(await send!.isPaused()).toBe(false)
  })

  test('tells an address that guesses passwords to wait', async () => {
    await using own = await startApi({
      ops: { password: new Sealed(PASSWORD), ...queues },
      failedKeysPerMinuteMax: 3,
    })
    const statuses: number[] = []
    for (let turn = 0; turn < 5; turn += 1) {
      const headers = { authorization: basic('ops', `guess ${turn}`) }
      statuses.push((await own.call({ url: '/ops/queues/', key: null, headers })).statusCode)
    }
    expect(statuses).toEqual([401, 401, 401, 429, 429])
  })

  test('says at once that Redis is away, while invoices are accepted all the same', async () => {
    const gone = connectQueues('redis://127.0.0.1:1', api.deps.log)
    try {
      await using own = await startApi({
        ops: { password: new Sealed(PASSWORD), ...gone },
        readiness: { postgres: async () => undefined, redis: gone.ping },
      })
      const answer = await own.call({ url: '/ops/queues/', key: null, headers: { authorization: SIGNED_IN } })
      expect([answer.statusCode, answer.json().code]).toEqual([503, 'QUEUES_UNAVAILABLE'])
      const posted = await own.call({ url: `/v1/companies/${own.a.id}/invoices`, xml: invoiceOf(own.a.nip) })
      expect(posted.statusCode).toBe(202)
      expect((await own.call({ url: '/readyz', key: null })).json()).toEqual({
        ready: true,
        postgres: 'up',
        redis: 'down',
      })
    } finally {
      await gone.close()
    }
  })
})
