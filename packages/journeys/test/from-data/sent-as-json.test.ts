/** Orders posted as JSON go the whole way: built, stored, sent in packages by a worker, registered by KSeF, with their UPO. */
import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { setTimeout as sleep } from 'node:timers/promises'
import { createTestDatabase } from '@ksef-fleet/db/test-database'
import pg from 'pg'
import { afterAll, beforeAll, expect, test } from 'vitest'
import { apiClient, type InvoiceView } from '../../src/fleet/api-client.ts'
import { companyWithIntegration } from '../../src/fleet/demo-company.ts'
import { runFleet } from '../../src/fleet/run-fleet.ts'
import { generatedInvoices, generatedRrInvoices } from './generated-invoices.ts'

const NIP = '5265877635'
const FARMER = '7980332920'
const WITHIN_MS = 180_000
const AT_ONCE = 8
const contractFolder = process.env.KSEF_CONTRACT_DIR ?? ''
const contract = contractFolder === '' ? [] : ['--contract-file', `${contractFolder}/open-api.json`]

async function startFleet() {
  await using started = new AsyncDisposableStack()
  const directory = mkdtempSync(join(tmpdir(), 'from-data-'))
  started.defer(() => rmSync(directory, { recursive: true, force: true }))
  const database = started.use(await createTestDatabase())
  const admin = started.adopt(new pg.Pool({ connectionString: database.adminUrl, max: 1 }), (pool) =>
    pool.end(),
  )
  const redisUrl = process.env.FLEET_TEST_REDIS_URL ?? ''
  const simulatorArgs = ['--processing-delay-ms', '20', ...contract]
  const fleet = started.use(
    await runFleet({ database, redisUrl, directory, log: () => undefined, simulatorArgs }),
  )
  for (const type of ['SelfInvoicing', 'RRInvoicing'])
    await fetch(`${fleet.simulatorUrl}/_simulator/authorizations`, {
      method: 'POST',
      headers: { 'content-type': 'application/json' },
      body: JSON.stringify({ type, authorizing: FARMER, authorized: NIP }),
    })
  const api = apiClient(fleet.apiUrl, await fleet.createProviderKey('orders'))
  const { company } = await companyWithIntegration(api, {
    nip: NIP,
    name: 'Zakłady Mechaniczne Ursus sp. z o.o.',
  })
  const resources = started.move()
  return { api, company, admin, [Symbol.asyncDispose]: () => resources.disposeAsync() }
}

let stage: Awaited<ReturnType<typeof startFleet>>
beforeAll(async () => {
  stage = await startFleet()
}, WITHIN_MS)
afterAll(() => stage?.[Symbol.asyncDispose]())

/** A few at a time, as a backend with some connections would. */
async function postAll(orders: readonly object[]): Promise<{ status: number; body: InvoiceView }[]> {
  const waiting = [...orders]
  const answers: { status: number; body: InvoiceView }[] = []
  const clerk = async () => {
    for (let order = waiting.shift(); order !== undefined; order = waiting.shift())
      answers.push(await stage.api.post<InvoiceView>(`/v1/companies/${stage.company.id}/invoices`, order))
  }
  await Promise.all(Array.from({ length: AT_ONCE }, clerk))
  return answers
}

async function states(): Promise<Record<string, number>> {
  const { rows } = await stage.admin.query<{ state: string; n: number }>(
    'select state, count(*)::int as n from submissions group by state',
  )
  return Object.fromEntries(rows.map(({ state, n }) => [state, n]))
}

test(
  'five hundred sales, twenty invoices to farmers and one the buyer writes itself are all registered',
  async () => {
    const [sale] = generatedInvoices(1, 1)
    const party = { nip: FARMER, name: 'Jan Kowalski', address: { line1: 'Nowa Wola 7' } }
    const address = { line1: 'ul. Posag 7 Panien 1' }
    const itself = {
      ...sale,
      number: 'SAMO/1',
      seller: party,
      buyer: { address },
      annotations: { selfInvoicing: true },
    }
    const lines = [{ name: 'Zboże', quantity: 2, netUnitPrice: 100, vatRate: 8 }]
    const orders = [
      ...generatedInvoices(500, 20_260_202),
      ...generatedRrInvoices(20, 3),
      { ...itself, lines },
    ]
    const answers = await postAll(orders)
    const refused = answers.filter(({ status }) => status !== 202)
    expect(JSON.stringify(refused.slice(0, 3))).toBe('[]')
    const deadline = Date.now() + WITHIN_MS
    let seen = await states()
    while (seen['receipted'] !== orders.length && seen['rejected'] === undefined && Date.now() < deadline) {
      await sleep(100)
      seen = await states()
    }
    expect(seen).toEqual({ receipted: orders.length })
  },
  WITHIN_MS + 30_000,
)
