/**
 * A whole fleet on this machine, each program a process of its own as in production: simulator, api, worker. Used by
 * `npm start` and by the journeys.
 */
import { randomBytes } from 'node:crypto'
import { existsSync, mkdirSync, readFileSync, writeFileSync } from 'node:fs'
import { createServer } from 'node:net'
import { join } from 'node:path'
import { createApiKey, createIdSource } from '@ksef-fleet/core'
import { connect } from '@ksef-fleet/db'
import { freePort } from '@ksef-fleet/infra/free-port'
import { type FleetProcess, startProcess } from './fleet-process.ts'

export type DatabaseUrls = { appUrl: string; systemUrl: string }

export type FleetOptions = {
  /** Logins to a migrated database. */
  database: DatabaseUrls
  redisUrl: string
  /** Where logs, master key and secrets lie. */
  directory: string
  log: (line: string) => void
  /** Taken when free, else another. */
  apiPort?: number
  simulatorPort?: number
  simulatorArgs?: readonly string[]
  /** Settings of the worker beside those every fleet has. */
  workerEnv?: Record<string, string>
  /** One unless stated; with none, what is accepted waits. */
  workers?: number
  opsPassword?: string
}

export type Fleet = AsyncDisposable & {
  apiUrl: string
  /** Base URL of the simulated KSeF, ending in /v2. */
  ksefUrl: string
  /** The simulator's control plane. */
  simulatorUrl: string
  redisUrl: string
  api: FleetProcess
  workers: FleetProcess[]
  logFiles: string[]
  startWorker(): Promise<FleetProcess>
  createProviderKey(name: string): Promise<string>
}

export async function runFleet(options: FleetOptions): Promise<Fleet> {
  const started = new AsyncDisposableStack()
  try {
    return await startPrograms(options, started)
  } catch (error) {
    await started.disposeAsync()
    throw error
  }
}

async function startPrograms(options: FleetOptions, started: AsyncDisposableStack): Promise<Fleet> {
  const { appUrl, systemUrl } = options.database

  const run = async (program: Omit<Parameters<typeof startProcess>[0], 'directory'>) => {
    const running = await startProcess({ ...program, directory: join(options.directory, 'logs') })
    started.defer(() => running.stop())
    options.log(`${program.name} is ready`)
    return running
  }

  const simulatorPort = await portNear(options.simulatorPort)
  const simulatorUrl = `http://127.0.0.1:${simulatorPort}`
  const simulator = await run({
    name: 'simulator',
    entry: 'packages/simulator/src/main.ts',
    args: ['--port', String(simulatorPort), ...(options.simulatorArgs ?? [])],
    env: {},
    readyUrl: `${simulatorUrl}/_simulator/health`,
  })

  const env = {
    DATABASE_APP_URL: appUrl,
    DATABASE_SYSTEM_URL: systemUrl,
    REDIS_URL: options.redisUrl,
    KSEF_ENVIRONMENT: 'test',
    MASTER_KEY: keepSecret(options.directory, 'master.key', () => randomBytes(32).toString('base64')),
    SECRET_STORE: 'local',
    SECRET_STORE_DIRECTORY: join(options.directory, 'secrets'),
    // A receiver of events on this machine, for whoever tries the fleet out.
    WEBHOOK_NETWORKS: '127.0.0.0/8',
    WEBHOOK_HTTP: 'true',
  }
  const apiPort = await portNear(options.apiPort)
  const apiUrl = `http://127.0.0.1:${apiPort}`
  const ops = options.opsPassword === undefined ? {} : { OPS_PASSWORD: options.opsPassword }
  const api = await run({
    name: 'api',
    entry: 'apps/api/src/main.ts',
    env: { ...env, ...ops, KSEF_QR_URL: simulatorUrl, PORT: String(apiPort) },
    readyUrl: `${apiUrl}/readyz`,
  })

  const workers: FleetProcess[] = []
  const startWorker = async () => {
    const port = await freePort()
    const worker = await run({
      name: `worker-${workers.length + 1}`,
      entry: 'apps/worker/src/main.ts',
      env: {
        ...env,
        KSEF_BASE_URL: `${simulatorUrl}/v2`,
        KSEF_LIGHTHOUSE_URL: simulatorUrl,
        HEALTH_PORT: String(port),
        ...options.workerEnv,
      },
      readyUrl: `http://127.0.0.1:${port}/readyz`,
    })
    workers.push(worker)
    return worker
  }
  for (let count = 0; count < (options.workers ?? 1); count++) await startWorker()

  return {
    apiUrl,
    ksefUrl: `${simulatorUrl}/v2`,
    simulatorUrl,
    redisUrl: options.redisUrl,
    api,
    workers,
    get logFiles() {
      return [simulator, api, ...workers].map((program) => program.logFile)
    },
    startWorker,
    createProviderKey: (name) => createProviderKey(options.database, name),
    [Symbol.asyncDispose]: () => started.disposeAsync(),
  }
}

async function createProviderKey(urls: DatabaseUrls, name: string): Promise<string> {
  await using resources = new AsyncDisposableStack()
  const db = resources.adopt(connect(urls), (database) => database.close())
  const now = () => new Date()
  const deps = { db, now, randomBytes, newId: createIdSource({ now, randomBytes }) }
  const { key } = await createApiKey(deps, {
    companyId: null,
    role: 'administrator',
    name,
    actor: 'npm start',
  })
  return key
}

/** A secret made once for a directory and kept with the data that only it opens. */
export function keepSecret(directory: string, name: string, make: () => string): string {
  mkdirSync(directory, { recursive: true, mode: 0o700 })
  const file = join(directory, name)
  if (!existsSync(file)) writeFileSync(file, make(), { mode: 0o600 })
  return readFileSync(file, 'utf8')
}

/** The wished port when it is free, else any free one. */
async function portNear(wished: number | undefined): Promise<number> {
  return wished !== undefined && (await isFree(wished)) ? wished : freePort()
}

function isFree(port: number): Promise<boolean> {
  return new Promise((resolve) => {
    const server = createServer()
    server.once('error', () => resolve(false))
    server.listen(port, '127.0.0.1', () => server.close(() => resolve(true)))
  })
}
