/**
 * The fleet as processes, while Redis is away and while the workers' clocks are wrong (row E13 of the fault table): invoices
 * are accepted and registered once each, tokens go on being used, and KSeF sees no storm of sign-ins.
 */
import { mkdtempSync, readFileSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { createTestDatabase, type TestDatabase } from '@ksef-fleet/db/test-database'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { type ApiClient, apiClient, type InvoiceView } from '../../src/fleet/api-client.ts'
import { companyWithIntegration } from '../../src/fleet/demo-company.ts'
import type { FleetProcess } from '../../src/fleet/fleet-process.ts'
import { type RedirectedLine, redirectedLine } from '../../src/fleet/redirected-line.ts'
import { type Fleet, runFleet } from '../../src/fleet/run-fleet.ts'
import { type DeliveryFleet, invoiceOf, startDeliveryFleet } from '../delivery/delivery-fleet.ts'
import { drive } from '../delivery/drive.ts'
import { checkLedger } from '../delivery/ledger-check.ts'
import { readLedger } from '../simulator-ledger.ts'
import { countOf, SIGN_IN } from './provider-side.ts'

const WITHIN_MS = 180_000
/** Less than a story may take, so that it ends with what was seen last. */
const RECEIPT_WITHIN_MS = 120_000
const contractFolder = process.env.KSEF_CONTRACT_DIR ?? ''
const contract = contractFolder === '' ? [] : ['--contract-file', `${contractFolder}/open-api.json`]

const theirRedis = process.env.FLEET_TEST_REDIS_URL ?? ''
let line: RedirectedLine
/** The Redis of this test, by the line that can be cut. */
let redisUrl: string

beforeAll(async () => {
  line = await redirectedLine(theirRedis)
  redisUrl = line.url
})
afterAll(() => line?.[Symbol.asyncDispose]())

describe('while Redis is away', () => {
  let fleet: DeliveryFleet
  beforeAll(async () => {
    fleet = await startDeliveryFleet()
  })
  afterAll(() => fleet?.close())

  test('a worker goes on with the tokens it knows, and signs in for nobody', async () => {
    const companies = [await fleet.company(), await fleet.company()]
    const ids = companies.map(({ id }) => id)
    const worker = fleet.worker({ settings: { REDIS_URL: redisUrl } })
    const sendAll = async (name: string) => {
      for (const { id, nip } of companies) await fleet.accept(id, invoiceOf(nip, `${name}/${nip}`))
      await drive(fleet, [worker], { companies: ids, withinMs: 60_000 })
    }
    await sendAll('WARM')
    const before = countOf(fleet, SIGN_IN)
    line.redirect(null)
    try {
      for (const name of ['ONE', 'TWO', 'THREE']) await sendAll(name)
      expect(countOf(fleet, SIGN_IN) - before).toBe(0)
      // Nor does a token that has to be dropped wait for Redis: one sign-in, and on it goes.
      for (const { id } of companies) worker.context.access.forgetCompany(id)
      await sendAll('FOUR')
      expect(countOf(fleet, SIGN_IN) - before).toBe(companies.length)
    } finally {
      line.redirect(theirRedis)
    }
    for (const company of companies) {
      expect((await fleet.submissions(company.id)).map(({ state }) => state)).toEqual(
        Array.from({ length: 5 }, () => 'receipted'),
      )
      await checkLedger(fleet, company)
    }
  })
})

describe('a fleet of processes', () => {
  const directory = mkdtempSync(join(tmpdir(), 'ksef-fleet-'))
  const workerEnv: Record<string, string> = { KSEF_DEADLINE_SECONDS: '10', CLAIM_LEASE_SECONDS: '15' }
  let database: TestDatabase
  let fleet: Fleet
  let api: ApiClient

  beforeAll(async () => {
    database = await createTestDatabase()
    fleet = await runFleet({
      ...{ database, redisUrl, directory, workerEnv, workers: 0 },
      log: () => undefined,
      simulatorArgs: ['--processing-delay-ms', '100', ...contract],
    })
    api = apiClient(fleet.apiUrl, await fleet.createProviderKey('journey'))
  }, WITHIN_MS)
  afterAll(async () => {
    await fleet?.[Symbol.asyncDispose]()
    await database?.[Symbol.asyncDispose]()
    rmSync(directory, { recursive: true, force: true })
  })

  const connectCompany = async (nip: string) =>
    (await companyWithIntegration(api, { nip, name: `Firma ${nip}` })).company.id

  const post = async (companyId: string, nip: string, number: string): Promise<string> => {
    const posted = await api.postInvoice(companyId, invoiceOf(nip, number))
    expect(posted.status).toBe(202)
    return `/v1/companies/${companyId}/invoices/${posted.body.id}`
  }
  const receipted = async (path: string): Promise<void> => {
    const settled = ({ state }: InvoiceView) => ['receipted', 'rejected', 'held'].includes(state)
    expect(await api.until<InvoiceView>(path, settled, RECEIPT_WITHIN_MS)).toMatchObject({
      state: 'receipted',
    })
  }

  /** Its clock shows another time than all others: every Date that it makes without being told which. */
  async function startWorkerOff(minutes: number): Promise<FleetProcess> {
    const code = `const Real = Date, off = ${minutes * 60_000};
globalThis.Date = class Date extends Real {
  constructor(...given) { given.length === 0 ? super(Real.now() + off) : super(...given) }
  static now() { return Real.now() + off }
}`
    workerEnv.NODE_OPTIONS = `--import=data:text/javascript,${encodeURIComponent(code)}`
    const worker = await fleet.startWorker().finally(() => delete workerEnv.NODE_OPTIONS)
    const [told = ''] = /"time":"[^"]+"/.exec(readFileSync(worker.logFile, 'utf8')) ?? []
    const offMs = Date.parse(told.slice(8, -1)) - Date.now()
    expect(Math.abs(offMs - minutes * 60_000), 'its clock is off indeed').toBeLessThan(2 * 60_000)
    return worker
  }

  const registeredOf = async (nip: string): Promise<string[]> => {
    const { accepted } = await readLedger(fleet.simulatorUrl)
    return accepted.flatMap(({ sellerNip, invoiceNumber }) =>
      sellerNip === nip ? [invoiceNumber ?? ''] : [],
    )
  }

  test.each([
    { title: '5 minutes ahead and 5 behind', minutes: [5, -5] },
    { title: '10 minutes ahead and 10 behind', minutes: [10, -10] },
    { title: '26 hours behind and 26 ahead', minutes: [-26 * 60, 26 * 60] },
  ])(
    'registers every invoice once by workers whose clocks are $title, and signs in once a company',
    async ({ minutes }) => {
      const workers: FleetProcess[] = []
      for (const off of minutes) workers.push(await startWorkerOff(off))
      const nips = minutes.map((off) => String(5_266_000_000 + off + minutes.length))
      const before = await readLedger(fleet.simulatorUrl)
      const paths: string[] = []
      for (const nip of nips) {
        const id = await connectCompany(nip)
        for (let n = 0; n < 5; n++) paths.push(await post(id, nip, `CLOCK/${n}`))
      }
      for (const path of paths) await receipted(path)
      for (const nip of nips)
        expect((await registeredOf(nip)).sort()).toEqual([0, 1, 2, 3, 4].map((n) => `CLOCK/${n}`))
      const { operations } = await readLedger(fleet.simulatorUrl)
      const signIns = (operations[SIGN_IN] ?? 0) - (before.operations[SIGN_IN] ?? 0)
      expect(signIns).toBe(nips.length)
      for (const { logFile } of workers)
        expect(readFileSync(logFile, 'utf8')).not.toContain('"ksef.call-failed"')
      await Promise.all(workers.map((worker) => worker.stop()))
    },
    WITHIN_MS,
  )

  test(
    'accepts invoices while Redis is away, and registers each once when it is back',
    async () => {
      const nip = '5266999999'
      await fleet.startWorker()
      const id = await connectCompany(nip)
      await receipted(await post(id, nip, 'BEFORE'))
      line.redirect(null)
      const paths: string[] = []
      for (let n = 0; n < 10; n++) paths.push(await post(id, nip, `AWAY/${n}`))
      const ready = await api.get<{ ready: boolean; redis: string }>('/readyz')
      expect([ready.status, ready.body.ready, ready.body.redis]).toEqual([200, true, 'down'])
      expect((await api.get<InvoiceView>(paths[0] ?? '')).body.state).toMatch(/pending|sent|registered/)
      line.redirect(theirRedis)
      for (const path of paths) await receipted(path)
      expect((await registeredOf(nip)).length).toBe(11)
      expect(new Set(await registeredOf(nip)).size).toBe(11)
    },
    WITHIN_MS,
  )
})
