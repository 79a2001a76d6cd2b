import { connect as connectDatabase } from '@ksef-fleet/db'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { buildServer } from '../src/index.ts'
import { invoiceOf, type RunningApi, startApi } from './running-api.ts'

let api: RunningApi
beforeAll(async () => {
  api = await startApi()
})
afterAll(() => api?.[Symbol.asyncDispose]())

const page = async (from: RunningApi) => (await from.call({ url: '/metrics', key: null })).body

describe('health', () => {
  test('is told without a key', async () => {
    expect((await api.call({ url: '/healthz', key: null })).json()).toEqual({ status: 'ok' })
    const ready = await api.call({ url: '/readyz', key: null })
    expect([ready.statusCode, ready.json()]).toEqual([200, { ready: true, postgres: 'up', redis: 'down' }])
  })

  test('is not ready without PostgreSQL, and requests are told when to come again', async () => {
    const nowhere = 'postgres://fleet_app:x@127.0.0.1:1/none'
    const gone = connectDatabase({ appUrl: nowhere, systemUrl: nowhere })
    const app = await buildServer({
      ...api.deps,
      db: gone,
      readiness: { postgres: () => gone.check(), redis: async () => undefined },
    })
    try {
      const ready = await app.inject('/readyz')
      expect([ready.statusCode, ready.json()]).toEqual([503, { ready: false, postgres: 'down', redis: 'up' }])
      expect((await app.inject('/healthz')).statusCode).toBe(200)
      const headers = { authorization: `Bearer ${api.providerKey}`, 'content-type': 'application/xml' }
      const url = `/v1/companies/${api.a.id}/invoices`
      const answer = await app.inject({
        method: 'POST',
        url,
        headers,
        payload: Buffer.from(invoiceOf(api.a.nip)),
      })
      expect([answer.statusCode, answer.json().code]).toEqual([503, 'DATABASE_UNAVAILABLE'])
      expect(answer.headers['retry-after']).toBe('5')
      expect(answer.body).not.toMatch(/127\.0\.0\.1|ECONN|fleet_app/)
      const metrics = (await app.inject('/metrics')).body
      expect(metrics).toMatch(/^ksef_fleet_measured 0$/m)
    } finally {
      await app.close()
      await gone.close()
    }
  })
})

describe('metrics', () => {
  test('count submissions by state and wishes waiting, and time requests by route', async () => {
    await using own = await startApi()
    const posted = await own.call({ url: `/v1/companies/${own.a.id}/invoices`, xml: invoiceOf(own.a.nip) })
    const text = await page(own)
    expect(text).toMatch(/^ksef_fleet_measured 1$/m)
    expect(text).toMatch(/^ksef_fleet_submissions\{state="pending"\} 1$/m)
    expect(text).toMatch(/^ksef_fleet_submissions\{state="receipted"\} 0$/m)
    expect(text).toMatch(/^ksef_fleet_outbox_waiting 1$/m)
    expect(text).toMatch(/^ksef_fleet_outbox_oldest_seconds \d/m)
    expect(text).toMatch(
      /^ksef_fleet_http_request_duration_seconds_count\{method="POST",route="\/v1\/companies\/:companyId\/invoices",status="202"\} 1$/m,
    )
    expect(posted.statusCode).toBe(202)
  })

  test('name no company, no key, no NIP and no path that a stranger made up', async () => {
    await api.call({ url: '/v1/companies/made-up-by-a-stranger' })
    await api.call({ url: '/made-up-by-a-stranger' })
    const text = await page(api)
    const { companies } = (await api.call({ url: '/v1/companies' })).json()
    for (const { id, nip } of companies) {
      expect(text).not.toContain(id)
      expect(text).not.toContain(nip)
    }
    expect(text).not.toContain('made-up')
    expect(text).toContain('route="unmatched"')
    expect(text).not.toMatch(/kf[pc]_/)
  })
})
