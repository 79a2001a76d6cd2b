/** The whole fleet as processes: what a provider's backend sees, and what an operator may find in logs, Redis and PostgreSQL. */
import { mkdtempSync, readFileSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { createTestDatabase, type TestDatabase } from '@ksef-fleet/db/test-database'
import { sampleInvoice } from '@ksef-fleet/ksef/sample-invoice'
import { Redis } from 'ioredis'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { type ApiClient, apiClient, type InvoiceView } from '../src/fleet/api-client.ts'
import { companyWithIntegration, sealOf } from '../src/fleet/demo-company.ts'
import { type Fleet, runFleet } from '../src/fleet/run-fleet.ts'
import { dumpRedis, dumpTables, expectNone, spellings } from './leak-search.ts'
import { readLedger } from './simulator-ledger.ts'

const NIP = '5265877635'
const OTHER_NIP = '1234563218'
const today = () => new Date().toLocaleDateString('sv-SE', { timeZone: 'Europe/Warsaw' })

const contractFolder = process.env.KSEF_CONTRACT_DIR ?? ''
const contract = contractFolder === '' ? [] : ['--contract-file', `${contractFolder}/open-api.json`]

let database: TestDatabase
let fleet: Fleet
let api: ApiClient
let key: string
let companyId: string
const directory = mkdtempSync(join(tmpdir(), 'ksef-fleet-'))

const invoice = (number: string, sellerNip = NIP) =>
  sampleInvoice({ form: 'FA (3)', sellerNip, buyerNip: '1111111111', number, issueDate: today() })

const receipted = (id: string) =>
  api.until<InvoiceView>(
    `/v1/companies/${companyId}/invoices/${id}`,
    ({ state }) => state === 'receipted' || state === 'rejected' || state === 'held',
    60_000,
  )

beforeAll(async () => {
  database = await createTestDatabase()
  fleet = await runFleet({
    database,
    redisUrl: process.env.FLEET_TEST_REDIS_URL ?? '',
    directory,
    log: () => undefined,
    simulatorArgs: ['--processing-delay-ms', '100', ...contract],
    opsPassword: 'canary-ops-password',
    workerEnv: { KSEF_DEADLINE_SECONDS: '4', CLAIM_LEASE_SECONDS: '7', SEARCH_SECONDS: '0.2,0.5' },
  })
  key = await fleet.createProviderKey('journey')
  api = apiClient(fleet.apiUrl, key)
  companyId = (await companyWithIntegration(api, { nip: NIP, name: 'Journey Sp. z o.o.' })).company.id
}, 180_000)

afterAll(async () => {
  await fleet?.[Symbol.asyncDispose]()
  await database?.[Symbol.asyncDispose]()
  rmSync(directory, { recursive: true, force: true })
})

describe('a fleet', () => {
  test('registers a posted invoice and hands out its UPO', async () => {
    const posted = await api.postInvoice(companyId, invoice('J/1'))
    expect(posted.status).toBe(202)
    expect(posted.headers.get('location')).toBe(`/v1/companies/${companyId}/invoices/${posted.body.id}`)
    const done = await receipted(posted.body.id)
    expect(done).toMatchObject({
      state: 'receipted',
      ksefNumber: expect.stringMatching(new RegExp(`^${NIP}-`)),
    })
    const upo = await api.get<Buffer>(`/v1/companies/${companyId}/invoices/${posted.body.id}/upo`)
    expect(upo.body.toString()).toContain(done.ksefNumber)
    const xml = await api.get<Buffer>(`/v1/companies/${companyId}/invoices/${posted.body.id}/xml`)
    expect(xml.body).toEqual(Buffer.from(invoice('J/1')))
  })

  test('registers an invoice although Redis was emptied between POST and delivery', async () => {
    const redis = new Redis(fleet.redisUrl)
    try {
      const posted = await api.postInvoice(companyId, invoice('J/FLUSH'))
      await redis.flushdb()
      expect(posted.status).toBe(202)
      expect(await receipted(posted.body.id)).toMatchObject({ state: 'receipted' })
    } finally {
      redis.disconnect()
    }
  })

  test('registers every one of 60 invoices once, although the worker is killed amid them', async () => {
    const ids: string[] = []
    for (let each = 0; each < 60; each++) {
      const posted = await api.postInvoice(companyId, invoice(`J/KILL/${each}`))
      ids.push(posted.body.id)
      if (each === 30) {
        await fleet.workers.at(-1)?.kill()
        await fleet.startWorker()
      }
    }
    for (const id of ids) expect(await receipted(id)).toMatchObject({ state: 'receipted' })
    const { accepted } = await readLedger(fleet.simulatorUrl)
    const numbers = accepted
      .map((entry) => entry.invoiceNumber ?? '')
      .filter((number) => number.startsWith('J/KILL/'))
    expect(numbers.length).toBe(60)
    expect(new Set(numbers).size).toBe(60)
  }, 180_000)

  test('keeps what is planted as secret out of logs, Redis, jobs and every table but the documents', async () => {
    const { privateKeyPem, certificatePem } = await sealOf(OTHER_NIP, 'Canary Sp. z o.o.')
    const other = await companyWithIntegration(api, { nip: OTHER_NIP, name: 'Canary Sp. z o.o.' })
    const path = `/v1/companies/${other.company.id}/integrations/${other.integration.id}`
    await api.post(`${path}/revoke`)
    await api.post(`/v1/companies/${other.company.id}/integrations`, {
      credential: { type: 'certificate', certificatePem, privateKeyPem },
    })
    const token = `canary-token-${Math.random()}`
    await api.post(`/v1/companies/${other.company.id}/integrations`, { credential: { type: 'token', token } })
    const posted = await api.postInvoice(companyId, invoice('J/CANARY-NUMBER'))
    await receipted(posted.body.id)
    await api.postInvoice(companyId, Buffer.from('<Faktura>canary-broken-xml</Faktura>'))

    const keyBody = privateKeyPem.split('\n')[1] ?? ''
    const canaries = [key, token, keyBody, 'canary-ops-password', 'canary-broken-xml', '<Faktura', 'eyJhbGci']
    const spelled = canaries.flatMap((canary) => spellings(canary))
    for (const file of fleet.logFiles) expectNone(readFileSync(file, 'utf8'), spelled, file)
    expectNone(await dumpRedis(fleet.redisUrl), spelled, 'redis')
    expectNone(await dumpTables(database.adminUrl), spelled, 'postgres')
    // The search can see: what an operator may see is found in the same dumps.
    expect(fleet.logFiles.some((file) => readFileSync(file, 'utf8').includes(posted.body.id))).toBe(true)
    expect(await dumpTables(database.adminUrl)).toContain(posted.body.id)
  }, 120_000)
})
