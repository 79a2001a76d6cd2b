/**
 * Accepting invoices: the api as a process of its own beside a bare one, on the same PostgreSQL with a pool of the same
 * size, with the same bytes. No worker runs, so what is accepted waits. The load comes from this process, through undici.
 * Both are loaded in turns, so that what else the machine does meets both.
 */
import { randomUUID } from 'node:crypto'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { freePort } from '@ksef-fleet/infra/free-port'
import pg from 'pg'
import { Pool } from 'undici'
import type { CompanyView } from '../fleet/api-client.ts'
import { sealOf } from '../fleet/demo-company.ts'
import { startProcess } from '../fleet/fleet-process.ts'
import {
  type BenchFleet,
  invoiceSeries,
  loadAverage,
  metricOf,
  say,
  startBenchFleet,
} from './fleet-of-companies.ts'
import { callAtRate, callFor, collectLatencies } from './latency.ts'
import { type Report, rounded } from './report.ts'

const NIP = '5265877635'
/** The api's own default. */
const POOL_SIZE = 10
const ROUNDS = 4
const CALLERS = 24
const ROUND_SECONDS = 5
const OPEN_ROUNDS = 2
const OPEN_PER_SECOND = 200
const OPEN_ROUND_SECONDS = 10
const WARM_UP_SECONDS = 5
const CONNECTIONS = 128
const LOGS = fileURLToPath(new URL('../../../../.fleet/bench/fleet/logs', import.meta.url))
const TARGETS = { acceptP99MsMax: 50, acceptsToBareMin: 0.6 }

/** A server under load. */
type Server = {
  /** Posts the next invoice. */
  post(): Promise<void>
  /** What its process has used of the machine, all threads together. */
  cpuSeconds(): Promise<number>
}

/** @throws Error for any other answer: a benchmark of refusals would be a fast one */
async function post(pool: Pool, path: string, request: { headers: Record<string, string>; body: Buffer }) {
  const answer = await pool.request({ path, method: 'POST', ...request })
  const text = await answer.body.text()
  if (answer.statusCode !== 202) throw new Error(`POST ${path} answered ${answer.statusCode}: ${text}`)
}

const connectionsTo = (resources: AsyncDisposableStack, origin: string): Pool =>
  resources.adopt(new Pool(origin, { connections: CONNECTIONS }), (pool) => pool.close())

/** A company with an integration that nobody verifies: enough to have its invoices accepted. */
async function startApi(resources: AsyncDisposableStack, { fleet, api, key }: BenchFleet): Promise<Server> {
  const name = 'Firma badana'
  const { body: company } = await api.post<CompanyView>('/v1/companies', { nip: NIP, name })
  const { certificatePem, privateKeyPem } = await sealOf(NIP, name)
  const credential = { type: 'certificate', certificatePem, privateKeyPem }
  const connected = await api.post(`/v1/companies/${company.id}/integrations`, { credential })
  if (connected.status !== 202) throw new Error(`no integration: ${JSON.stringify(connected.body)}`)
  const pool = connectionsTo(resources, fleet.apiUrl)
  const next = invoiceSeries(NIP, 'A')
  const path = `/v1/companies/${company.id}/invoices`
  return {
    post: () => {
      const headers = {
        authorization: `Bearer ${key}`,
        'content-type': 'application/xml',
        'idempotency-key': randomUUID(),
      }
      return post(pool, path, { headers, body: next() })
    },
    cpuSeconds: () => metricOf(fleet.apiUrl, 'process_cpu_seconds_total'),
  }
}

async function startBare(resources: AsyncDisposableStack, { database }: BenchFleet): Promise<Server> {
  const admin = new pg.Client({ connectionString: database.adminUrl })
  await admin.connect()
  await admin.query(`
    create table bench_invoices (id bigint generated always as identity primary key, content bytea not null);
    grant insert on bench_invoices to public`)
  await admin.end()
  const port = await freePort()
  const bare = await startProcess({
    name: 'bare',
    entry: join('packages/journeys/src/bench', 'bare-acceptance.ts'),
    args: ['--port', String(port), '--database', database.appUrl, '--pool-size', String(POOL_SIZE)],
    env: {},
    readyUrl: `http://127.0.0.1:${port}/healthz`,
    directory: LOGS,
  })
  resources.defer(() => bare.stop())
  const pool = connectionsTo(resources, bare.origin)
  const next = invoiceSeries(NIP, 'B')
  const headers = { 'content-type': 'application/xml' }
  return {
    post: () => post(pool, '/invoices', { headers, body: next() }),
    cpuSeconds: async () => {
      const { seconds } = (await (await fetch(`${bare.origin}/cpu-seconds`)).json()) as { seconds: number }
      return seconds
    },
  }
}

type Closed = { perSecond: number; cpuMsEach: number }

async function loadFully(server: Server, seconds: number): Promise<Closed> {
  const before = await server.cpuSeconds()
  const began = performance.now()
  const perSecond = await callFor({ callers: CALLERS, seconds }, () => server.post())
  const calls = (perSecond * (performance.now() - began)) / 1000
  return { perSecond, cpuMsEach: ((await server.cpuSeconds()) - before) * (1000 / calls) }
}

const mean = (values: readonly number[]): number =>
  values.reduce((sum, value) => sum + value, 0) / values.length

export async function benchIngest(): Promise<Report> {
  await using resources = new AsyncDisposableStack()
  const bench = await startBenchFleet(resources, { workers: 0 })
  const api = await startApi(resources, bench)
  const bare = await startBare(resources, bench)
  for (const server of [api, bare]) await loadFully(server, WARM_UP_SECONDS)
  say(`invoices of ${invoiceSeries(NIP, 'A')().byteLength} bytes, ${CALLERS} callers at once, no worker`)

  const rounds: { api: Closed; bare: Closed }[] = []
  for (let round = 1; round <= ROUNDS; round++) {
    const one = { api: await loadFully(api, ROUND_SECONDS), bare: await loadFully(bare, ROUND_SECONDS) }
    rounds.push(one)
    const [a, b] = [Math.round(one.api.perSecond), Math.round(one.bare.perSecond)]
    say(`round ${round}: api ${a}/s, bare ${b}/s, ${rounded(a / b)}`)
  }
  const latency = { api: collectLatencies(), bare: collectLatencies() }
  const open = { perSecond: OPEN_PER_SECOND, seconds: OPEN_ROUND_SECONDS }
  for (let round = 1; round <= OPEN_ROUNDS; round++) {
    await callAtRate({ ...open, into: latency.api }, () => api.post())
    await callAtRate({ ...open, into: latency.bare }, () => bare.post())
  }
  say(`at ${OPEN_PER_SECOND}/s: api p99 ${latency.api.p99Ms()} ms, bare p99 ${latency.bare.p99Ms()} ms`)
  const accepts = mean(rounds.map((round) => round.api.perSecond))
  const bareAccepts = mean(rounds.map((round) => round.bare.perSecond))
  return {
    bench: 'ingest',
    ok: latency.api.p99Ms() <= TARGETS.acceptP99MsMax && accepts / bareAccepts >= TARGETS.acceptsToBareMin,
    figures: {
      acceptsPerSecond: Math.round(accepts),
      acceptsToBare: rounded(accepts / bareAccepts),
      acceptCpuMs: rounded(mean(rounds.map((round) => round.api.cpuMsEach))),
      openLoopAccepts: latency.api.count(),
      openLoopPerSecond: OPEN_PER_SECOND,
      acceptP50Ms: latency.api.p50Ms(),
      acceptP99Ms: latency.api.p99Ms(),
      loadAverage: loadAverage(),
    },
    floors: {
      bareAcceptsPerSecond: Math.round(bareAccepts),
      bareCpuMs: rounded(mean(rounds.map((round) => round.bare.cpuMsEach))),
      bareP50Ms: latency.bare.p50Ms(),
      bareP99Ms: latency.bare.p99Ms(),
    },
    targets: TARGETS,
  }
}
