/** `npm start [-- --exit]`: a fleet on this machine that has just registered an invoice. */
import { randomBytes } from 'node:crypto'
import { join } from 'node:path'
import { performance } from 'node:perf_hooks'
import { fileURLToPath } from 'node:url'
import { parseArgs } from 'node:util'
import { migrate, type ProvisionedUrls, provisionRoles } from '@ksef-fleet/db'
import { startServices } from '@ksef-fleet/infra'
import { sampleInvoice } from '@ksef-fleet/ksef/sample-invoice'
import { apiClient, type InvoiceView } from './fleet/api-client.ts'
import { companyWithIntegration } from './fleet/demo-company.ts'
import { type Fleet, keepSecret, runFleet } from './fleet/run-fleet.ts'

const DIRECTORY = fileURLToPath(new URL('../../../.fleet/start', import.meta.url))
const FLEET = join(DIRECTORY, 'fleet')
const API_PORT = 3000
const SIMULATOR_PORT = 8080
/** Invented; its checksum is right. */
const DEMO = { nip: '5265877635', name: 'Demo Sp. z o.o.' }
const BUYER_NIP = '1111111111'
const END_STATES = new Set(['receipted', 'rejected', 'held'])

const { values } = parseArgs({ options: { exit: { type: 'boolean', default: false } } })
const log = (line: string) => console.log(`  ${line}`)

const stopped = new Promise<'stopped'>((resolve) => {
  for (const signal of ['SIGINT', 'SIGTERM', 'SIGHUP'] as const) process.on(signal, () => resolve('stopped'))
})

async function main(): Promise<number> {
  await using resources = new AsyncDisposableStack()
  const outcome = await Promise.race([start(resources), stopped])
  if (outcome === 'stopped') console.log('Stopping.')
  return outcome === 'failed' ? 1 : 0
}

async function start(resources: AsyncDisposableStack): Promise<'registered' | 'failed'> {
  console.log('KSeF Fleet starts: PostgreSQL, Redis, simulated KSeF, api, worker.')
  const services = resources.use(await startServices({ directory: join(DIRECTORY, 'services'), log }))
  const opsPassword = randomBytes(12).toString('base64url')
  const fleet = resources.use(
    await runFleet({
      database: await prepareDatabase(services.postgresAdminUrl),
      redisUrl: services.redisUrl,
      directory: FLEET,
      log,
      apiPort: API_PORT,
      simulatorPort: SIMULATOR_PORT,
      simulatorArgs: ['--data', join(DIRECTORY, 'simulator')],
      opsPassword,
    }),
  )
  const key = await fleet.createProviderKey('demo')
  const registered = await sendDemoInvoice(fleet, key)
  if (values.exit || !registered) return registered ? 'registered' : 'failed'
  console.log(`
The fleet stays up; Ctrl-C ends it.
  API         ${fleet.apiUrl}/v1
  API docs    ${fleet.apiUrl}/docs
  Queues      ${fleet.apiUrl}/ops/queues   (user ops, password ${opsPassword})
  Simulator   ${fleet.ksefUrl}
  API key     ${key}`)
  await stopped
  return 'registered'
}

/** Roles, database and tables, made when they are missing. */
async function prepareDatabase(adminUrl: string): Promise<ProvisionedUrls> {
  const password = (role: string) =>
    keepSecret(FLEET, `${role}.password`, () => randomBytes(24).toString('hex'))
  const urls = await provisionRoles(adminUrl, {
    database: 'ksef_fleet',
    ownerPassword: password('owner'),
    appPassword: password('app'),
    systemPassword: password('system'),
  })
  await migrate(urls.ownerUrl)
  return urls
}

/** True only when the invoice was registered and its UPO is stored. */
async function sendDemoInvoice(fleet: Fleet, key: string): Promise<boolean> {
  const api = apiClient(fleet.apiUrl, key)
  const { company } = await companyWithIntegration(api, DEMO)
  const xml = sampleInvoice({
    form: 'FA (3)',
    sellerNip: DEMO.nip,
    buyerNip: BUYER_NIP,
    number: `DEMO/${Date.now()}`,
    issueDate: new Date().toLocaleDateString('sv-SE', { timeZone: 'Europe/Warsaw' }),
  })
  const started = performance.now()
  const posted = await api.postInvoice(company.id, xml)
  if (posted.status !== 202) {
    console.error(`The invoice was not accepted: ${JSON.stringify(posted.body)}`)
    return false
  }
  const path = `/v1/companies/${company.id}/invoices/${posted.body.id}`
  const invoice = await api.until<InvoiceView>(path, (body) => END_STATES.has(body.state), 60_000)
  const elapsedMs = performance.now() - started
  if (invoice.state !== 'receipted') {
    console.error(`The invoice ended ${invoice.state}: ${JSON.stringify(invoice.outcome)}`)
    return false
  }
  const upo = await api.get<Buffer>(`${path}/upo`)
  console.log(`
An invoice was registered.
  company             ${company.name}, NIP ${company.nip} (${company.id})
  submission          ${invoice.id}
  KSeF number         ${invoice.ksefNumber}
  UPO                 ${upo.body.byteLength} bytes
  from POST to UPO    ${(elapsedMs / 1000).toFixed(2)} s`)
  return upo.status === 200 && upo.body.byteLength > 0
}

try {
  process.exit(await main())
} catch (error) {
  console.error(error instanceof Error ? error.message : error)
  process.exit(1)
}
