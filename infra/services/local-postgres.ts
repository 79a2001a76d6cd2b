import { execFile } from 'node:child_process'
import { chownSync, existsSync, mkdirSync, rmSync, writeFileSync } from 'node:fs'
import { readFile } from 'node:fs/promises'
import { join } from 'node:path'
import { promisify } from 'node:util'
import { freePort } from './free-port.ts'
import { keepProcess } from './kept-process.ts'
import { endLeftover } from './leftover-server.ts'
import type { PostgresBinaries } from './postgres-binaries.ts'
import { postgresAnswers } from './readiness.ts'
import type { ServerOptions, StartedServer } from './started-server.ts'
import { type ServerAccount, serverAccount } from './unprivileged.ts'

const run = promisify(execFile)
const READY_MS = 60_000
/** The connections a fleet of two workers, an API and a test run share on one machine. */
const CONNECTIONS_MAX = 300

/**
 * PostgreSQL from npm's binaries: on 127.0.0.1 only, password required, UTC, UTF-8. What it stores lies in
 * `directory/postgres`; with `durable: false` it does not wait for the disk.
 */
export async function startLocalPostgres(
  options: ServerOptions & { binaries: PostgresBinaries },
): Promise<StartedServer> {
  const data = join(options.directory, 'postgres')
  const account = serverAccount()
  await endLeftover({ pidFile: join(data, 'postmaster.pid'), directory: data, name: 'postgres' })
  if (!existsSync(join(data, 'PG_VERSION'))) await initialise({ ...options, data, account })
  const port = await freePort()
  const logFile = join(options.directory, 'postgres.log')
  const server = keepProcess({
    command: account.wrap([options.binaries.postgres, '-D', data, ...settings(port, options.durable)]),
    env: cleanEnvironment(),
    stopSignal: 'INT',
    logFile,
  })
  const url = `postgres://postgres:${options.password}@127.0.0.1:${port}/postgres`
  const died = server.exited.then(async (code) => {
    throw new Error(`PostgreSQL ended with ${code}:\n${(await readFile(logFile, 'utf8')).slice(-2000)}`)
  })
  try {
    await Promise.race([postgresAnswers(url, READY_MS), died])
  } catch (error) {
    await server.stop()
    throw error
  }
  return { url, stop: () => server.stop() }
}

function settings(port: number, durable: boolean): string[] {
  const pairs: Record<string, string> = {
    listen_addresses: '127.0.0.1',
    port: String(port),
    unix_socket_directories: '',
    max_connections: String(CONNECTIONS_MAX),
    timezone: 'UTC',
    log_timezone: 'UTC',
    password_encryption: 'scram-sha-256',
    ...(durable
      ? {}
      : { fsync: 'off', synchronous_commit: 'off', full_page_writes: 'off', max_wal_size: '2GB' }),
  }
  return Object.entries(pairs).flatMap(([name, value]) => ['-c', `${name}=${value}`])
}

/** The end of what a program said, enough to see why it failed. */
const WORDS_MAX = 2_000

async function initialise(
  options: ServerOptions & { binaries: PostgresBinaries; data: string; account: ServerAccount },
): Promise<void> {
  const { account, data, directory } = options
  options.log('PostgreSQL: creating the database cluster')
  const passwordFile = join(directory, 'postgres.initial')
  rmSync(data, { recursive: true, force: true })
  mkdirSync(data, { recursive: true, mode: 0o700 })
  writeFileSync(passwordFile, options.password, { mode: 0o600 })
  if (process.getuid?.() === 0) chownSync(data, account.uid, account.gid)
  const [command, ...args] = account.wrap([
    options.binaries.initdb,
    `--pgdata=${data}`,
    '--username=postgres',
    `--pwfile=${passwordFile}`,
    '--auth=scram-sha-256',
    '--encoding=UTF8',
    '--locale=C',
    '--locale-provider=builtin',
    '--builtin-locale=C.UTF-8',
    ...(options.durable ? [] : ['--no-sync']),
  ])
  try {
    await run(command, args, { env: cleanEnvironment() })
  } catch (error) {
    rmSync(data, { recursive: true, force: true }) // half a cluster would be taken for a whole one next time
    const words = error instanceof Error ? error.message.slice(-WORDS_MAX) : String(error)
    throw new Error(`PostgreSQL could not create its data directory:\n${words}`, { cause: error })
  } finally {
    rmSync(passwordFile, { force: true })
  }
}

/** Without PGDATA, PGPORT and the like, which would quietly redirect the binaries. */
function cleanEnvironment(): NodeJS.ProcessEnv {
  return Object.fromEntries(Object.entries(process.env).filter(([name]) => !name.startsWith('PG')))
}
