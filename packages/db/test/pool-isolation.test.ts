import { setTimeout as sleep } from 'node:timers/promises'
import { CompanyId } from '@ksef-fleet/core'
import { sql } from 'drizzle-orm'
import pg from 'pg'
import { afterAll, expect, test } from 'vitest'
import { beginFor } from '../src/company-setting.ts'
import { openPool } from '../src/pool.ts'
import { type Tx, transact } from '../src/transaction.ts'
import { fillEveryTable } from './every-table.ts'
import { createTestDatabase } from './test-database.ts'

const TRANSACTIONS = 4_000
const CONNECTIONS = 5

const database = await createTestDatabase()
const admin = new pg.Client({ connectionString: database.adminUrl })
await admin.connect()
const companies: CompanyId[] = []
for (let at = 0; at < 8; at++) companies.push(CompanyId.parse(await fillEveryTable(admin, `300000000${at}`)))
afterAll(async () => {
  await admin.end()
  await database[Symbol.asyncDispose]()
})

const seenBy = async (tx: Pick<Tx, 'execute'>): Promise<string[]> =>
  (await tx.execute<{ id: string }>(sql`select company_id as id from submissions`)).rows.map(({ id }) => id)

/** `each(at)` for every transaction, as many at once as there are connections, and a few waiting. */
async function flood(each: (at: number) => Promise<void>): Promise<void> {
  let next = 0
  const lane = async () => {
    while (next < TRANSACTIONS) await each(next++)
  }
  await Promise.all(Array.from({ length: CONNECTIONS * 3 }, lane))
}

test('4,000 mixed transactions over five connections never see another company, one in seven aborted', async () => {
  const pool = openPool({ url: database.appUrl, size: CONNECTIONS, name: 'isolation' })
  let own = 0
  let crossed = 0
  let aborted = 0
  let unset = 0
  await flood(async (at) => {
    const company = companies[at % companies.length]
    if (company === undefined) throw new Error('no company')
    const forgets = at % 5 === 4
    const work = async (tx: Tx) => {
      const seen = await seenBy(tx)
      if (forgets) unset += seen.length
      else if (seen.length === 1 && seen[0] === company) own++
      else crossed++
      if (at % 7 === 6) throw new Error('aborted by the test')
    }
    await transact(pool, forgets ? ['begin'] : beginFor(company), work).catch((error: Error) => {
      expect(error.message).toBe('aborted by the test')
      aborted++
    })
  })
  await pool.end()
  expect({ crossed, unset }).toEqual({ crossed: 0, unset: 0 })
  expect(own).toBe(TRANSACTIONS * 0.8)
  expect(aborted).toBe(Math.floor(TRANSACTIONS / 7))
})

test('negative control: with a session-level setting the same flood does show leaks', async () => {
  const pool = new pg.Pool({ connectionString: database.appUrl, max: CONNECTIONS })
  let leaked = 0
  await flood(async (at) => {
    const client = await pool.connect()
    if (at % 5 === 4) leaked += (await client.query('select company_id from submissions')).rows.length
    else
      await client.query(`select set_config('fleet.company_id', $1, false)`, [
        companies[at % companies.length],
      ])
    client.release()
  })
  await pool.end()
  expect(leaked).toBeGreaterThan(0)
})

test('a statement that comes after its transaction ended is refused, not run in the next one', async () => {
  const pool = openPool({ url: database.appUrl, size: 1, name: 'isolation' })
  const [first, second] = companies
  if (first === undefined || second === undefined) throw new Error('no company')
  let straggler: Promise<string[]> | undefined
  await transact(pool, beginFor(first), async (tx) => {
    straggler = sleep(50).then(() => seenBy(tx))
    straggler.catch(() => {})
  })
  await transact(pool, beginFor(second), async () => {
    await expect(straggler).rejects.toMatchObject({
      cause: { message: 'a statement came after its transaction ended' },
    })
  })
  await pool.end()
})

test('a company id that is no UUID never reaches the server', () => {
  const forged = `x', true); select set_config('fleet.company_id', '${companies[0]}` as CompanyId
  expect(() => beginFor(forged)).toThrow('a company id is a UUID')
})
