import { execFile, spawn } from 'node:child_process'
import { accessSync, constants, existsSync, mkdirSync, rmSync, symlinkSync } from 'node:fs'
import { delimiter, join } from 'node:path'
import { promisify } from 'node:util'
import type { Log } from './started-server.ts'

const run = promisify(execFile)
const NAMES = ['redis-server', 'valkey-server']
const INSTALL_MS = 300_000

/** A Redis server program: on PATH, or, as root on Debian or Ubuntu, installed with apt; undefined when neither. */
export async function findRedisBinary(toolDirectory: string, log: Log): Promise<string | undefined> {
  return onPath(NAMES) ?? (await installed(toolDirectory, log))
}

function onPath(names: readonly string[]): string | undefined {
  const folders = (process.env.PATH ?? '').split(delimiter).filter((folder) => folder !== '')
  return folders.flatMap((folder) => names.map((name) => join(folder, name))).find(isExecutable)
}

function isExecutable(file: string): boolean {
  try {
    accessSync(file, constants.X_OK)
    return true
  } catch {
    return false
  }
}

/**
 * Installs `redis-tools`, not `redis-server`: its redis-check-rdb is the very same program, which becomes the server
 * when it is called by that name, and the package brings no service that would be started on this machine.
 */
async function installed(toolDirectory: string, log: Log): Promise<string | undefined> {
  const program = '/usr/bin/redis-check-rdb'
  if (!existsSync(program)) {
    if (process.getuid?.() !== 0 || onPath(['apt-get']) === undefined) return undefined
    log('Redis: no redis-server on PATH, installing redis-tools with apt-get (once)')
    if (!(await aptInstall('redis-tools'))) {
      log('Redis: refreshing the package lists first')
      await run('apt-get', ['update', '-q'], { timeout: INSTALL_MS })
      if (!(await aptInstall('redis-tools'))) return undefined
    }
  }
  mkdirSync(toolDirectory, { recursive: true })
  const link = join(toolDirectory, 'redis-server')
  rmSync(link, { force: true })
  symlinkSync(program, link)
  const { stdout } = await run(link, ['--version'])
  return stdout.includes('Redis server') ? link : undefined
}

async function aptInstall(name: string): Promise<boolean> {
  const child = spawn('apt-get', ['install', '-y', '-q', '--no-install-recommends', name], {
    env: { ...process.env, DEBIAN_FRONTEND: 'noninteractive' },
    stdio: ['ignore', 'ignore', 'inherit'],
    timeout: INSTALL_MS,
  })
  return await new Promise((resolve, reject) => {
    child.once('error', reject)
    child.once('exit', (code) => resolve(code === 0))
  })
}
