/** The guides do what they say: each is run, step after step, against a whole fleet, the same one for all as a reader has. */
import { mkdtempSync, readdirSync, readFileSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { parseEnv } from 'node:util'
import { createTestDatabase } from '@ksef-fleet/db/test-database'
import { readConfig } from '@ksef-fleet/worker/config'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { runFleet } from '../../src/fleet/run-fleet.ts'
import { blocksOf, patternOf, ROOT, type Run, readGuide, runSteps, stepsOf } from './guide.ts'

const WITHIN_MS = 240_000

const guides = readdirSync(join(ROOT, 'docs/guides')).filter((name) => name.endsWith('.md'))
const contractFolder = process.env.KSEF_CONTRACT_DIR ?? ''
const contract = contractFolder === '' ? [] : ['--contract-file', `${contractFolder}/open-api.json`]

async function startReadersFleet() {
  await using started = new AsyncDisposableStack()
  const directory = mkdtempSync(join(tmpdir(), 'ksef-fleet-guide-'))
  started.defer(() => rmSync(directory, { recursive: true, force: true }))
  const redisUrl = process.env.FLEET_TEST_REDIS_URL ?? ''
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
  const env = {
    API: fleet.apiUrl,
    KSEF: fleet.ksefUrl,
    KEY: await fleet.createProviderKey('guide'),
    SECRETS: join(directory, 'secrets'),
  }
  const resources = started.move()
  return { directory, env, [Symbol.asyncDispose]: () => resources.disposeAsync() }
}

let reader: Awaited<ReturnType<typeof startReadersFleet>>
let runs: ReadonlyMap<string, Promise<Run>>
beforeAll(async () => {
  reader = await startReadersFleet()
  runs = startGuides()
})
afterAll(() => reader?.[Symbol.asyncDispose]())

/** Who signs in for a company is chosen among all credentials of the provider, so guides that make some would meet. */
const madeOfProvider = (name: string): boolean => readGuide(name).includes('"$API/v1/credentials')

/** Those one after the other, and the rest one after the other beside them: guides mostly wait. */
function startGuides(): Map<string, Promise<Run>> {
  const started = new Map<string, Promise<Run>>()
  for (const lane of Map.groupBy(guides, madeOfProvider).values()) {
    let before: Promise<unknown> = Promise.resolve()
    for (const name of lane) {
      const run = before.then(() => runSteps(stepsOf(readGuide(name)), { ...reader, withinMs: WITHIN_MS }))
      started.set(name, run)
      before = run.catch(() => undefined)
    }
  }
  return started
}

describe('a guide', () => {
  test.each(guides)(
    '%s: every step succeeds and prints what stands below it',
    async (name) => {
      const steps = stepsOf(readGuide(name))
      const run = (await runs.get(name)) ?? expect.unreachable()
      const place = run.failedAt === null ? null : `docs/guides/${name}:${run.failedAt.line}`
      expect(place, `${run.complaints}\n${run.printed.at(-1)}`).toBeNull()
      expect(run.printed.length).toBe(steps.length)
      for (const [index, { line, prints }] of steps.entries())
        if (prints !== null)
          expect(run.printed[index], `docs/guides/${name}:${line}`).toMatch(patternOf(prints))
    },
    guides.length * WITHIN_MS,
  )
})

const secretBlocks = (language: string): string[] =>
  blocksOf(readGuide('secret-management.md')).flatMap((block) =>
    block.language === language ? [block.text] : [],
  )

test('the settings of the secret stores are such that a program starts with them', () => {
  const rest = {
    DATABASE_APP_URL: 'postgres://app@localhost/fleet',
    DATABASE_SYSTEM_URL: 'postgres://system@localhost/fleet',
    REDIS_URL: 'redis://localhost',
    KSEF_ENVIRONMENT: 'production',
    MASTER_KEY: Buffer.alloc(32, 7).toString('base64'),
  }
  const stores = secretBlocks('ini').map((text) => {
    const config = readConfig({ ...rest, ...parseEnv(text) })
    return { ...config.secretStore, prefix: config.secretNamePrefix }
  })
  expect(stores).toEqual([
    { kind: 'aws', kmsKeyId: 'alias/ksef-fleet', prefix: 'ksef-fleet' },
    { kind: 'local', directory: '/var/lib/ksef-fleet/secrets', prefix: 'ksef-fleet' },
  ])
})

test('the policy for AWS names what the store asks of Secrets Manager, and nothing else', () => {
  const [policy = ''] = secretBlocks('json')
  const named = [...policy.matchAll(/"secretsmanager:(\w+)"/g)].map(([, action]) => action)
  const store = readFileSync(join(ROOT, 'packages/core/src/secrets/aws-secret-store.ts'), 'utf8')
  const asked = [...store.matchAll(/new (\w+)Command\(/g)].map(([, action]) => action)
  // A secret is created with its tags, for which AWS wants a right of its own.
  expect(new Set(named)).toEqual(new Set([...asked, 'TagResource']))
})
