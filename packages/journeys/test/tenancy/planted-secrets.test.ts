/**
 * The whole life of credentials in a fleet of processes, and then a search for each of their secrets: in logs, in all that
 * went to Redis and all that rests there, in the heap of a program that holds the jobs' payloads, in every table, and in
 * every answer of the API.
 */
import { mkdtempSync, readFileSync, rmSync } from 'node:fs'
import { connect as connectTo } from 'node:net'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { createInterface } from 'node:readline'
import { text } from 'node:stream/consumers'
import { Worker } from 'node:worker_threads'
import { createTestDatabase, type TestDatabase } from '@ksef-fleet/db/test-database'
import { sampleInvoice } from '@ksef-fleet/ksef/sample-invoice'
import { afterAll, beforeAll, expect, test, vi } from 'vitest'
import {
  type Answer,
  type ApiClient,
  apiClient,
  type CompanyView,
  type IntegrationView,
  type InvoiceView,
} from '../../src/fleet/api-client.ts'
import { sealOf } from '../../src/fleet/demo-company.ts'
import { type Fleet, runFleet } from '../../src/fleet/run-fleet.ts'
import { tokenOf } from '../../src/fleet/token-of.ts'
import { dumpRedis, dumpTables, expectNone, spellings } from '../leak-search.ts'

const NIP = '5270000011'
const PROVIDER = '5270000012'
const WITHIN_MS = 180_000
const contractFolder = process.env.KSEF_CONTRACT_DIR ?? ''
const contract = contractFolder === '' ? [] : ['--contract-file', `${contractFolder}/open-api.json`]

type CredentialView = { id: string; state: string; versions: { number: number; state: string }[] }

let database: TestDatabase
let fleet: Fleet
let key: string
let api: ApiClient
const answers: string[] = []
const directory = mkdtempSync(join(tmpdir(), 'fleet-planted-'))

beforeAll(async () => {
  database = await createTestDatabase()
  const redisUrl = process.env.FLEET_TEST_REDIS_URL ?? ''
  const simulatorArgs = ['--processing-delay-ms', '100', ...contract]
  fleet = await runFleet({ database, redisUrl, directory, log: () => undefined, simulatorArgs })
  key = await fleet.createProviderKey('journey')
  api = listening(apiClient(fleet.apiUrl, key))
}, WITHIN_MS)

afterAll(async () => {
  await fleet?.[Symbol.asyncDispose]()
  await database?.[Symbol.asyncDispose]()
  rmSync(directory, { recursive: true, force: true })
})

/** Keeps every answer of the API as it was told. */
function listening(client: ApiClient): ApiClient {
  const kept = <T>(answer: Answer<T>): Answer<T> => {
    answers.push(JSON.stringify([...answer.headers]), JSON.stringify(answer.body))
    return answer
  }
  return {
    ...client,
    post: async <T>(path: string, body?: object) => kept(await client.post<T>(path, body)),
    get: async <T>(path: string) => kept(await client.get<T>(path)),
  }
}

/** Every command that any process sends to Redis from now on. */
async function overhear(url: string): Promise<{ commands: string[]; stop(): void }> {
  const { hostname, port, password } = new URL(url)
  const line = connectTo(Number(port), hostname)
  const commands: string[] = []
  const lines = createInterface(line)
  // Written by hand: a client that parses answers gives up when others' commands arrive in one piece with its own answer.
  lines.on('line', (command) => commands.push(command.replaceAll('\\"', '"')))
  if (password !== '') line.write(`AUTH ${decodeURIComponent(password)}\r\n`)
  line.write('MONITOR\r\n')
  await vi.waitFor(() => expect(commands.at(password === '' ? 0 : 1)).toBe('+OK'), 10_000)
  return { commands, stop: () => void line.destroy() }
}

/** What a heap snapshot shows of a program that holds these texts and nothing else of ours. */
async function heapHolding(texts: readonly string[]): Promise<string> {
  const program = `const { workerData, parentPort } = require('node:worker_threads'); globalThis.held = workerData.map((one) => one + ''); parentPort.on('message', () => {}); parentPort.postMessage('ready')`
  const worker = new Worker(program, { eval: true, workerData: [...texts] })
  await new Promise((resolve) => worker.once('message', resolve))
  const snapshot = await text(await worker.getHeapSnapshot())
  await worker.terminate()
  return snapshot
}

const certificate = ({ certificatePem, privateKeyPem }: Awaited<ReturnType<typeof sealOf>>) =>
  ({ type: 'certificate', certificatePem, privateKeyPem }) as const

async function untilOver(path: string): Promise<CredentialView> {
  const moving = ['requested', 'staged', 'proved', 'retiring', 'drained', 'revoked']
  return api.until<CredentialView>(
    path,
    ({ versions }) => !versions.some((one) => moving.includes(one.state)),
    60_000,
  )
}

test(
  'no secret of a credential is found anywhere after it was taken in, used, rotated, refused and ended',
  async () => {
    const overheard = await overhear(fleet.redisUrl)
    const [own, next, office] = [
      await sealOf(NIP, 'Planted'),
      await sealOf(NIP, 'Planted'),
      await sealOf(PROVIDER, 'Office'),
    ]
    const by = { seal: own, ksefUrl: fleet.ksefUrl }
    const tokens = [await tokenOf(NIP, by), await tokenOf(NIP, by)]

    await api.post('/v1/credentials', { name: 'office', credential: certificate(office) })
    const company = (await api.post<CompanyView>('/v1/companies', { nip: NIP, name: 'Planted' })).body
    const path = `/v1/companies/${company.id}`
    const made = await api.post<CredentialView>(`${path}/credentials`, {
      name: 'token',
      credential: { type: 'token', token: tokens[0] },
    })
    expect(made.status).toBeLessThan(300)
    const seal = await api.post<CredentialView>(`${path}/credentials`, {
      name: 'seal',
      credential: certificate(own),
    })
    expect(seal.status).toBeLessThan(300)
    const integration = (await api.post<IntegrationView>(`${path}/integrations`, {})).body
    await api.until<IntegrationView>(
      `${path}/integrations/${integration.id}`,
      ({ state }) => state === 'active',
    )

    const xml = sampleInvoice({
      form: 'FA (3)',
      sellerNip: NIP,
      buyerNip: '1111111111',
      number: 'PLANTED/1',
      issueDate: new Date().toLocaleDateString('sv-SE', { timeZone: 'Europe/Warsaw' }),
    })
    const invoice = (await api.postInvoice(company.id, xml)).body
    await api.until<InvoiceView>(
      `${path}/invoices/${invoice.id}`,
      ({ state }) => state === 'receipted',
      60_000,
    )

    const token = `${path}/credentials/${made.body.id}`
    await api.post(`${token}/rotate`, { supplied: { type: 'token', token: tokens[1] } })
    await untilOver(token)
    await api.post(`${token}/rotate`, { generate: true })
    await untilOver(token)
    const sealed = `${path}/credentials/${seal.body.id}`
    await api.post(`${sealed}/rotate`, { supplied: certificate(next) })
    await untilOver(sealed)
    await api.post(`${sealed}/rotate`, { enrol: true })
    await untilOver(sealed)

    const passphrase = `canary passphrase ${Math.random()}`
    const refused = { ...certificate(own), certificatePem: office.certificatePem, passphrase }
    expect((await api.post(`${path}/credentials`, { name: 'wrong', credential: refused })).status).toBe(422)
    const places = [
      '',
      '/credentials',
      '/status',
      '/doctor',
      '/permissions',
      '/audit?limit=200',
      '/integrations',
    ]
    for (const place of places) expect((await api.get(`${path}${place}`)).status).toBe(200)
    for (const place of [
      '/v1/credentials',
      '/v1/audit?limit=200',
      '/v1/api-keys',
      '/metrics',
      '/openapi.json',
    ])
      expect((await api.get(place)).status).toBe(200)

    await api.post(`${path}/offboard`)
    await api.until<CredentialView>(token, ({ state }) => state === 'ended', 60_000)
    await api.until<CredentialView>(sealed, ({ state }) => state === 'ended', 60_000)
    overheard.stop()

    const keys = [own, next, office].map(({ privateKeyPem }) => privateKeyPem.split('\n')[1] ?? '')
    const planted = [...tokens, ...tokens.map((one) => one.split('|').at(-1) ?? ''), ...keys, passphrase, key]
    expect(planted.every((one) => one.length > 20)).toBe(true)
    // An access token is a JWT, which begins so.
    const spelled = [...planted.flatMap(spellings), 'eyJhbGci']
    const payloads = overheard.commands.filter((command) => command.includes(company.id))
    const searched: Record<string, string> = {
      'the commands to Redis': overheard.commands.join('\n'),
      Redis: await dumpRedis(fleet.redisUrl),
      'a heap that holds the payloads of jobs': await heapHolding(payloads),
      PostgreSQL: await dumpTables(database.adminUrl),
      'the answers of the API': answers.join('\n'),
      ...Object.fromEntries(fleet.logFiles.map((file) => [file, readFileSync(file, 'utf8')])),
    }
    for (const [where, found] of Object.entries(searched)) expectNone(found, spelled, where)
    // The search can see: what may be known is found where it belongs.
    expect(payloads.some((command) => command.includes('advance-credential'))).toBe(true)
    for (const where of [
      'the commands to Redis',
      'a heap that holds the payloads of jobs',
      'PostgreSQL',
      'the answers of the API',
    ])
      expect(searched[where], where).toContain(made.body.id)
  },
  WITHIN_MS,
)
