/** Redis is emptied and PostgreSQL crashes amid a thousand invoices that a backend posts all the while. */
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
const SPREAD_MS = 10_000
const POSTED_WITHIN_MS = 120_000
const REST_MS = 90_000
const LOOK_MS = 100

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

/** Amid the work: when so many invoices were accepted, and while some of them are under way. */
async function strikeAt(accepted: number, blow: () => Promise<void>): Promise<number> {
  await until(async () => (await countOf('submissions')) >= accepted, POSTED_WITHIN_MS)
  const underWay = await countOf(`submissions where state <> 'receipted'`)
  await blow()
  return underWay
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
  const { flushRedis, crashPostgres } = stack.servers
  const underWay = [
    await strikeAt(150, flushRedis),
    await strikeAt(350, crashPostgres),
    await strikeAt(550, flushRedis),
    await strikeAt(700, crashPostgres),
    await strikeAt(850, flushRedis),
  ]
  const load = await posted
  await until(async () => (await countOf(`submissions where state <> 'receipted'`)) === 0, REST_MS)
  expect(Math.min(...underWay)).toBeGreaterThan(0)
  expect(load).toMatchObject({ acknowledged: { length: INVOICES }, refused: [], splitKeys: [] })
  const { adminUrl } = stack.servers
  expect(judge(await gather({ ...stack, adminUrl }, load))).toEqual(NOTHING_BROKEN)
}, 300_000)
