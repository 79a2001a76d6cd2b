/** A whole fleet for a storm: crashable servers, the simulated KSeF behind a bad line, the API, and workers that die. */
import { randomBytes } from 'node:crypto'
import { mkdirSync } from 'node:fs'
import { join } from 'node:path'
import { createApiKey, createIdSource } from '@ksef-fleet/core'
import { connect } from '@ksef-fleet/db'
import { freePort } from '@ksef-fleet/infra/free-port'
import { type FleetProcess, inheritedSettings, startProcess } from '../../fleet/fleet-process.ts'
import { bundleWorker } from './bundle.ts'
import { type KsefLine, ksefLine } from './ksef-line.ts'
import { type Servers, startServers } from './servers.ts'
import { type Sink, startSink } from './sink.ts'
import { type Slots, startSlots } from './slots.ts'

export type StackOptions = {
  directory: string
  seed: string
  workers: number
  /** Share of the calls that the line to KSeF breaks. */
  lineFaultRate: number
  /** Share of the webhooks' calls that their receiver refuses. */
  refusalRate: number
  /** Claims as short as only a machine that does nothing else keeps up with. */
  isHasty: boolean
  log: (line: string) => void
}

export type Stack = AsyncDisposable & {
  servers: Servers
  line: KsefLine
  sink: Sink
  slots: Slots
  apiUrl: string
  /** Straight to the simulator, past the line. */
  ksefUrl: string
  simulatorUrl: string
  apiKey: string
  masterKey: string
  deathsFile: string
  logFiles(): string[]
  /** SIGKILL, and a new one at the same address. */
  crashApi(): Promise<void>
}

/** How long claims hold, in which a POST and its wait for the budget must find room, and when what nobody answered is rung again. */
const HASTY = {
  KSEF_DEADLINE_SECONDS: '0.8',
  BUDGET_WAIT_SECONDS: '0.6',
  CLAIM_LEASE_SECONDS: '1.5',
  RING_SECONDS: '1.2',
}
const PATIENT = { KSEF_DEADLINE_SECONDS: '1', CLAIM_LEASE_SECONDS: '3.2', RING_SECONDS: '1' }

/** The other waits of a fleet, shortened by nothing but settings. */
const WORKER_SETTINGS = {
  PACKAGE_LEASE_SECONDS: '1.5',
  // Signing in takes several looks, each a second at most.
  ROTATION_LEASE_SECONDS: '6',
  SEARCH_SECONDS: '0.1',
  POLL_SECONDS: '0.15,0.3,0.5,1',
  RETRY_SECONDS: '0.3,0.6,1',
  SWEEP_PAUSE_SECONDS: '0.4',
  RELAY_PAUSE_SECONDS: '0.5',
  SESSION_IDLE_SECONDS: '5',
  JOB_LOCK_SECONDS: '1',
  SEND_CONCURRENCY: '4',
  STATUS_CONCURRENCY: '8',
  UPKEEP_CONCURRENCY: '2',
  DATABASE_POOL_SIZE: '4',
  WEBHOOK_TIMEOUT_SECONDS: '1',
  WEBHOOK_LEASE_SECONDS: '1.5',
  WEBHOOK_RETRY_SECONDS: '0.3,0.5,1,1,2,2,3,3,5,5,5,5',
}

export async function startStack(options: StackOptions): Promise<Stack> {
  await using started = new AsyncDisposableStack()
  const { directory, seed, log } = options
  mkdirSync(directory, { recursive: true })
  const servers = started.use(await startServers(join(directory, 'servers'), log))
  const logs = join(directory, 'logs')
  const simulatorPort = await freePort()
  const simulatorUrl = `http://127.0.0.1:${simulatorPort}`
  const contractFolder = process.env.KSEF_CONTRACT_DIR ?? ''
  const contract = contractFolder === '' ? [] : ['--contract-file', `${contractFolder}/open-api.json`]
  const simulator = await startProcess({
    name: 'simulator',
    entry: 'packages/simulator/src/main.ts',
    args: ['--port', String(simulatorPort), '--seed', seed, ...contract],
    env: {},
    readyUrl: `${simulatorUrl}/_simulator/health`,
    directory: logs,
  })
  started.defer(() => simulator.stop())
  const line = started.use(await ksefLine({ target: simulatorUrl, seed, rate: options.lineFaultRate }))
  const sink = started.use(await startSink({ seed, rate: options.refusalRate }))
  const masterKey = randomBytes(32).toString('base64')
  const env = {
    DATABASE_APP_URL: servers.database.appUrl,
    DATABASE_SYSTEM_URL: servers.database.systemUrl,
    REDIS_URL: servers.redis.url,
    KSEF_ENVIRONMENT: 'test',
    MASTER_KEY: masterKey,
    SECRET_STORE: 'local',
    SECRET_STORE_DIRECTORY: join(directory, 'secrets'),
    WEBHOOK_NETWORKS: '127.0.0.0/8',
    WEBHOOK_HTTP: 'true',
  }
  const api = await startApi({ env, directory: logs, port: await freePort() })
  started.defer(() => api.current().stop())
  const deathsFile = join(directory, 'deaths.jsonl')
  const { entry } = started.use(await bundleWorker())
  const slots = started.use(
    startSlots({
      entry,
      count: options.workers,
      seed,
      directory: logs,
      deathsFile,
      isPatient: options.isHasty,
      env: {
        ...inheritedSettings(),
        ...env,
        ...WORKER_SETTINGS,
        ...(options.isHasty ? HASTY : PATIENT),
        KSEF_BASE_URL: `${line.url}/v2`,
        HEALTH_PORT: '0',
      },
    }),
  )
  await slots.alive()
  const held = started.move()
  return {
    servers,
    line,
    sink,
    slots,
    simulatorUrl,
    apiUrl: api.url,
    ksefUrl: `${simulatorUrl}/v2`,
    apiKey: await createAdministratorKey(servers.database),
    masterKey,
    deathsFile,
    logFiles: () => [simulator.logFile, ...api.logFiles, ...slots.logFiles],
    crashApi: () => api.crash(),
    [Symbol.asyncDispose]: () => held.disposeAsync(),
  }
}

async function startApi(at: { env: Record<string, string>; directory: string; port: number }) {
  const url = `http://127.0.0.1:${at.port}`
  const logFiles: string[] = []
  const start = async (): Promise<FleetProcess> => {
    const api = await startProcess({
      name: `api-${logFiles.length + 1}`,
      entry: 'apps/api/src/main.ts',
      env: { ...at.env, PORT: String(at.port) },
      readyUrl: `${url}/readyz`,
      directory: at.directory,
    })
    logFiles.push(api.logFile)
    return api
  }
  let current = await start()
  return {
    url,
    logFiles,
    current: () => current,
    async crash() {
      await current.kill()
      current = await start()
    },
  }
}

async function createAdministratorKey(urls: { appUrl: string; systemUrl: string }): Promise<string> {
  await using resources = new AsyncDisposableStack()
  const db = resources.adopt(connect(urls), (database) => database.close())
  const now = () => new Date()
  const deps = { db, now, randomBytes, newId: createIdSource({ now, randomBytes }) }
  const { key } = await createApiKey(deps, {
    companyId: null,
    role: 'administrator',
    name: 'chaos',
    actor: 'chaos',
  })
  return key
}
