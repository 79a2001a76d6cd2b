/**
 * What benchmarks of the whole fleet are run on: simulator, api and workers as processes of their own over a fresh database,
 * and companies that are connected through the API, each with a certificate of its own.
 */
import { rmSync } from 'node:fs'
import { loadavg } from 'node:os'
import { join } from 'node:path'
import { setTimeout as sleep } from 'node:timers/promises'
import { fileURLToPath } from 'node:url'
import { createTestDatabase, type TestDatabase } from '@ksef-fleet/db/test-database'
import { startServices } from '@ksef-fleet/infra'
import { sampleInvoice } from '@ksef-fleet/ksef/sample-invoice'
import pg from 'pg'
import { type ApiClient, apiClient } from '../fleet/api-client.ts'
import { companyWithIntegration } from '../fleet/demo-company.ts'
import { type Fleet, type FleetOptions, runFleet } from '../fleet/run-fleet.ts'
import { callAtOnce } from './latency.ts'
import { rounded } from './report.ts'

const DIRECTORY = fileURLToPath(new URL('../../../../.fleet/bench', import.meta.url))
const BUYER_NIP = '7980332920'
/** Connecting side by side keeps below the 60 sign-in calls a second that KSeF allows an address. */
const CONNECTING = 4

export const say = (text: string): void => void process.stderr.write(`${text}\n`)

/** How busy the machine is besides; a figure belongs to every report of a shared one. */
export const loadAverage = (): number => rounded(loadavg()[0] ?? Number.NaN)

export type BenchFleet = {
  fleet: Fleet
  api: ApiClient
  key: string
  database: TestDatabase
}

/** Everything started is disposed with `resources`; the logs stay. */
export async function startBenchFleet(
  resources: AsyncDisposableStack,
  options: Pick<FleetOptions, 'simulatorArgs' | 'workers' | 'workerEnv'> = {},
): Promise<BenchFleet> {
  const services = resources.use(await startServices({ directory: DIRECTORY, log: say, prefer: 'local' }))
  process.env.FLEET_TEST_POSTGRES_URL = services.postgresAdminUrl
  const database = resources.use(await createTestDatabase())
  const directory = join(DIRECTORY, 'fleet')
  rmSync(directory, { recursive: true, force: true })
  const fleet = resources.use(
    await runFleet({ ...options, database, redisUrl: services.redisUrl, directory, log: say }),
  )
  const key = await fleet.createProviderKey('bench')
  return { fleet, api: apiClient(fleet.apiUrl, key), key, database }
}

/** A figure of a program's `/metrics`. @throws Error when it tells no such figure */
export async function metricOf(origin: string, name: string): Promise<number> {
  const page = await (await fetch(`${origin}/metrics`)).text()
  const line = page.split('\n').find((each) => each.startsWith(`${name} `))
  if (line === undefined) throw new Error(`${origin} tells no ${name}`)
  return Number(line.slice(name.length))
}

export type BenchCompany = { id: string; nip: string }

/** Companies with active integrations. Needs a worker. */
export async function connectCompanies(api: ApiClient, count: number): Promise<BenchCompany[]> {
  const companies: BenchCompany[] = []
  await callAtOnce({ callers: CONNECTING, calls: count }, async (call) => {
    const nip = String(5_250_000_000 + call)
    const { company } = await companyWithIntegration(api, { nip, name: `Firma ${nip}` })
    companies[call] = { id: company.id, nip }
  })
  return companies
}

/** Posts of one company side by side. */
const POSTING = 16
const LOOK_MS = 500
const DIGITS = 8

/**
 * Invoices of one seller that differ in nothing but their number. Made by copying, so that whoever makes load spends
 * next to nothing on them.
 *
 * @param series of one to four letters; two series of one seller have no number in common
 */
export function invoiceSeries(sellerNip: string, series: string): () => Buffer {
  const numberOf = (count: number) => `${series}/${String(count).padStart(DIGITS, '0')}`
  const template = Buffer.from(
    sampleInvoice({
      form: 'FA (3)',
      sellerNip,
      buyerNip: BUYER_NIP,
      number: numberOf(0),
      issueDate: new Date().toLocaleDateString('sv-SE', { timeZone: 'Europe/Warsaw' }),
    }),
  )
  const place = template.indexOf(numberOf(0))
  let count = 0
  return () => {
    const invoice = Buffer.from(template)
    invoice.write(numberOf(++count), place, 'latin1')
    return invoice
  }
}

/** Posts a company's invoices of that series, several at once; each call goes on where the last one ended. */
export function postInvoices(
  api: ApiClient,
  company: BenchCompany,
  series: string,
): (count: number) => Promise<void> {
  const next = invoiceSeries(company.nip, series)
  return (count) =>
    callAtOnce({ callers: POSTING, calls: count }, async () => {
      const { status, body } = await api.postInvoice(company.id, next())
      if (status !== 202) throw new Error(`an invoice was answered ${status}: ${JSON.stringify(body)}`)
    })
}

/** What the database says became of invoices: asking the API for thousands of them would be a load of its own. */
export type Records = {
  /** How many invoices of the company have their KSeF number. */
  registered(company: BenchCompany): Promise<number>
  /** For so long nothing of the company goes to KSeF; 0 ends it. */
  keepSilent(company: BenchCompany, seconds: number): Promise<void>
  /** When the invoice of that series was registered, by company; waits for all of them, but no longer than that. */
  registeredAt(
    companies: readonly BenchCompany[],
    of: { series: string; withinMs: number },
  ): Promise<Map<string, Date>>
}

export async function openRecords(
  resources: AsyncDisposableStack,
  { adminUrl }: TestDatabase,
): Promise<Records> {
  const client = resources.adopt(new pg.Client({ connectionString: adminUrl }), (opened) => opened.end())
  await client.connect()
  return {
    async registered({ id }) {
      const { rows } = await client.query<{ count: number }>(
        'select count(*)::int as count from submissions where company_id = $1 and ksef_number is not null',
        [id],
      )
      return rows[0]?.count ?? 0
    },
    async keepSilent({ id }, seconds) {
      await client.query(
        'update ksef_integrations set blocked_until = clock_timestamp() + make_interval(secs => $2) where company_id = $1',
        [id, seconds],
      )
    },
    async registeredAt(companies, { series, withinMs }) {
      const deadline = performance.now() + withinMs
      for (;;) {
        const { rows } = await client.query<{ company: string; at: Date }>(
          `select company_id as company, registered_at as at from submissions
            where company_id = any ($1) and starts_with(number, $2) and registered_at is not null`,
          [companies.map(({ id }) => id), `${series}/`],
        )
        if (rows.length >= companies.length || performance.now() > deadline)
          return new Map(rows.map(({ company, at }) => [company, at]))
        await sleep(LOOK_MS)
      }
    },
  }
}
