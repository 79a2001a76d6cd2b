/** What lookups are measured on: PostgreSQL, Redis, a Secrets Manager where an engine plays one, companies that sign in. */
import { randomBytes } from 'node:crypto'
import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import {
  type CompanyId,
  createAuditTrail,
  createCompany,
  createLogger,
  type DeliveryContext,
  Nip,
} from '@ksef-fleet/core'
import { connect } from '@ksef-fleet/db'
import { createTestDatabase, type TestDatabase } from '@ksef-fleet/db/test-database'
import { startServices } from '@ksef-fleet/infra'
import { freePort } from '@ksef-fleet/infra/free-port'
import { type CallRecord, Sealed } from '@ksef-fleet/ksef'
import { readConfig } from '@ksef-fleet/worker/config'
import { composeDelivery } from '@ksef-fleet/worker/delivery'
import { createMetrics } from '@ksef-fleet/worker/metrics'
import { connectCacheRedis } from '@ksef-fleet/worker/redis'
import { sealOf } from '../fleet/demo-company.ts'
import { startProcess } from '../fleet/fleet-process.ts'

const DIRECTORY = fileURLToPath(new URL('../../../../.fleet/bench', import.meta.url))
const POOL_SIZE = 16
/** The simulator compiles its schemas at its first sign-in, which then may come too late. */
const VERIFICATIONS_MAX = 5

export type LookupFleet = {
  database: TestDatabase
  redisUrl: string
  secretStore: 'aws' | 'local'
  /** KSeF's part, in a process of its own: what is measured in this one is the fleet's. */
  simulatorUrl: string
  /** A process of its own: its own caches over the same PostgreSQL, Redis and secret store. */
  worker(onCall?: (call: CallRecord) => void): Promise<DeliveryContext>
  /** A company with a certificate of its own and an active integration, for which nobody has a token. */
  company(nip: string): Promise<CompanyId>
}

/** Everything started is disposed with `resources`. */
export async function startLookupFleet(
  resources: AsyncDisposableStack,
  log: (line: string) => void,
): Promise<LookupFleet> {
  const services = resources.use(await startServices({ directory: DIRECTORY, log, prefer: 'local' }))
  const { awsEndpointUrl } = resources.use(
    await startServices({ directory: join(DIRECTORY, 'secrets-manager'), log, need: ['aws'] }),
  )
  process.env.FLEET_TEST_POSTGRES_URL = services.postgresAdminUrl
  const database = resources.use(await createTestDatabase())
  const directory = mkdtempSync(join(tmpdir(), 'fleet-bench-'))
  resources.defer(() => rmSync(directory, { recursive: true, force: true }))
  const simulatorUrl = await startSimulatorProcess(resources, directory)
  const config = readConfig({
    ...secretSettings(awsEndpointUrl, directory),
    DATABASE_APP_URL: database.appUrl,
    DATABASE_SYSTEM_URL: database.systemUrl,
    REDIS_URL: services.redisUrl,
    KSEF_ENVIRONMENT: 'test',
    KSEF_BASE_URL: `${simulatorUrl}/v2`,
    MASTER_KEY: randomBytes(32).toString('base64'),
  })
  const quiet = createLogger({ service: 'bench', level: 'error' })
  const db = resources.adopt(connect({ ...database, poolSize: POOL_SIZE }), (connected) => connected.close())
  const worker: LookupFleet['worker'] = async (onCall = () => {}) => {
    const redis = resources.adopt(connectCacheRedis(services.redisUrl, quiet), (one) => one.disconnect())
    await redis.ping()
    const now = () => new Date()
    const trail = resources.adopt(createAuditTrail({ db, now, log: quiet }), (kept) => kept.close())
    const metrics = { ...createMetrics(), call: onCall }
    const signal = new AbortController().signal
    const parts = { config, db, redis, log: quiet, metrics, trail, signal, randomBytes, now }
    const context = composeDelivery(parts)
    resources.adopt(context.ksef, (ksef) => ksef.close())
    return context
  }
  const clerk = await worker()
  return {
    database,
    redisUrl: services.redisUrl,
    simulatorUrl,
    secretStore: awsEndpointUrl === undefined ? 'local' : 'aws',
    worker,
    company: (nip) => connectCompany(clerk, nip),
  }
}

async function startSimulatorProcess(resources: AsyncDisposableStack, directory: string): Promise<string> {
  const port = await freePort()
  const url = `http://127.0.0.1:${port}`
  const running = await startProcess({
    name: 'simulator',
    entry: 'packages/simulator/src/main.ts',
    args: ['--port', String(port)],
    env: {},
    readyUrl: `${url}/_simulator/health`,
    directory,
  })
  resources.defer(() => running.stop())
  return url
}

/** AWS's own settings are read by its SDK, from the environment. */
function secretSettings(awsEndpointUrl: string | undefined, directory: string): Record<string, string> {
  if (awsEndpointUrl === undefined) return { SECRET_STORE: 'local', SECRET_STORE_DIRECTORY: directory }
  process.env.AWS_ENDPOINT_URL = awsEndpointUrl
  process.env.AWS_REGION = 'eu-central-1'
  process.env.AWS_ACCESS_KEY_ID ??= 'bench'
  process.env.AWS_SECRET_ACCESS_KEY ??= 'bench'
  return { SECRET_STORE: 'aws', AWS_REGION: 'eu-central-1' }
}

async function connectCompany(clerk: DeliveryContext, nip: string): Promise<CompanyId> {
  const { certificatePem, privateKeyPem } = await sealOf(nip, `Firma ${nip}`)
  const company = await createCompany(clerk, { nip: Nip.parse(nip), name: `Firma ${nip}`, actor: 'bench' })
  const integration = await clerk.contexts.createIntegration({
    companyId: company.id,
    credential: { type: 'certificate', certificatePem, privateKeyPem: new Sealed(privateKeyPem) },
    actor: 'bench',
  })
  const asked = { companyId: company.id, integrationId: integration.id }
  for (let again = 0; again < VERIFICATIONS_MAX; again++) {
    const verified = await clerk.contexts.verifyIntegration(asked)
    if (verified?.state !== 'active') continue
    await clerk.contexts.clearTokenCache(company.id)
    return company.id
  }
  throw new Error(`the company with NIP ${nip} could not be connected`)
}
