/** How a worker ends that is asked to and is given no time, or that does not know any more what it is at. */
import { randomUUID } from 'node:crypto'
import { readFileSync, writeFileSync } from 'node:fs'
import { dirname, join } from 'node:path'
import { setTimeout as sleep } from 'node:timers/promises'
import { freePort } from '@ksef-fleet/infra/free-port'
import { afterAll, afterEach, beforeAll, expect, test } from 'vitest'
import { endOf } from '../../src/chaos/process/mortal-worker.ts'
import { startProcess } from '../../src/fleet/fleet-process.ts'
import { hasTold, type MortalFleet, NOTHING_BROKEN, startMortalFleet } from './mortal-fleet.ts'

let mortal: MortalFleet

beforeAll(async () => {
  mortal = await startMortalFleet()
})
afterEach(() => mortal.endWorkers())
afterAll(() => mortal[Symbol.asyncDispose]())

const LIVES = 20
const COMPANIES = 4
const WITHIN_MS = 20_000

test('asked to end and killed before it has, twenty times in a row, it loses nothing and sends nothing twice', async () => {
  const companies = await mortal.companies(COMPANIES)
  let next = mortal.worker()
  const killed: string[] = []
  for (let life = 0; life < LIVES; life++) {
    const worker = next
    next = mortal.worker()
    worker.begin(null)
    const company = companies[life % COMPANIES]
    if (company !== undefined) await mortal.feed(company, 3, 'immediate')
    await hasTold(worker, 'delivery.attempt-ended')
    worker.child.kill('SIGTERM')
    await hasTold(worker, 'worker.stopping')
    await sleep(life * 2)
    await endOf(worker.child)
    killed.push(worker.child.signalCode ?? 'ended')
  }
  next.begin(null)
  await mortal.atRest(60_000)
  expect(killed).toContain('SIGKILL')
  expect(await mortal.verdict()).toEqual(NOTHING_BROKEN)
  expect(mortal.taken()).toEqual([1])
}, 180_000)

/** A promise that nobody awaits is rejected once the file is there: a bug of ours that no test has met. */
const bugAt = (file: string): string =>
  `--import=data:text/javascript,${encodeURIComponent(
    `import{existsSync}from'node:fs';const ear=setInterval(()=>{if(existsSync(${JSON.stringify(file)})){clearInterval(ear);void Promise.reject(new Error('a bug'))}},20);ear.unref()`,
  )}`

test.each([
  ['a worker', 'apps/worker/src/main.ts', 'HEALTH_PORT'],
  ['the API', 'apps/api/src/main.ts', 'PORT'],
])(
  'a rejection that nobody caught ends %s, which does not go on in a state that nobody knows',
  async (_, entry, portOf) => {
    const directory = dirname(mortal.deathsFile)
    const file = join(directory, randomUUID())
    const port = String(await freePort())
    const program = await startProcess({
      name: randomUUID(),
      entry,
      env: { ...mortal.env, [portOf]: port, NODE_OPTIONS: bugAt(file) },
      readyUrl: `http://127.0.0.1:${port}/readyz`,
      directory,
    })
    try {
      writeFileSync(file, '')
      expect(await Promise.race([program.exited, sleep(WITHIN_MS, 'still there')])).toBe(1)
      expect(readFileSync(program.logFile, 'utf8')).toContain('Error: a bug')
    } finally {
      await program.kill()
    }
  },
)
