/**
 * What a send looks up before it may begin: the company's integration and credential, its access token, its secret, and
 * the audit entries around them. All are asked side by side, by as many callers as a worker has by default, at the rate at
 * which the API is to accept invoices, so that each is measured while the others go on.
 */
import { randomBytes } from 'node:crypto'
import { loadavg } from 'node:os'
import type { AuditEntry, CompanyId, DeliveryContext } from '@ksef-fleet/core'
import { Redis } from 'ioredis'
import pg from 'pg'
import { callAtOnce, collectLatencies, type Latencies } from './latency.ts'
import { type LookupFleet, startLookupFleet } from './lookup-fleet.ts'
import { cpuMsOf, type Report, rounded } from './report.ts'

const COMPANIES = 50
const SENDS = 10_000
/**
 * Before them at the same rate, and not in the latencies: they make each company's sign-in, each pool's connections and the
 * compiled code that a worker which runs on has already. What they missed does count against the hits.
 */
const WARM_UP_SENDS = 1_000
const SENDS_PER_SECOND = 200
const CALLERS = 8
/** Fresh processes that find every token in Redis. */
const REDIS_ROUNDS = 20
const FLOOR_CALLS = 5_000
/** A machine with little to do wakes up for each call: a bare one at the sends' own pace says what of a figure is that. */
const PACED_CALLS = 1_000
/** About what a sealed pair of tokens takes in Redis. */
const TOKEN_BYTES = 3_000
const TARGETS = {
  secretP99MsMax: 0.1,
  tokenP99MsMax: 1,
  integrationP99MsMax: 5,
  auditP99MsMax: 5,
  hitRateMin: 0.99,
}

const say = (text: string): void => void process.stderr.write(`${text}\n`)

const entryOf = (subject: string): AuditEntry => ({
  actor: 'worker',
  action: 'ksef.call',
  subject,
  outcome: 'ok',
  operation: 'sendInvoice',
  httpStatus: 202,
  durationMs: 12,
  taxpayerNip: '5265877635',
  referenceNumber: '20261122-SO-0000000000-0000000000-00',
})

type Lookups = Record<'integration' | 'token' | 'secret' | 'auditBatched' | 'auditSync', Latencies>

const newLookups = (): Lookups => ({
  integration: collectLatencies(),
  token: collectLatencies(),
  secret: collectLatencies(),
  auditBatched: collectLatencies(),
  auditSync: collectLatencies(),
})

/** Everything a send looks up, without the send. */
async function lookUp(worker: DeliveryContext, companyId: CompanyId, to: Lookups): Promise<void> {
  const ksef = await to.integration.of(() => worker.contexts.forCompany(companyId))
  const signedIn = await to.token.of(() => ksef.signIn())
  if (!signedIn.ok) throw new Error(`KSeF refused the sign-in: ${signedIn.failure.code}`)
  await to.secret.of(() => worker.secrets.getSecret(ksef.credential, ksef.credential.version))
  await worker.trail.room()
  await to.auditBatched.of(() => worker.trail.record(entryOf(companyId), companyId))
  await to.auditSync.of(() => worker.db.withCompany(companyId, (tx) => tx.audit.append(entryOf(companyId))))
}

/**
 * Tokens that another process has put into Redis, found by fresh processes. Few lookups of a send are such: those are among
 * the figures of `token`, which the target is for; this tells the layer beneath by itself.
 */
async function tokensInRedis(fleet: LookupFleet, companies: readonly CompanyId[]): Promise<Latencies> {
  const found = collectLatencies()
  for (let round = 0; round < REDIS_ROUNDS; round++) {
    const worker = await fleet.worker(({ operation }) => {
      throw new Error(`a token that lies in Redis was not found there: ${operation}`)
    })
    // The way into each context is found before: it is measured by itself, and would stand in this one's way.
    const ways = await Promise.all(companies.map((company) => worker.contexts.forCompany(company)))
    const pace = { callers: CALLERS, calls: ways.length, perSecond: SENDS_PER_SECOND }
    await callAtOnce(pace, (call) => found.of(() => (ways[call] ?? raise()).signIn()))
  }
  return found
}

const raise = (): never => {
  throw new Error('there is no such company')
}

/** The same machine, the same load, nothing but the one thing that cannot be left out. */
async function measureFloors(fleet: LookupFleet): Promise<Record<string, number>> {
  await using resources = new AsyncDisposableStack()
  const redis = resources.adopt(new Redis(fleet.redisUrl), (one) => one.disconnect())
  const pool = resources.adopt(
    new pg.Pool({ connectionString: fleet.database.adminUrl, max: CALLERS }),
    (one) => one.end(),
  )
  const map = new Map(Array.from({ length: COMPANIES }, (_, index) => [index, randomBytes(16)]))
  await redis.set('bench-floor', randomBytes(TOKEN_BYTES).toString('base64'), 'EX', 600)
  const paced = collectLatencies()
  await callAtOnce({ callers: CALLERS, calls: PACED_CALLS, perSecond: SENDS_PER_SECOND }, () =>
    paced.of<unknown>(() => redis.get('bench-floor')),
  )
  await pool.query('create table bench_floor (id bigint generated always as identity primary key, row jsonb)')
  const row = JSON.stringify(entryOf('a company'))
  const floors = {
    mapGet: () => map.get(7),
    redisGet: () => redis.get('bench-floor'),
    select: () => pool.query('select * from ksef_integrations limit 1'),
    insert: () => pool.query('insert into bench_floor (row) values ($1)', [row]),
  }
  const figures: Record<string, number> = {
    redisGetPacedP50Ms: paced.p50Ms(),
    redisGetPacedP99Ms: paced.p99Ms(),
  }
  for (const [name, work] of Object.entries(floors)) {
    const taken = collectLatencies()
    await callAtOnce({ callers: CALLERS, calls: FLOOR_CALLS }, () => taken.of<unknown>(work))
    figures[`${name}P50Ms`] = taken.p50Ms()
    figures[`${name}P99Ms`] = taken.p99Ms()
  }
  return figures
}

/** Milliseconds an entry costs when entries are written in batches. */
async function batchedWriteMs({ trail }: DeliveryContext, companyId: CompanyId): Promise<number> {
  const entries = 4_000
  for (let count = 0; count < entries; count++) trail.record(entryOf(companyId), companyId)
  const began = performance.now()
  await trail.flush()
  return rounded((performance.now() - began) / entries)
}

export async function benchLookups(): Promise<Report> {
  await using resources = new AsyncDisposableStack()
  const fleet = await startLookupFleet(resources, say)
  say(`secret store: ${fleet.secretStore === 'aws' ? 'Secrets Manager as moto plays it' : 'local files'}`)
  const companies: CompanyId[] = []
  for (let count = 0; count < COMPANIES; count++)
    companies.push(await fleet.company(String(5_250_000_000 + count)))
  say(`${COMPANIES} companies are connected, each with a certificate of its own`)

  let signIns = 0
  const worker = await fleet.worker(({ operation }) => {
    if (operation === 'redeemTokens') signIns++
  })
  const send = (calls: number, to: Lookups) =>
    callAtOnce({ callers: CALLERS, calls, perSecond: SENDS_PER_SECOND }, (call) =>
      lookUp(worker, companies[call % COMPANIES] ?? raise(), to),
    )
  await send(WARM_UP_SENDS, newLookups())
  const lookups = newLookups()
  const began = performance.now()
  const cpuMs = await cpuMsOf(() => send(SENDS, lookups))
  const seconds = (performance.now() - began) / 1000
  const entryMs = await batchedWriteMs(worker, companies[0] ?? raise())
  const secrets = worker.secrets.figures()
  say(
    `${SENDS} sends looked everything up in ${seconds.toFixed(1)} s, ${CALLERS} at a time, after ${WARM_UP_SENDS} to warm up`,
  )
  const redis = await tokensInRedis(fleet, companies)
  const floors = await measureFloors(fleet)
  return reportOf({ lookups, redis, entryMs, floors, signIns, secrets, seconds, cpuMs })
}

type Measured = {
  lookups: Lookups
  redis: Latencies
  entryMs: number
  floors: Record<string, number>
  signIns: number
  secrets: { hits: number; misses: number; calls: number }
  seconds: number
  /** Of this process, during the sends. */
  cpuMs: number
}

function reportOf(measured: Measured): Report {
  const { lookups, redis, entryMs, floors, signIns, secrets, seconds, cpuMs } = measured
  const allSends = WARM_UP_SENDS + SENDS
  const callsPerMillion = (secrets.calls / allSends) * 1_000_000
  say(
    `Secrets Manager: ${secrets.calls} calls for ${allSends} sends over ${COMPANIES} credentials, from a cold start. ` +
      'Calls per million sends = calls / sends x 1,000,000, as if every send read its secret; the fleet reads one only to ' +
      'sign in. A process that runs on makes at most credentials x 12 calls an hour, however many invoices it sends.',
  )
  const figures: Record<string, number> = {
    credentials: COMPANIES,
    loadAverage: rounded(loadavg()[0] ?? Number.NaN),
    warmUpSends: WARM_UP_SENDS,
    sends: SENDS,
    sendsPerSecond: Math.round(SENDS / seconds),
    cpuMsPerSend: rounded(cpuMs / SENDS),
  }
  for (const [name, taken] of [...Object.entries(lookups), ['tokenInRedis', redis] as const]) {
    figures[`${name}P50Ms`] = taken.p50Ms()
    figures[`${name}P99Ms`] = taken.p99Ms()
  }
  const hitRates = {
    secretHitRate: rounded(secrets.hits / (secrets.hits + secrets.misses)),
    tokenHitRate: rounded(1 - signIns / allSends),
  }
  const worstMs = (...taken: Latencies[]) => Math.max(...taken.map((one) => one.p99Ms()))
  return {
    bench: 'lookups',
    ok:
      worstMs(lookups.secret) <= TARGETS.secretP99MsMax &&
      worstMs(lookups.token) <= TARGETS.tokenP99MsMax &&
      worstMs(lookups.integration) <= TARGETS.integrationP99MsMax &&
      worstMs(lookups.auditSync, lookups.auditBatched) <= TARGETS.auditP99MsMax &&
      Math.min(...Object.values(hitRates)) >= TARGETS.hitRateMin,
    figures: {
      ...figures,
      ...hitRates,
      auditBatchedWriteMsPerEntry: entryMs,
      secretsManagerCallsPerMillionSends: Math.round(callsPerMillion),
    },
    floors,
    targets: TARGETS,
  }
}
