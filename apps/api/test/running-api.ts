/** A whole API on a database of its own, as `main.ts` composes it, with two companies that must never meet. */
import { randomBytes } from 'node:crypto'
import { mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import {
  CompanyId,
  createApiKey,
  createAuditTrail,
  createIdSource,
  createKsefSecretManager,
  createLogger,
  createSealer,
  localSecretStore,
} from '@ksef-fleet/core'
import { connect } from '@ksef-fleet/db'
import { createTestDatabase } from '@ksef-fleet/db/test-database'
import { sampleInvoice } from '@ksef-fleet/ksef/sample-invoice'
import type { FastifyInstance, LightMyRequestResponse } from 'fastify'
import pg from 'pg'
import { connectBudgetReader } from '../src/budget-reader.ts'
import {
  type ApiDependencies,
  buildServer,
  connectEventBell,
  createEventStreams,
  createInvoiceInspector,
  createPrinter,
  createUploads,
  type UploadLimits,
} from '../src/index.ts'

export const NIP_A = '1111111111'
export const NIP_B = '2222222222'
const BUYER = '3333333333'

/** Noon in Warsaw on the day every sample invoice is issued. */
export const NOW = new Date('2026-11-22T11:00:00Z')
export const TODAY = '2026-11-22'
export const TOMORROW = '2026-11-23'

/** Small enough for a test to go beyond each. */
export const UPLOAD_LIMITS: UploadLimits = {
  atOnceMax: 3,
  bytesMax: 4_000_000,
  unpackedBytesMax: 10_000_000,
  filesMax: 1_000,
  withinMs: 20_000,
}

/** A bell that is never rung does not make a test wait long. */
export const STREAMS = { max: 8, pollMs: 100, heartbeatMs: 150 }

export type Json = Record<string, unknown>

export type Call = {
  method?: 'GET' | 'POST' | 'PUT' | 'PATCH' | 'DELETE' | 'HEAD' | 'OPTIONS'
  url: string
  key?: string | null
  headers?: Record<string, string | string[]>
  json?: unknown
  xml?: Uint8Array | string
  upload?: { type: string; bytes: Uint8Array }
}

export type Party = { id: string; nip: string; key: string; integrationId: string }

export type RunningApi = Awaited<ReturnType<typeof startApi>>

/** @param change replaces some of what the server is built from */
export async function startApi(change: Partial<ApiDependencies> = {}) {
  const resources = new AsyncDisposableStack()
  const database = resources.use(await createTestDatabase())
  const db = resources.adopt(connect({ ...database, poolSize: 8 }), (connected) => connected.close())
  const admin = resources.adopt(new pg.Pool({ connectionString: database.adminUrl, max: 2 }), (pool) =>
    pool.end(),
  )
  const directory = await mkdtemp(join(tmpdir(), 'fleet-api-'))
  resources.defer(() => rm(directory, { recursive: true, force: true }))

  const spoolDirectory = join(directory, 'spool')
  const lines: string[] = []
  const now = change.now ?? (() => new Date())
  const inspector = resources.adopt(
    createInvoiceInspector(
      { environment: 'test', now: change.now ?? (() => NOW) },
      { threads: 1, waitingMax: 200, deadlineMs: 20_000, patienceMs: 20_000 },
    ),
    (made) => made.close(),
  )
  const printer = resources.adopt(
    createPrinter({ threads: 1, waitingMax: 100, deadlineMs: 25_000 }),
    (made) => made.close(),
  )
  const sealer = createSealer(randomBytes(32), randomBytes)
  const newId = createIdSource({ now, randomBytes })
  const log = createLogger({
    service: 'api',
    level: 'debug',
    destination: { write: (line) => lines.push(line) },
  })
  const trail = resources.adopt(createAuditTrail({ db, now, log }), (kept) => kept.close())
  const budget = resources.adopt(
    connectBudgetReader(
      { redisUrl: process.env.FLEET_TEST_REDIS_URL ?? '', egress: 'default' },
      { now, log },
    ),
    (reader) => reader.close(),
  )
  const bell = resources.adopt(connectEventBell(process.env.FLEET_TEST_REDIS_URL ?? '', log), (connected) =>
    connected.close(),
  )
  const deps: ApiDependencies = {
    db,
    secrets: createKsefSecretManager({
      store: localSecretStore({ directory, sealer, randomBytes }),
      namePrefix: 'test',
      db,
      now,
    }),
    trail,
    budget,
    environment: 'test',
    now,
    randomBytes,
    newId,
    inspect: (xml, strictness) => inspector.inspect(xml, strictness),
    inspectData: (json, company, strictness) => inspector.inspectData(json, company, strictness),
    inspectMany: (documents, judgement) => inspector.inspectMany(documents, judgement),
    composeMany: (jsons, of) => inspector.composeMany(jsons, of),
    check: (document, company) => inspector.check(document, company),
    print: (task) => printer.print(task),
    qrBaseUrl: 'https://qr-test.ksef.mf.gov.pl',
    uploads: await createUploads(spoolDirectory, UPLOAD_LIMITS),
    cursorKey: randomBytes(32),
    log,
    sealer,
    destinations: { http: false, networks: [] },
    streams: createEventStreams(bell, STREAMS),
    readiness: {
      postgres: () => db.check(),
      redis: () => Promise.reject(new Error('there is no Redis here')),
    },
    ops: null,
    failedKeysPerMinuteMax: 1_000_000,
    publicUrl: null,
    trustedProxies: [],
    ...change,
  }
  const app = resources.adopt(await buildServer(deps), (server) => server.close())
  await app.ready()

  const { key: providerKey } = await createApiKey(deps, {
    companyId: null,
    role: 'administrator',
    name: 'tests',
    actor: 'test',
  })
  const call = caller(app, providerKey)
  const party = async (nip: string): Promise<Party> => {
    const id = String((await call({ url: '/v1/companies', json: { nip, name: `Company ${nip}` } })).json().id)
    const { key } = await createApiKey(deps, {
      companyId: CompanyId.parse(id),
      name: 'its own',
      actor: 'test',
    })
    const credential = {
      type: 'token',
      token: `20261122-EC-0000000000-0000000000-${nip.slice(0, 2)}|nip-${nip}|secret`,
    }
    const made = await call({ url: `/v1/companies/${id}/integrations`, json: { credential } })
    return { id, nip, key, integrationId: String(made.json().id) }
  }
  return {
    app,
    deps,
    database,
    lines,
    spoolDirectory,
    providerKey,
    a: await party(NIP_A),
    b: await party(NIP_B),
    call,
    /** One query as superuser, past row-level security. */
    query: async (text: string, values: unknown[] = []) => (await admin.query(text, values)).rows as Json[],
    /** What the audit log tells of uses of keys, oldest first. */
    usesOfKeys: async () => {
      await trail.flush()
      const uses =
        "select * from ksef_audit_log where action in ('key.use', 'access.refused') order by at, id"
      return (await admin.query(uses)).rows as Json[]
    },
    /** Rows of every table but the audit log, which tells of requests that write nothing else. */
    counts: () => countRows(admin),
    [Symbol.asyncDispose]: () => resources.disposeAsync(),
  }
}

/** Injects a request; POST when it has a body, with the provider's key when none is named. */
function caller(app: FastifyInstance, providerKey: string) {
  return (call: Call): Promise<LightMyRequestResponse> => {
    const payload =
      call.xml ?? call.upload?.bytes ?? (call.json === undefined ? undefined : JSON.stringify(call.json))
    const key = call.key === undefined ? providerKey : call.key
    return app.inject({
      method: call.method ?? (payload === undefined ? 'GET' : 'POST'),
      url: call.url,
      headers: {
        ...(key === null ? {} : { authorization: `Bearer ${key}` }),
        ...(call.xml === undefined ? {} : { 'content-type': 'application/xml' }),
        ...(call.json === undefined ? {} : { 'content-type': 'application/json' }),
        ...(call.upload === undefined ? {} : { 'content-type': call.upload.type }),
        ...call.headers,
      },
      ...(payload === undefined
        ? {}
        : { payload: typeof payload === 'string' ? payload : Buffer.from(payload) }),
    })
  }
}

async function countRows(pool: pg.Pool): Promise<Record<string, number>> {
  const { rows } = await pool.query<{ name: string }>(
    "select format('%I.%I', schemaname, tablename) as name from pg_tables where schemaname not in ('pg_catalog', 'information_schema') and tablename not like 'ksef_audit_log%' order by 1",
  )
  const counts: Record<string, number> = {}
  for (const { name } of rows) {
    const { rows: counted } = await pool.query<{ n: number }>(`select count(*)::int as n from ${name}`)
    counts[name] = counted[0]?.n ?? Number.NaN
  }
  return counts
}

let serial = 0

/** A valid FA(3) invoice of today with a number nobody had before. */
export function invoiceOf(
  sellerNip: string,
  more: Partial<Parameters<typeof sampleInvoice>[0]> = {},
): Uint8Array {
  serial += 1
  return sampleInvoice({
    form: 'FA (3)',
    sellerNip,
    buyerNip: BUYER,
    number: `T/${serial}`,
    issueDate: TODAY,
    ...more,
  })
}

export const textOf = (xml: Uint8Array): string => Buffer.from(xml).toString('utf8')
