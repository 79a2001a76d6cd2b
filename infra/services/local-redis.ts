import { mkdirSync, writeFileSync } from 'node:fs'
import { readFile } from 'node:fs/promises'
import { join } from 'node:path'
import { freePort } from './free-port.ts'
import { keepProcess } from './kept-process.ts'
import { endLeftover } from './leftover-server.ts'
import { redisAnswers } from './readiness.ts'
import type { ServerOptions, StartedServer } from './started-server.ts'

const READY_MS = 20_000

/** Redis or Valkey on 127.0.0.1 with a password, `noeviction`, and (when durable) the append-only file. */
export async function startLocalRedis(options: ServerOptions & { binary: string }): Promise<StartedServer> {
  const data = join(options.directory, 'redis')
  mkdirSync(data, { recursive: true, mode: 0o700 })
  const pidFile = join(data, 'redis.pid')
  await endLeftover({ pidFile, directory: data, name: 'redis' })
  const port = await freePort()
  // A file, not arguments: arguments can be read by everyone on the machine.
  const configuration = join(data, 'redis.conf')
  const lines = {
    bind: '127.0.0.1',
    port: String(port),
    dir: quoted(data),
    pidfile: quoted(pidFile),
    requirepass: options.password,
    databases: '1024',
    save: '""',
    appendonly: options.durable ? 'yes' : 'no',
    'maxmemory-policy': 'noeviction',
  }
  writeFileSync(
    configuration,
    Object.entries(lines)
      .map((line) => `${line.join(' ')}\n`)
      .join(''),
    { mode: 0o600 },
  )
  const logFile = join(options.directory, 'redis.log')
  const server = keepProcess({ command: [options.binary, configuration], stopSignal: 'TERM', logFile })
  const url = `redis://:${options.password}@127.0.0.1:${port}`
  const died = server.exited.then(async (code) => {
    throw new Error(`Redis ended with ${code}:\n${(await readFile(logFile, 'utf8')).slice(-2000)}`)
  })
  try {
    await Promise.race([redisAnswers(url, READY_MS), died])
  } catch (error) {
    await server.stop()
    throw error
  }
  return { url, stop: () => server.stop() }
}

function quoted(path: string): string {
  return `"${path.replaceAll('\\', '\\\\').replaceAll('"', '\\"')}"`
}
