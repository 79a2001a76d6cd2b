/** All that befalls Redis and PostgreSQL amid a thousand invoices that a backend posts all the while. */
import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { setTimeout as sleep } from 'node:timers/promises'
import { afterAll, beforeAll, expect, test, vi } from 'vitest'
import { gather } from '../../src/chaos/checks/evidence.ts'
import { judge } from '../../src/chaos/checks/verdict.ts'
import { connectCompanies } from '../../src/chaos/process/companies.ts'
import { type Load, planInvoices, postThrough } from '../../src/chaos/process/load.ts'
import { query } from '../../src/chaos/process/servers.ts'
import { type Stack, startStack } from '../../src/chaos/process/stack.ts'
import { NOTHING_BROKEN } from './mortal-fleet.ts'

const INVOICES = 1_000
const COMPANIES = 5
/** Over which the invoices are spread; a machine that is slower takes longer. */
const SPREAD_MS = 20_000
const POSTED_WITHIN_MS = 120_000
const REST_MS = 90_000
const LOOK_MS = 100
const ROOMLESS_MS = 1_500
/** Without a row of these no invoice is accepted, and none leaves. */
const WRITTEN = ['submissions', 'sessions', 'attempts', 'outbox']

const directory = mkdtempSync(join(tmpdir(), 'servers-'))
let stack: Stack

beforeAll(async () => {
  // Of their own: they are crashed.
  vi.stubEnv('DATABASE_URL', undefined)
  vi.stubEnv('REDIS_URL', undefined)
  stack = await startStack({
    directory,
    seed: 'servers',
    workers: 2,
    lineFaultRate: 0,
    refusalRate: 0,
    isHasty: false,
    log: () => undefined,
  })
})
afterAll(async () => {
  vi.unstubAllEnvs()
  await stack?.[Symbol.asyncDispose]()
  rmSync(directory, { recursive: true, force: true })
})

const countOf = async (where: string): Promise<number> => {
  const [row] = await query<{ n: number }>(stack.servers.adminUrl, `select count(*)::int as n from ${where}`)
  return row?.n ?? 0
}

const until = async (isSo: () => Promise<boolean>, withinMs: number): Promise<void> => {
  const deadline = Date.now() + withinMs
  while (!(await isSo())) {
    if (Date.now() > deadline) throw new Error(`not within ${withinMs} ms: ${isSo}`)
    await sleep(LOOK_MS)
  }
}

/** Amid the work: when so many invoices were accepted. Answers how many of them are under way, and how many more come meanwhile. */
async function strikeAt(accepted: number, blow: () => Promise<void>) {
  await until(async () => (await countOf('submissions')) >= accepted, POSTED_WITHIN_MS)
  const underWay = await countOf(`submissions where state <> 'receipted'`)
  const before = await countOf('submissions')
  await blow()
  return { underWay, accepted: (await countOf('submissions')) - before }
}

test('nothing is lost, nothing registered twice, nothing sent again without need', async () => {
  const posting = {
    companies: await connectCompanies(stack, COMPANIES),
    seed: 'servers',
    count: INVOICES,
    durationMs: SPREAD_MS,
    givesUpAfterMs: POSTED_WITHIN_MS,
    takenRate: 0,
    isBusy: async () => false,
  }
  const posted: Promise<Load> = postThrough(stack, planInvoices(posting), posting)
  const { redis, crashPostgres, fillDisk } = stack.servers
  const stored: number[] = []
  const roomless = async () => {
    stored.push(await countOf('submissions'))
    await sleep(ROOMLESS_MS)
    stored.push(await countOf('submissions'))
  }
  const strikes = [
    await strikeAt(100, redis.flush),
    await strikeAt(200, crashPostgres),
    await strikeAt(300, () => redis.failOver({ behindMs: 700, awayMs: 2_500 })),
    await strikeAt(450, redis.flush),
    await strikeAt(500, () => fillDisk(WRITTEN, roomless)),
    await strikeAt(550, () => redis.fill(1_500)),
    await strikeAt(650, () => redis.freeze(2_500)),
    await strikeAt(800, crashPostgres),
    await strikeAt(850, redis.flush),
  ]
  const load = await posted
  await until(async () => (await countOf(`submissions where state <> 'receipted'`)) === 0, REST_MS)
  expect(Math.min(...strikes.map(({ underWay }) => underWay))).toBeGreaterThan(0)
  // Invoices are accepted whatever is the matter with Redis, and none that cannot be stored.
  const [, , failedOver, , , full, frozen] = strikes
  for (const strike of [failedOver, full, frozen]) expect(strike?.accepted).toBeGreaterThan(10)
  expect(stored[1]).toBe(stored[0])
  expect(load).toMatchObject({ acknowledged: { length: INVOICES }, refused: [], splitKeys: [] })
  const { adminUrl } = stack.servers
  expect(judge(await gather({ ...stack, adminUrl }, load))).toEqual(NOTHING_BROKEN)
}, 300_000)
