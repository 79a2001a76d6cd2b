/** All that befalls Redis and PostgreSQL amid a thousand invoices that a backend posts all the while. */
import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { setTimeout as sleep } from 'node:timers/promises'
import { afterAll, beforeAll, expect, test, vi } from 'vitest'
import { gather } from '../../src/chaos/checks/evidence.ts'
import { judge } from '../../src/chaos/checks/verdict.ts'
import { connectCompanies } from '../../src/chaos/process/companies.ts'
import { emptyLoad, planInvoices, postThrough } from '../../src/chaos/process/load.ts'
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
/** Into a blow of four seconds. */
const AMID_MS = 500
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

/** Amid the work: when so many invoices were accepted, and while some of them are under way. */
async function strikeAt(accepted: number, blow: () => Promise<void>): Promise<number> {
  await until(async () => (await countOf('submissions')) >= accepted, POSTED_WITHIN_MS)
  const underWay = await countOf(`submissions where state <> 'receipted'`)
  await blow()
  return underWay
}

/** An invoice that is posted amid the blow is accepted before it is over, whatever is the matter with Redis. */
async function acceptedAmid(blow: Promise<void>, post: () => Promise<void>): Promise<void> {
  const over = blow.then(() => 'over')
  await sleep(AMID_MS)
  expect(await Promise.race([over, post().then(() => 'accepted')])).toBe('accepted')
  await over
}

test('nothing is lost, nothing registered twice, nothing sent again without need', async () => {
  const companies = await connectCompanies(stack, COMPANIES)
  const load = emptyLoad()
  const posting = {
    companies,
    seed: 'servers',
    count: INVOICES,
    durationMs: SPREAD_MS,
    givesUpAfterMs: POSTED_WITHIN_MS,
    takenRate: 0,
    isBusy: async () => false,
    load,
  }
  const posted = postThrough(stack, planInvoices(posting), posting)
  const one = { companies, seed: 'amid', count: 1, durationMs: 0, givesUpAfterMs: POSTED_WITHIN_MS }
  const postOne = async () => {
    const seed = `amid-${load.acknowledged.length}`
    await postThrough(stack, planInvoices({ ...posting, ...one, seed }), { ...posting, ...one, seed })
  }
  const { redis, crashPostgres, fillDisk } = stack.servers
  const stored: number[] = []
  const roomless = async () => {
    stored.push(await countOf('submissions'))
    await sleep(ROOMLESS_MS)
    stored.push(await countOf('submissions'))
  }
  const underWay = [
    await strikeAt(100, redis.flush),
    await strikeAt(200, crashPostgres),
    await strikeAt(300, () => acceptedAmid(redis.failOver({ behindMs: 700, awayMs: 4_000 }), postOne)),
    await strikeAt(450, redis.flush),
    await strikeAt(500, () => fillDisk(WRITTEN, roomless)),
    await strikeAt(550, () => acceptedAmid(redis.fill(4_000), postOne)),
    await strikeAt(650, () => acceptedAmid(redis.freeze(4_000), postOne)),
    await strikeAt(750, crashPostgres),
    await strikeAt(850, redis.flush),
  ]
  await posted
  await until(async () => (await countOf(`submissions where state <> 'receipted'`)) === 0, REST_MS)
  expect(Math.min(...underWay)).toBeGreaterThan(0)
  expect(stored[1], 'accepted without room for it').toBe(stored[0])
  expect(load).toMatchObject({ acknowledged: { length: INVOICES + 3 }, refused: [], splitKeys: [] })
  const { adminUrl } = stack.servers
  expect(judge(await gather({ ...stack, adminUrl }, load))).toEqual(NOTHING_BROKEN)
}, 300_000)
