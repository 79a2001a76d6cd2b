import { Registry } from 'prom-client'
import { afterEach, expect, test } from 'vitest'
import type { CredentialOutlook } from '../src/credential-outlook.ts'
import { type HealthServer, startHealthServer } from '../src/health.ts'
import { observeLookups } from '../src/lookup-metrics.ts'

const OUTLOOK: CredentialOutlook = {
  expired: 1,
  'within-1-day': 0,
  'within-7-days': 2,
  'within-14-days': 0,
  'within-30-days': 0,
  later: 40,
  never: 3,
}

const servers: HealthServer[] = []
afterEach(async () => {
  for (const server of servers.splice(0)) await server[Symbol.asyncDispose]()
})

async function startWith(more: {
  credentials?: () => Promise<CredentialOutlook>
  postgres?: () => Promise<void>
}) {
  const registry = new Registry()
  const credentials = more.credentials ?? (async () => OUTLOOK)
  const counts = { hits: 7, misses: 2 }
  observeLookups(registry, {
    credentials,
    secrets: () => counts,
    tokens: () => ({ process: 5, redis: 1 }),
    auditWaiting: () => 12,
  })
  const checks = { postgres: more.postgres ?? (async () => {}), redis: async () => 'PONG' }
  const server = await startHealthServer({ host: '127.0.0.1', port: 0, registry, checks, credentials })
  servers.push(server)
  const get = (path: string) => fetch(`http://127.0.0.1:${server.port}${path}`)
  return { get, counts }
}

test('readiness tells how many credentials end within which window, and no name or id of one', async () => {
  const { get } = await startWith({})
  const answer = await get('/readyz')
  expect(answer.status).toBe(200)
  expect(await answer.json()).toEqual({
    status: 'ready',
    parts: { postgres: 'ok', redis: 'ok' },
    credentials: OUTLOOK,
  })
})

test('an outlook that cannot be had makes nobody unready, a database that cannot be had does', async () => {
  const lost = () => Promise.reject(new Error('no outlook'))
  const told = await (await startWith({ credentials: lost })).get('/readyz')
  expect(told.status).toBe(200)
  expect(await told.json()).toMatchObject({ credentials: null })
  const away = await (await startWith({ postgres: lost })).get('/readyz')
  expect(away.status).toBe(503)
  expect(await away.json()).toMatchObject({ parts: { postgres: 'unavailable' } })
})

test('metrics count lookups by how they were answered, from the same figures at every scrape', async () => {
  const { get, counts } = await startWith({})
  await get('/metrics')
  counts.hits = 9
  const page = await (await get('/metrics')).text()
  for (const line of [
    'fleet_credentials{window="expired"} 1',
    'fleet_credentials{window="within-1-day"} 0',
    'fleet_credentials{window="later"} 40',
    'fleet_secret_cache_total{result="hits"} 9',
    'fleet_secret_cache_total{result="misses"} 2',
    'fleet_token_cache_total{result="process"} 5',
    'fleet_audit_waiting 12',
  ])
    expect(page.split('\n')).toContain(line)
})

test('a scrape while the database is away gives every figure but that of the credentials', async () => {
  const { get } = await startWith({ credentials: () => Promise.reject(new Error('no outlook')) })
  const answer = await get('/metrics')
  const page = await answer.text()
  expect(answer.status).toBe(200)
  expect(page).toContain('fleet_audit_waiting 12')
  expect(page).not.toContain('fleet_credentials{')
})
