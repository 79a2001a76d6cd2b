/** Reads of a company in one round trip each, and the first statement that travels with what opens its transaction. */
import { createServer, connect as dial, type Socket } from 'node:net'
import { setTimeout as sleep } from 'node:timers/promises'
import { inspect } from 'node:util'
import { type Company, type CompanyReads, type CompanyTransaction, DatabaseFailure } from '@ksef-fleet/core'
import { sql } from 'drizzle-orm'
import { afterAll, describe, expect, test } from 'vitest'
import { beginFor } from '../src/company-setting.ts'
import { connect } from '../src/index.ts'
import { openPool } from '../src/pool.ts'
import { readEach, type Tx, transact } from '../src/transaction.ts'
import {
  insertCompany,
  insertIntegration,
  newCompany,
  newCredential,
  newVersion,
  openFleet,
} from './fleet.ts'

const fleet = await openFleet({ poolSize: 1 })
const { db, admin, urls } = fleet
afterAll(() => fleet[Symbol.asyncDispose]())

const narrowPool = (url = urls.appUrl) => openPool({ url, size: 1, name: 'reads' })

const failureOf = async (attempt: Promise<unknown>): Promise<DatabaseFailure> => {
  const error = await attempt.then(
    () => undefined,
    (reason: unknown) => reason,
  )
  expect(error).toBeInstanceOf(DatabaseFailure)
  return error as DatabaseFailure
}

const appConnections = async () =>
  (
    await admin.query(
      `select pid, state from pg_stat_activity where datname = current_database() and usename = 'fleet_app'`,
    )
  ).rows

/** Any statement, as though the types did not forbid it. */
const beyond = (reads: CompanyReads) => reads as CompanyTransaction

/** What fails, and where: in the server, and in the driver before anything of the statement has left. */
const FAILING: [string, (tx: Tx) => Promise<unknown>][] = [
  ['the server refuses', (tx) => tx.execute(sql`select ${'PLANTED-7f3a'}::uuid`)],
  ['the server cannot parse', (tx) => tx.execute(sql`selekt ${'PLANTED-7f3a'}`)],
  [
    'the driver cannot write down',
    (tx) =>
      tx.execute(
        sql`select ${{
          toPostgres() {
            throw new Error('PLANTED-7f3a')
          },
        }}`,
      ),
  ],
]

describe('a read', () => {
  test('sees the rows of its company and no other’s, call after call on one connection', async () => {
    const companies = [await insertCompany(fleet), await insertCompany(fleet), await insertCompany(fleet)]
    for (const company of companies) await insertIntegration(fleet, company)
    for (let round = 0; round < 30; round++) {
      const own = companies[round % 3] as Company
      const other = companies[(round + 1) % 3] as Company
      const read = await db.readCompany(own.id, async (reads) => ({
        company: await reads.companies.get(),
        way: await reads.wayIn('test'),
      }))
      expect(read.company).toEqual(own)
      expect(read.way?.integration.companyId).toBe(own.id)
      expect(read.way?.usable.map(({ companyId }) => companyId)).toEqual([own.id])
      // The statement names its company as well; row-level security alone must do.
      const pool = narrowPool()
      const seen = await readEach(pool, beginFor(own.id, 'read only'), (tx) =>
        tx.execute(sql`select id from companies where id in (${own.id}, ${other.id})`),
      )
      await pool.end()
      expect(seen.rows).toEqual([{ id: own.id }])
    }
  })

  test('leaves no company behind on the connection, nor a transaction', async () => {
    const company = await insertCompany(fleet)
    const pool = narrowPool()
    await readEach(pool, beginFor(company.id, 'read only'), (tx) => tx.execute(sql`select id from companies`))
    const client = await pool.connect()
    const { rows } = await client.query(
      `select current_setting('fleet.company_id', true) as company, (select count(*)::int from companies) as seen`,
    )
    expect(rows).toEqual([{ company: '', seen: 0 }])
    expect(client.getTransactionStatus()).toBe('I')
    client.release()
    await pool.end()
  })

  test('cannot write', async () => {
    const company = newCompany()
    const attempt = db.readCompany(company.id, (reads) => beyond(reads).companies.insert(company))
    expect(await failureOf(attempt)).toMatchObject({ kind: 'refused', sqlState: '25006' })
    expect(await db.readCompany(company.id, (reads) => reads.companies.get())).toBeNull()
  })

  test.each(FAILING)(
    'that %s leaves nothing planted in its failure, and the next ones work',
    async (_, work) => {
      const company = await insertCompany(fleet)
      const pool = narrowPool()
      const failure = await failureOf(readEach(pool, beginFor(company.id, 'read only'), work))
      expect(failure.outcome).toBe('not-done')
      expect(inspect(failure, { depth: 20, showHidden: true })).not.toContain('PLANTED')
      const { rows } = await readEach(pool, beginFor(company.id, 'read only'), (tx) =>
        tx.execute(sql`select id from companies`),
      )
      expect(rows).toEqual([{ id: company.id }])
      await pool.end()
    },
  )

  test('that failed is not swallowed by the work', async () => {
    const company = await insertCompany(fleet)
    const pool = narrowPool()
    const attempt = readEach(pool, beginFor(company.id, 'read only'), async (tx) => {
      await tx.execute(sql`select 1 / 0`).catch(() => {})
      return 'done'
    })
    expect((await failureOf(attempt)).kind).toBe('refused')
    const client = await pool.connect()
    expect(client.getTransactionStatus()).toBe('I')
    client.release()
    await pool.end()
  })

  test('on a connection that was killed is unavailable and not done, and the next one works', async () => {
    const company = await insertCompany(fleet)
    for (let round = 0; round < 10; round++) {
      const attempt = db.readCompany(company.id, async (reads) => {
        await reads.companies.get()
        for (const { pid } of await appConnections())
          await admin.query('select pg_terminate_backend($1)', [pid])
        await reads.companies.get()
      })
      expect(await failureOf(attempt)).toMatchObject({ kind: 'unavailable', outcome: 'not-done' })
      expect(await db.readCompany(company.id, (reads) => reads.companies.get())).toEqual(company)
    }
  })

  test('that comes after its work has ended is refused', async () => {
    const company = await insertCompany(fleet)
    let straggler: Promise<unknown> | undefined
    await db.readCompany(company.id, async (reads) => {
      straggler = sleep(30).then(() => reads.companies.get())
      straggler.catch(() => {})
    })
    await expect(straggler).rejects.toMatchObject({
      cause: { message: 'a statement came after its transaction ended' },
    })
  })
})

describe('the way into a context', () => {
  test('is what the integration and the usable credentials say, with a plan that serves many companies', async () => {
    const provider = newCredential(null, { name: 'provider' })
    await db.asSystem('manage-credentials', (tx) => tx.credentials.insert(provider, newVersion(provider)))
    const companies = [await insertCompany(fleet), await insertCompany(fleet)]
    for (const company of companies) {
      const { id } = await insertIntegration(fleet, company)
      const context = { type: 'Nip' as const, value: company.nip }
      const token = newCredential(company.id, { kind: 'token', context, autoRenew: true })
      const elsewhere = newCredential(company.id, { environment: 'demo' })
      const ended = newCredential(company.id)
      await db.withCompany(company.id, async (tx) => {
        await tx.limits.set(id, {
          rate: { invoiceSend: { perSecond: 1, perMinute: 2, perHour: 3 } },
          at: new Date(),
        })
        await tx.limits.block(id, 'invoiceSend', new Date(Date.now() + 60_000))
        await tx.credentials.insert(token, newVersion(token, { notAfter: null, failure: { code: 'X' } }))
        await tx.credentials.insert(elsewhere, newVersion(elsewhere))
        await tx.credentials.insert(ended, newVersion(ended))
        await tx.credentials.move(ended.id, { from: 'active', to: 'ending' })
      })
    }
    for (let round = 0; round < 20; round++) {
      const company = companies[round % 2] as Company
      const found = await db.withCompany(company.id, async (tx) => {
        const integration = await tx.integrations.current('test')
        const usable = await tx.credentials.usable('test')
        const { rate, blocks } = await tx.limits.get(integration!.id)
        return { way: await tx.wayIn('test'), integration, usable, limits: { rate, blocks } }
      })
      const { way, ...apart } = found
      expect(apart.usable).toHaveLength(3)
      expect(Object.keys(apart.limits.blocks)).toEqual(['invoiceSend'])
      expect(way).toEqual(apart)
    }
  })

  test('is there without a credential, and not without an integration that stands', async () => {
    const company = await insertCompany(fleet)
    const wayIn = () => db.readCompany(company.id, (reads) => reads.wayIn('production'))
    expect(await wayIn()).toBeNull()
    const integration = await insertIntegration(fleet, company, { environment: 'production' })
    expect(await wayIn()).toEqual({ integration, usable: [], limits: { rate: null, blocks: {} } })
    await db.withCompany(company.id, (tx) =>
      tx.integrations.move(integration.id, {
        from: ['active'],
        to: 'revoked',
        set: { revokedAt: new Date(), nipProof: null },
      }),
    )
    expect(await wayIn()).toBeNull()
  })
})

describe('a transaction', () => {
  test.each([
    ['cannot be opened', ['begin nonsense']],
    ['cannot be opened whole', ['begin', 'set local no_such_setting = 1']],
  ])('that %s carries out none of its statements', async (_, begin) => {
    const pool = narrowPool(urls.adminUrl)
    const attempt = transact(pool, begin, async (tx) => {
      const planted = ['create table planted_first ()', 'create table planted_second ()']
      // Side by side and one after another, whatever the work makes of the failure.
      await Promise.allSettled(planted.map((statement) => tx.execute(statement)))
      await tx.execute('create table planted_third ()').catch(() => {})
    })
    expect((await failureOf(attempt)).outcome).toBe('not-done')
    const { rows } = await pool.query(`select tablename from pg_tables where tablename like 'planted%'`)
    expect(rows).toEqual([])
    await pool.end()
  })

  test('whose first statement fails with a name goes on with another connection, on which the name works', async () => {
    const company = await insertCompany(fleet)
    const pool = narrowPool()
    const divide = (by: number) =>
      transact(pool, beginFor(company.id), (tx) =>
        tx.$client.query({ name: 'division', text: 'select 6 / $1::int as result', values: [by] }),
      )
    for (const by of [0, 2, 0, 3]) {
      if (by === 0) expect(await failureOf(divide(by))).toMatchObject({ sqlState: '22012' })
      else expect((await divide(by)).rows).toEqual([{ result: 6 / by }])
    }
    await pool.end()
  })

  test('takes two round trips for one statement, and a read one', async () => {
    const trips = await countTrips()
    const company = newCompany()
    await trips.of(() => trips.db.withCompany(company.id, (tx) => tx.companies.insert(company)))
    const write = newCompany()
    expect(await trips.of(() => trips.db.withCompany(write.id, (tx) => tx.companies.insert(write)))).toBe(2)
    expect(await trips.of(() => trips.db.readCompany(write.id, (reads) => reads.companies.get()))).toBe(1)
    expect(await trips.of(() => trips.db.readCompany(write.id, (reads) => reads.wayIn('test')))).toBe(1)
    expect(await trips.of(() => trips.db.withCompany(write.id, async () => 'no statement'))).toBe(0)
    await trips.close()
  })
})

/** A database behind a proxy that counts the server's ReadyForQuery, of which there is one for each round trip. */
async function countTrips() {
  const READY = Buffer.from([0x5a, 0, 0, 0, 5])
  const target = new URL(urls.appUrl)
  const sockets: Socket[] = []
  let count = 0
  const proxy = createServer((client) => {
    const server = dial(Number(target.port), target.hostname)
    sockets.push(client, server)
    client.pipe(server)
    server.on('data', (bytes) => {
      for (let at = bytes.indexOf(READY); at >= 0; at = bytes.indexOf(READY, at + 1)) count++
      client.write(bytes)
    })
    client.on('error', () => {})
    server.on('error', () => {})
  })
  await new Promise<void>((resolve) => proxy.listen(0, '127.0.0.1', resolve))
  const address = proxy.address()
  if (address === null || typeof address === 'string') throw new Error('the proxy has no port')
  const through = new URL(urls.appUrl)
  through.hostname = '127.0.0.1'
  through.port = String(address.port)
  const counted = connect({ appUrl: through.href, systemUrl: urls.systemUrl, poolSize: 1 })
  return {
    db: counted,
    async of(work: () => Promise<unknown>) {
      const before = count
      await work()
      return count - before
    },
    async close() {
      await counted.close()
      for (const socket of sockets) socket.destroy()
      proxy.close()
    },
  }
}
