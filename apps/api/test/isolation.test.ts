import { placeEvents } from '@ksef-fleet/core'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { FIXTURES, type Named, urlOf } from './route-fixtures.ts'
import { type Call, invoiceOf, type RunningApi, startApi } from './running-api.ts'
import { filesOf } from './uploads.ts'

let api: RunningApi
let ofB: Named

beforeAll(async () => {
  api = await startApi()
  const posted = await api.call({
    url: `/v1/companies/${api.b.id}/invoices`,
    xml: invoiceOf(api.b.nip),
    key: api.b.key,
  })
  const batch = await api.call({
    url: `/v1/companies/${api.b.id}/batches`,
    upload: filesOf({ 'a.xml': invoiceOf(api.b.nip) }),
    key: api.b.key,
  })
  const keys = (await api.call({ url: '/v1/api-keys', key: api.b.key })).json().apiKeys as { id: string }[]
  const own = await api.call({ url: `/v1/companies/${api.b.id}/credentials`, key: api.b.key })
  const documents = await api.call({ url: `/v1/companies/${api.b.id}/documents`, key: api.b.key })
  const webhooks = `/v1/companies/${api.b.id}/webhooks`
  const url = 'https://receiver.example/'
  const webhook = (await api.call({ url: webhooks, json: { url }, key: api.b.key })).json()
  await api.call({ url: `${webhooks}/${webhook.id}/test`, method: 'POST', key: api.b.key })
  await placeEvents(api.deps.db)
  const log = await api.call({ url: `/v1/companies/${api.b.id}/events`, key: api.b.key })
  ofB = {
    companyId: api.b.id,
    integrationId: api.b.integrationId,
    credentialId: own.json().credentials[0].id,
    invoiceId: String(posted.json().id),
    batchId: String(batch.json().id),
    documentId: documents.json().documents[0].id,
    apiKeyId: keys[0]!.id,
    webhookId: String(webhook.id),
    eventId: String(log.json().events[0].id),
  }
})
afterAll(() => api?.[Symbol.asyncDispose]())

const NOWHERE: Record<string, string> = {
  'an unknown id': crypto.randomUUID(),
  'no id': 'x',
  'a number': '1',
  zeros: '00000000-0000-0000-0000-000000000000',
  'an array': '%5B%22a%22%5D',
  'an object': '%7B%22a%22%3A1%7D',
  SQL: "'%20or%201=1%20--",
  'a wildcard': '%25',
  NUL: '%00',
  'a path': '..%2F..%2Fhealthz',
  'a very long id': 'a'.repeat(400),
  'a broken escape': '%zz',
  'upper case': 'ABCDEFAB-ABCD-4ABC-8ABC-ABCDEFABCDEF',
}

const withIds = Object.keys(FIXTURES).filter((route) => route.includes(':'))
const isReadByItsCompany = (route: string) =>
  route.startsWith('GET') && !/\/upo(\/|$)/.test(route) && FIXTURES[route]!(api.b).provider !== true
const methodOf = (route: string) => route.split(' ')[0] as NonNullable<Call['method']>

async function ask(route: string, named: Partial<Named>, key: string) {
  const { provider: _, ...fixture } = FIXTURES[route]!(api.a)
  return api.call({ ...fixture, method: methodOf(route), url: urlOf(route, named), key })
}

describe('an id that is not one’s own', () => {
  test('is answered on every route with one and the same 404, whether foreign, unknown or malformed, and nothing is written', async () => {
    const before = await api.counts()
    const bodies = new Map<string, string[]>()
    const note = async (label: string, asked: ReturnType<typeof ask>) => {
      const answer = await asked
      expect(answer.statusCode, label).toBe(404)
      const body = JSON.stringify({ ...answer.json(), requestId: '' })
      bodies.set(body, [...(bodies.get(body) ?? []), label])
    }
    for (const route of withIds) {
      const own: Partial<Named> = { companyId: api.a.id, integrationId: api.a.integrationId }
      await note(`${route}: all of B’s, with A’s key`, ask(route, ofB, api.a.key))
      const last = (route.match(/:([A-Za-z]+)/g) ?? []).map((name) => name.slice(1) as keyof Named)
      for (const name of last) {
        if (route.includes(':companyId')) {
          // A's own company, B's integration or invoice within it.
          if (name !== 'companyId')
            await note(`${route}: B’s ${name}`, ask(route, { ...own, [name]: ofB[name] }, api.a.key))
        }
        await Promise.all(
          Object.entries(NOWHERE).flatMap(([kind, value]) => {
            const label = `${route}: ${name} is ${kind}`
            const named = { ...own, [name]: value }
            return [
              note(label, ask(route, named, api.a.key)),
              note(`${label}, for the provider`, ask(route, named, api.providerKey)),
            ]
          }),
        )
      }
    }
    expect([...bodies.values()].map((labels) => labels[0])).toHaveLength(1)
    expect(await api.counts()).toEqual(before)
  }, 120_000)

  test('of B shows under B’s own key and the provider’s, so that the walk above could have failed', async () => {
    for (const key of [api.b.key, api.providerKey]) {
      for (const route of withIds.filter(isReadByItsCompany)) {
        expect((await ask(route, ofB, key)).statusCode, route).toBe(200)
      }
    }
  })
})

describe('a company’s key', () => {
  test('does not register companies', async () => {
    const answer = await api.call({
      url: '/v1/companies',
      json: { nip: '9876543210', name: 'Mine' },
      key: api.a.key,
    })
    expect([answer.statusCode, answer.json().code]).toEqual([403, 'SCOPE_INSUFFICIENT'])
  })

  test('lists its own company only', async () => {
    const { companies, nextCursor } = (await api.call({ url: '/v1/companies', key: api.a.key })).json()
    expect(companies.map(({ id }: { id: string }) => id)).toEqual([api.a.id])
    expect(nextCursor).toBeNull()
  })

  test('sees and makes keys of its own company only', async () => {
    const made = await api.call({
      url: '/v1/api-keys',
      json: { name: 'mine', companyId: api.a.id },
      key: api.a.key,
    })
    expect(made.statusCode).toBe(201)
    expect(made.json().key).toMatch(/^kfc_/)
    const { apiKeys } = (await api.call({ url: '/v1/api-keys', key: api.a.key })).json()
    expect(new Set(apiKeys.map(({ companyId }: { companyId: string }) => companyId))).toEqual(
      new Set([api.a.id]),
    )
    const asProvider = await api.call({ url: '/v1/api-keys', json: { name: 'all' }, key: api.a.key })
    expect([asProvider.statusCode, asProvider.json().code]).toEqual([403, 'SCOPE_INSUFFICIENT'])
    const foreign = await api.call({
      url: '/v1/api-keys',
      json: { name: 'b', companyId: api.b.id },
      key: api.a.key,
    })
    const unknown = await api.call({
      url: '/v1/api-keys',
      json: { name: 'b', companyId: crypto.randomUUID() },
      key: api.a.key,
    })
    expect([foreign.statusCode, unknown.statusCode]).toEqual([404, 404])
    expect({ ...foreign.json(), requestId: '' }).toEqual({ ...unknown.json(), requestId: '' })
  })

  test('cannot end another company’s key, nor the provider’s', async () => {
    const { apiKeys } = (await api.call({ url: '/v1/api-keys' })).json() as {
      apiKeys: { id: string; companyId: string | null }[]
    }
    const others = apiKeys.filter(({ companyId }) => companyId !== api.a.id)
    expect(others.some(({ companyId }) => companyId === null)).toBe(true)
    for (const { id } of others) {
      expect(
        (await api.call({ method: 'DELETE', url: `/v1/api-keys/${id}`, key: api.a.key })).statusCode,
      ).toBe(404)
    }
    expect((await api.call({ url: '/v1/companies', key: api.b.key })).statusCode).toBe(200)
  })
})

describe('a cursor', () => {
  const page = (company: { id: string; key: string }, cursor: string, more = '') =>
    api.call({
      url: `/v1/companies/${company.id}/invoices?limit=1&cursor=${cursor}${more}`,
      key: company.key,
    })

  test('leads through the whole list once, newest first', async () => {
    const ids: string[] = []
    for (let n = 0; n < 5; n += 1) {
      const posted = await api.call({ url: `/v1/companies/${api.a.id}/invoices`, xml: invoiceOf(api.a.nip) })
      ids.unshift(String(posted.json().id))
    }
    const seen: string[] = []
    let next = ''
    do {
      const url = `/v1/companies/${api.a.id}/invoices?limit=2${next === '' ? '' : `&cursor=${next}`}`
      const { invoices, nextCursor } = (await api.call({ url })).json()
      seen.push(...invoices.map(({ id }: { id: string }) => id))
      next = nextCursor ?? ''
    } while (next !== '')
    expect(seen).toEqual(ids)
  })

  test('of one company, list or filter is refused by another, and so is a forged one', async () => {
    const { nextCursor } = (await api.call({ url: `/v1/companies/${api.a.id}/invoices?limit=1` })).json()
    expect((await page(api.a, nextCursor)).statusCode).toBe(200)
    const companiesCursor = (await api.call({ url: '/v1/companies?limit=1' })).json().nextCursor as string
    const forged = Buffer.from(
      JSON.stringify({ createdAt: '2026-01-01T00:00:00Z', id: ofB.invoiceId }),
    ).toString('base64url')
    const refused = [
      page(api.b, nextCursor),
      page(api.a, nextCursor, '&state=pending'),
      page(api.a, companiesCursor),
      page(api.a, forged),
      page(api.a, `${nextCursor.slice(0, -2)}AA`),
      page(api.a, 'x'),
      api.call({ url: `/v1/companies?cursor=${nextCursor}` }),
    ]
    for (const answer of await Promise.all(refused)) {
      expect([answer.statusCode, answer.json().code]).toEqual([400, 'CURSOR_INVALID'])
    }
  })
})
