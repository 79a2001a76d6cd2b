/** The guides do what they say: each is run, step after step, against a whole fleet that is as empty as a reader's. */
import { mkdtempSync, readdirSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { createTestDatabase } from '@ksef-fleet/db/test-database'
import { Redis } from 'ioredis'
import { describe, expect, test } from 'vitest'
import { runFleet } from '../../src/fleet/run-fleet.ts'
import { patternOf, ROOT, readGuide, runSteps, stepsOf } from './guide.ts'

const WITHIN_MS = 240_000

const guides = readdirSync(join(ROOT, 'docs/guides')).filter((name) => name.endsWith('.md'))
const contractFolder = process.env.KSEF_CONTRACT_DIR ?? ''
const contract = contractFolder === '' ? [] : ['--contract-file', `${contractFolder}/open-api.json`]

async function startReadersFleet() {
  await using started = new AsyncDisposableStack()
  const directory = mkdtempSync(join(tmpdir(), 'ksef-fleet-guide-'))
  started.defer(() => rmSync(directory, { recursive: true, force: true }))
  const redisUrl = process.env.FLEET_TEST_REDIS_URL ?? ''
  const redis = started.adopt(new Redis(redisUrl), (connection) => connection.disconnect())
  await redis.flushdb()
  const database = started.use(await createTestDatabase())
  const fleet = started.use(
    await runFleet({
      database,
      redisUrl,
      directory,
      log: () => undefined,
      simulatorArgs: ['--processing-delay-ms', '100', ...contract],
    }),
  )
  const env = { API: fleet.apiUrl, KSEF: fleet.ksefUrl, KEY: await fleet.createProviderKey('guide') }
  const resources = started.move()
  return { directory, env, [Symbol.asyncDispose]: () => resources.disposeAsync() }
}

describe('a guide', () => {
  test.each(guides)(
    '%s: every step succeeds and prints what stands below it',
    async (name) => {
      const steps = stepsOf(readGuide(name))
      await using reader = await startReadersFleet()
      const run = await runSteps(steps, { ...reader, withinMs: WITHIN_MS })
      const place = run.failedAt === null ? null : `docs/guides/${name}:${run.failedAt.line}`
      expect(place, `${run.complaints}\n${run.printed.at(-1)}`).toBeNull()
      expect(run.printed.length).toBe(steps.length)
      for (const [index, { line, prints }] of steps.entries())
        if (prints !== null)
          expect(run.printed[index], `docs/guides/${name}:${line}`).toMatch(patternOf(prints))
    },
    WITHIN_MS + 60_000,
  )
})
