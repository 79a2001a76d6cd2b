import { type ChildProcess, spawn } from 'node:child_process'
import { mkdtemp, rm } from 'node:fs/promises'
import { createServer } from 'node:net'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { createTestDatabase, type TestDatabase } from '@ksef-fleet/db/test-database'
import { afterAll, beforeAll, expect, test, vi } from 'vitest'

const SRC = fileURLToPath(new URL('../src/', import.meta.url))

let database: TestDatabase
let directory: string
let env: Record<string, string>
beforeAll(async () => {
  database = await createTestDatabase()
  directory = await mkdtemp(join(tmpdir(), 'fleet-api-process-'))
  env = {
    PATH: process.env.PATH ?? '',
    NODE_COMPILE_CACHE: process.env.NODE_COMPILE_CACHE ?? '',
    DATABASE_APP_URL: database.appUrl,
    DATABASE_SYSTEM_URL: database.systemUrl,
    REDIS_URL: 'redis://127.0.0.1:1', // nothing listens there
    KSEF_ENVIRONMENT: 'test',
    MASTER_KEY: Buffer.alloc(32, 1).toString('base64'),
    SECRET_STORE: 'local',
    SECRET_STORE_DIRECTORY: directory,
  }
})
afterAll(async () => {
  await database?.[Symbol.asyncDispose]()
  await rm(directory, { recursive: true, force: true })
})

type Ended = { code: number | null; stdout: string; stderr: string }

function run(file: string, args: string[] = [], more: Record<string, string> = {}) {
  const child: ChildProcess = spawn(process.execPath, [join(SRC, file), ...args], {
    env: { ...env, ...more },
  })
  const ended = { code: null, stdout: '', stderr: '' } as Ended
  child.stdout?.on('data', (chunk) => {
    ended.stdout += chunk
  })
  child.stderr?.on('data', (chunk) => {
    ended.stderr += chunk
  })
  const end = new Promise<Ended>((resolve) => child.on('close', (code) => resolve({ ...ended, code })))
  return { child, end, seen: ended }
}

const freePort = () =>
  new Promise<number>((resolve) => {
    const server = createServer().listen(0, '127.0.0.1', () => {
      const address = server.address()
      server.close(() => resolve(typeof address === 'object' && address !== null ? address.port : 0))
    })
  })

test('the process starts and serves without Redis, and ends in order on SIGTERM', async () => {
  const made = await run('create-api-key.ts', ['--name', 'first']).end
  expect([made.code, made.stderr]).toEqual([0, ''])
  const key = made.stdout.trim()
  expect(key).toMatch(/^kfp_[\w-]{43}_[0-9a-f]{8}$/)

  const port = await freePort()
  const api = run('main.ts', [], { PORT: String(port) })
  const ready = () => fetch(`http://127.0.0.1:${port}/readyz`).then((answer) => answer.json())
  expect(await vi.waitFor(ready, { timeout: 25_000, interval: 100 })).toEqual({
    ready: true,
    postgres: 'up',
    redis: 'down',
  })
  const made201 = await fetch(`http://127.0.0.1:${port}/v1/companies`, {
    method: 'POST',
    headers: { authorization: `Bearer ${key}`, 'content-type': 'application/json' },
    body: JSON.stringify({ nip: '1231231231', name: 'x' }),
  })
  expect(made201.status).toBe(201)
  api.child.kill('SIGTERM')
  const ended = await api.end
  expect(ended.code, ended.stderr).toBe(0)
  expect(ended.stdout).toContain('"event":"api.stopped"')
  expect(ended.stdout).not.toContain(key)
  for (const line of ended.stdout.trim().split('\n')) expect(() => JSON.parse(line)).not.toThrow()
})

test.each<[string, Record<string, string>, RegExp]>([
  ['a setting is missing', { KSEF_ENVIRONMENT: '' }, /KSEF_ENVIRONMENT/],
  [
    'certificates would not be checked',
    { NODE_TLS_REJECT_UNAUTHORIZED: '0' },
    /NODE_TLS_REJECT_UNAUTHORIZED/,
  ],
  ['the application’s login could pass by row-level security', {}, /superuser/],
])('the process refuses to start when %s', async (name, more, reason) => {
  const unsafe = name.startsWith('the application') ? { DATABASE_APP_URL: database.adminUrl } : {}
  const ended = await run('main.ts', [], { PORT: '0', ...more, ...unsafe }).end
  expect(ended.code).not.toBe(0)
  expect(`${ended.stdout}${ended.stderr}`).toMatch(reason)
})

test.each([
  ['no name', []],
  ['a name of two lines', ['--name', 'a\nb']],
  ['a company that is no id', ['--name', 'x', '--company', '123']],
  ['an unknown company', ['--name', 'x', '--company', crypto.randomUUID()]],
  ['an unknown option', ['--name', 'x', '--scope', 'all']],
])('create-api-key refuses %s and prints no key', async (_, args) => {
  const ended = await run('create-api-key.ts', args).end
  expect([ended.code, ended.stdout]).toEqual([1, ''])
  expect(ended.stderr).toMatch(/\S/)
  expect(ended.stderr).not.toMatch(/postgres:\/\//)
})
