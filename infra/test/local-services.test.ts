import { spawn } from 'node:child_process'
import { mkdirSync, mkdtempSync, readdirSync, readFileSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { Redis } from 'ioredis'
import { Client } from 'pg'
import { afterEach, beforeEach, describe, expect, test, vi } from 'vitest'
import { freePort } from '../services/free-port.ts'
import { DirectoryInUse, RedisEvicts, type Services, startServices } from '../services/index.ts'
import { keepProcess } from '../services/kept-process.ts'
import { findRedisBinary } from '../services/redis-binary.ts'
import { root } from '../tasks/workspace.ts'

let folder = ''
beforeEach(() => {
  // 0700, as a home folder is: the account that PostgreSQL runs under may not enter it.
  folder = mkdtempSync(join(tmpdir(), 'fleet-services-'))
  vi.stubEnv('FLEET_SERVICES', 'local')
  vi.stubEnv('DATABASE_URL', '')
  vi.stubEnv('REDIS_URL', '')
})
afterEach(() => {
  vi.unstubAllEnvs()
  rmSync(folder, { recursive: true, force: true })
})

const start = (options: { durable?: boolean } = {}) =>
  startServices({ directory: folder, log: () => undefined, ...options })

async function ask(services: Services, query: string): Promise<Record<string, unknown>[]> {
  const client = new Client({ connectionString: services.postgresAdminUrl })
  try {
    await client.connect()
    return (await client.query<Record<string, unknown>>(query)).rows
  } finally {
    await client.end()
  }
}

/** The command lines that name the directory; from /proc, because a bare machine has no ps. */
function processesIn(directory: string): string[] {
  return readdirSync('/proc')
    .filter((name) => /^\d+$/.test(name))
    .map((pid) => commandLine(pid))
    .filter((line) => line.includes(directory))
}

function commandLine(pid: string): string {
  try {
    return readFileSync(`/proc/${pid}/cmdline`, 'utf8').replaceAll('\0', ' ')
  } catch {
    return '' // ended meanwhile
  }
}

// Local programs are for Linux and macOS; what is left behind is looked up in /proc.
describe.runIf(process.platform === 'linux')('local services', () => {
  test('answer, keep their data over a restart, and leave no process and no claim behind', async () => {
    {
      await using first = await start()
      expect(first.origin).toEqual({ postgres: 'local', redis: 'local' })
      await ask(first, 'create table kept as select 42 as n')
      const redis = new Redis(first.redisUrl)
      await redis.set('kept', 'yes')
      redis.disconnect()
    }
    expect(processesIn(folder)).toEqual([])
    expect(readdirSync(folder)).not.toContain('in-use-by.json')
    await using second = await start()
    expect(await ask(second, 'select n from kept')).toEqual([{ n: 42 }])
    const redis = new Redis(second.redisUrl)
    expect(await redis.get('kept')).toBe('yes')
    redis.disconnect()
  })

  test('run in UTC and require a password', async () => {
    await using services = await start({ durable: false })
    expect(await ask(services, 'show timezone')).toEqual([{ TimeZone: 'UTC' }])
    const stranger = new URL(services.postgresAdminUrl)
    stranger.password = 'guess'
    await expect(ask({ ...services, postgresAdminUrl: stranger.href }, 'select 1')).rejects.toThrow(
      /password/,
    )
    const anonymous = new Redis(services.redisUrl.replace(/:[^:@]+@/, ''), { retryStrategy: () => null })
    anonymous.on('error', () => undefined) // the refusal below is what counts
    await expect(anonymous.ping()).rejects.toThrow(/NOAUTH/)
    anonymous.disconnect()
  })

  test('that need not last leave nothing at all', async () => {
    {
      await using services = await start({ durable: false })
      expect(await ask(services, 'show fsync')).toEqual([{ fsync: 'off' }])
    }
    expect(readdirSync(folder)).toEqual([])
  })

  test('of one directory are refused to a second run, which is told by whom they are used', async () => {
    await using _first = await start()
    await expect(start()).rejects.toThrow(DirectoryInUse)
    await expect(start()).rejects.toThrow(String(process.pid))
  })

  test('end when the process that started them is killed, and the next start finds their data whole', async () => {
    const program = `
      import { startServices } from ${JSON.stringify(join(root, 'infra/services/index.ts'))}
      await startServices({ directory: ${JSON.stringify(folder)}, log: () => undefined })
      console.log('up')`
    const owner = spawn(process.execPath, ['--input-type=module', '-e', program], {
      stdio: ['ignore', 'pipe', 'inherit'],
    })
    await new Promise((resolve) => owner.stdout.once('data', resolve))
    expect(processesIn(folder).length).toBeGreaterThan(0)
    const gone = new Promise((resolve) => owner.once('exit', resolve))
    owner.kill('SIGKILL')
    await gone
    await using services = await start()
    expect(await ask(services, 'select 1 as one')).toEqual([{ one: 1 }])
  })
})

test('a given Redis that drops keys under memory pressure is refused', async () => {
  const binary = await findRedisBinary(folder, () => undefined)
  if (binary === undefined) throw new Error('this test needs redis-server')
  const port = await freePort()
  mkdirSync(join(folder, 'evicting'))
  const evicting = keepProcess({
    command: [
      binary,
      '--port',
      String(port),
      '--bind',
      '127.0.0.1',
      '--save',
      '',
      '--maxmemory-policy',
      'allkeys-lru',
    ],
    stopSignal: 'TERM',
    logFile: join(folder, 'redis.log'),
  })
  vi.stubEnv('REDIS_URL', `redis://127.0.0.1:${port}`)
  await expect(startServices({ directory: folder, log: () => undefined, need: ['redis'] })).rejects.toThrow(
    RedisEvicts,
  )
  await evicting.stop()
})

test('an unknown source is refused by name', async () => {
  vi.stubEnv('FLEET_SERVICES', 'cloud')
  await expect(start()).rejects.toThrow(/FLEET_SERVICES is "cloud"/)
  expect(readdirSync(folder)).not.toContain('in-use-by.json')
})
