import { execFile } from 'node:child_process'
import { existsSync, mkdirSync, rmSync, symlinkSync } from 'node:fs'
import { join } from 'node:path'
import { promisify } from 'node:util'
import { installWithApt, onPath } from './apt.ts'
import type { Log } from './started-server.ts'

const run = promisify(execFile)
const NAMES = ['redis-server', 'valkey-server']

/** A Redis server program: on PATH, or, as root on Debian or Ubuntu, installed with apt; undefined when neither. */
export async function findRedisBinary(toolDirectory: string, log: Log): Promise<string | undefined> {
  return onPath(NAMES) ?? (await installed(toolDirectory, log))
}

/**
 * Installs `redis-tools`, not `redis-server`: its redis-check-rdb is the very same program, which becomes the server
 * when it is called by that name, and the package brings no service that would be started on this machine.
 */
async function installed(toolDirectory: string, log: Log): Promise<string | undefined> {
  const program = '/usr/bin/redis-check-rdb'
  if (!existsSync(program)) {
    log('Redis: no redis-server on PATH')
    if (!(await installWithApt('redis-tools', (line) => log(`Redis: ${line}`)))) return undefined
  }
  mkdirSync(toolDirectory, { recursive: true })
  const link = join(toolDirectory, 'redis-server')
  rmSync(link, { force: true })
  symlinkSync(program, link)
  const { stdout } = await run(link, ['--version'])
  return stdout.includes('Redis server') ? link : undefined
}
