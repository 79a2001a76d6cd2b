import { afterAll, beforeAll, describe, expect, test, vi } from 'vitest'
import { invoiceOf, type Json, type RunningApi, startApi } from './running-api.ts'

let api: RunningApi
beforeAll(async () => {
  api = await startApi()
})
afterAll(() => api?.[Symbol.asyncDispose]())

/** What was told since then; the hook that tells runs after the answer has left. */
const toldSince = (before: Json[], count: number) =>
  vi.waitFor(async () => {
    const uses = (await api.usesOfKeys()).slice(before.length)
    expect(uses).toHaveLength(count)
    return uses
  })

/** A key no other test has used. */
const freshKey = async (companyId: string) =>
  (await api.call({ url: '/v1/api-keys', json: { name: 'fresh', companyId } })).json() as {
    id: string
    key: string
  }

describe('the audit log', () => {
  test('tells of every changing request: by which key, of which route, for which company, and how it ended', async () => {
    const { id, key } = await freshKey(api.a.id)
    await vi.waitFor(async () => expect((await api.usesOfKeys()).at(-1)?.operation).toBe('POST /v1/api-keys'))
    const before = await api.usesOfKeys()
    const url = `/v1/companies/${api.a.id}/invoices`
    const sent = await api.call({ url, xml: invoiceOf(api.a.nip), key })
    const refused = await api.call({ url, xml: 'not an invoice', key })
    expect([sent.statusCode, refused.statusCode]).toEqual([202, 422])
    const told = await toldSince(before, 2)
    for (const use of told) {
      expect(use).toMatchObject({
        actor: `key:${id}`,
        action: 'key.use',
        subject: id,
        company_id: api.a.id,
        operation: 'POST /v1/companies/:companyId/invoices',
      })
    }
    expect(told).toMatchObject([
      { outcome: 'ok', http_status: 202, error_code: null, request_id: sent.headers['x-request-id'] },
      { outcome: 'refused', http_status: 422, error_code: refused.json().code },
    ])
  })

  test('tells of the reads of a key once a minute', async () => {
    const { id, key } = await freshKey(api.a.id)
    for (let turn = 0; turn < 5; turn += 1) await api.call({ url: '/v1/companies', key })
    await api.call({ url: '/v1/companies', key: (await freshKey(api.a.id)).key })
    await vi.waitFor(async () => {
      const reads = (await api.usesOfKeys()).filter(({ operation }) => operation === 'GET /v1/companies')
      expect(reads.length).toBeGreaterThan(1)
      expect(reads.filter(({ subject }) => subject === id)).toHaveLength(1)
    })
  })

  test('tells whenever a key reaches for another company or for what its role may not', async () => {
    const { id, key } = await freshKey(api.a.id)
    for (let turn = 0; turn < 2; turn += 1) await api.call({ url: `/v1/companies/${api.b.id}`, key })
    await api.call({ url: '/v1/companies', json: { nip: '9876543210', name: 'Mine' }, key })
    await vi.waitFor(async () => {
      const told = (await api.usesOfKeys()).filter(({ subject }) => subject === id)
      expect(told.map(({ action, error_code, company_id }) => [action, error_code, company_id])).toEqual([
        ['access.refused', 'NOT_FOUND', api.a.id],
        ['access.refused', 'NOT_FOUND', api.a.id],
        ['access.refused', 'SCOPE_INSUFFICIENT', api.a.id],
      ])
    })
  })

  test('names a company the provider asked for only where there is one', async () => {
    const missing = crypto.randomUUID()
    await api.call({ url: `/v1/companies/${missing}/invoices`, xml: invoiceOf(api.a.nip) })
    await api.call({ url: `/v1/companies/${api.b.id}/invoices`, xml: invoiceOf(api.b.nip) })
    await vi.waitFor(async () => {
      const told = (await api.usesOfKeys()).filter(({ operation }) => String(operation).endsWith('/invoices'))
      expect(told.slice(-2).map(({ company_id, http_status }) => [company_id, http_status])).toEqual([
        [null, 404],
        [api.b.id, 202],
      ])
    })
    expect(api.lines.filter((line) => line.includes('audit.entry-refused'))).toEqual([])
  })

  test('holds no id out of a URL, no query and no key', async () => {
    const planted = crypto.randomUUID()
    await api.call({ method: 'DELETE', url: `/v1/api-keys/${planted}?${planted}` })
    await vi.waitFor(async () => {
      const told = JSON.stringify(await api.usesOfKeys())
      expect(told).toContain('DELETE /v1/api-keys/:apiKeyId')
      for (const secret of [planted, api.providerKey, api.a.key, api.b.key])
        expect(told).not.toContain(secret)
    })
  })
})
