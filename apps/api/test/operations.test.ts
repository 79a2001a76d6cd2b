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

  test('tell which syncs are late, fail or are held, how far the last is behind, and what is missing', async () => {
    await using own = await startApi()
    const { id, integrationId } = own.a
    const sync = (role: string, hoursBehind: number, set: { columns: string; values: string }) =>
      own.query(
        `insert into ksef_sync_state (company_id, integration_id, subject_type, start_at, checkpoint, updated_at, ${set.columns})
         values ($1, $2, $3, now() - interval '1 day', now() - make_interval(hours => $4), now(), ${set.values})`,
        [id, integrationId, role, hoursBehind],
      )
    await sync('Subject1', 2, {
      columns: 'next_sync_at, late_at',
      values: `now(), now() - interval '1 minute'`,
    })
    await sync('Subject2', 3, { columns: 'next_sync_at, failures', values: 'now(), 3' })
    await sync('Subject3', 9, { columns: 'held', values: `'{"code":"SYNC_DISABLED"}'` })
    const missing = (ksefNumber: string, isHere: boolean) =>
      own.query(
        `insert into ksef_missing_documents (company_id, integration_id, subject_type, ksef_number, invoice_hash, code, tries, found_at, next_try_at, ended_at)
         values ($1, $2, 'Subject2', $3, 'hash', 'DOCUMENT_MISSING', 0, now(), case when $4 then null else now() end, case when $4 then now() end)`,
        [id, integrationId, ksefNumber, isHere],
      )
    await missing('one', false)
    await missing('another', false)
    await missing('found', true)
    const text = await page(own)
    for (const state of ['late', 'failing', 'held'])
      expect(text).toMatch(new RegExp(`^ksef_fleet_syncs\\{state="${state}"\\} 1$`, 'm'))
    expect(text).toMatch(/^ksef_fleet_documents_missing 2$/m)
    const behind = Number(/^ksef_fleet_sync_behind_seconds (.*)$/m.exec(text)?.[1])
    const HOUR_SECONDS = 3_600
    // Of the one that is held nobody expects anything.
    expect(behind).toBeGreaterThanOrEqual(3 * HOUR_SECONDS)
    expect(behind).toBeLessThan(4 * HOUR_SECONDS)
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
