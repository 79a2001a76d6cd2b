/** The soak in its short form: everything that `npm run chaos` does, with little of each. */
import { spawn } from 'node:child_process'
import { fileURLToPath } from 'node:url'
import { expect, onTestFinished, test } from 'vitest'

const ENTRY = fileURLToPath(new URL('../src/chaos/main.ts', import.meta.url))
const WITHIN_MS = 400_000

/** Servers of its own: a storm crashes them. */
function settings(): NodeJS.ProcessEnv {
  const { DATABASE_URL: _database, REDIS_URL: _redis, ...rest } = process.env
  return rest
}

async function run(args: readonly string[]): Promise<{ code: number | null; said: string; told: string }> {
  const child = spawn(process.execPath, [ENTRY, ...args], {
    env: settings(),
    stdio: ['ignore', 'pipe', 'pipe'],
  })
  onTestFinished(() => void child.kill('SIGKILL'))
  let said = ''
  let told = ''
  child.stdout.on('data', (chunk: Buffer) => {
    said += chunk.toString()
  })
  child.stderr.on('data', (chunk: Buffer) => {
    told += chunk.toString()
  })
  const code = await new Promise<number | null>((resolve) => child.once('close', resolve))
  return { code, said, told }
}

test(
  'a short storm of deaths, crashes and a bad line breaks no promise, and what is wrong is caught',
  async () => {
    const { code, said, told } = await run(['--minutes', '1', '--seed', 'journey'])
    expect(code, told.slice(-4_000)).toBe(0)
    const report: unknown = JSON.parse(said.trim().split('\n').at(-1) ?? '')
    expect(report).toMatchObject({
      bench: 'chaos',
      ok: true,
      figures: {
        lost: 0,
        duplicates: 0,
        falseFailures: 0,
        needlessResends: 0,
        crossings: 0,
        leaks: 0,
        controlsCaught: 6,
      },
    })
  },
  WITHIN_MS,
)
