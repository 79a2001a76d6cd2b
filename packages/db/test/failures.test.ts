import { randomUUID } from 'node:crypto'
import { createServer, connect as dial, type Socket } from 'node:net'
import { inspect } from 'node:util'
import { CompanyId, DatabaseFailure } from '@ksef-fleet/core'
import { afterAll, expect, test } from 'vitest'
import { connect } from '../src/index.ts'
import { openPool } from '../src/pool.ts'
import { transact } from '../src/transaction.ts'
import {
  insertCompany,
  insertIntegration,
  insertSubmission,
  newCompany,
  newSubmission,
  openFleet,
} from './fleet.ts'

const fleet = await openFleet()
const { db, admin, urls } = fleet
afterAll(() => fleet[Symbol.asyncDispose]())

const failureOf = async (attempt: Promise<unknown>): Promise<DatabaseFailure> => {
  const error = await attempt.then(
    () => undefined,
    (reason: unknown) => reason,
  )
  expect(error).toBeInstanceOf(DatabaseFailure)
  return error as DatabaseFailure
}

const killAppConnections = () =>
  admin.query(
    `select pg_terminate_backend(pid) from pg_stat_activity where datname = current_database() and usename = 'fleet_app'`,
  )

test('a unique key that refuses is a conflict and names its constraint', async () => {
  const company = await insertCompany(fleet)
  const twin = newCompany({ nip: company.nip })
  const failure = await failureOf(db.withCompany(twin.id, (tx) => tx.companies.insert(twin)))
  expect(failure).toMatchObject({
    kind: 'conflict',
    outcome: 'not-done',
    constraint: 'companies_nip_key',
    table: 'companies',
  })
})

test('nothing planted in a parameter or a row leaves with a failure', async () => {
  const planted = 'PLANTED-7f3a'
  const company = await insertCompany(fleet)
  const submission = await insertSubmission(fleet, company, { number: planted })
  const attempts = [
    () => insertSubmission(fleet, company, { number: planted }),
    () => insertSubmission(fleet, company, { number: 'other', issueDate: planted }),
    () => insertSubmission(fleet, company, { id: submission.id, kind: planted }),
    () =>
      db.withCompany(company.id, (tx) => tx.submissions.insert(newSubmission(company, { number: planted }))),
    () => insertSubmission(fleet, company, { number: `${planted}\u0000` }),
    () =>
      db.withCompany(company.id, async (tx) => {
        try {
          await tx.submissions.insert({ ...submission, number: planted })
        } catch (cause) {
          throw new Error('the work wraps it', { cause })
        }
      }),
  ]
  for (const attempt of attempts) {
    const failure = await failureOf(attempt())
    const shown = [
      String(failure),
      failure.stack,
      JSON.stringify(failure),
      inspect(failure, { depth: 20, showHidden: true }),
    ]
    expect(shown.join('\n')).not.toContain(planted)
  }
})

test('an error of the work itself passes unchanged and undoes the work', async () => {
  const company = newCompany()
  const own = new Error('of the work')
  const attempt = db.withCompany(company.id, async (tx) => {
    await tx.companies.insert(company)
    throw own
  })
  await expect(attempt).rejects.toBe(own)
  expect(await db.withCompany(company.id, (tx) => tx.companies.get())).toBeNull()
})

test('work that swallows a failed statement does not commit, and is told so', async () => {
  const company = newCompany()
  const attempt = db.withCompany(company.id, async (tx) => {
    await tx.companies.insert(company)
    await tx.companies.insert(company).catch(() => {})
  })
  expect((await failureOf(attempt)).kind).toBe('refused')
  expect(await db.withCompany(company.id, (tx) => tx.companies.get())).toBeNull()
})

test('a connection killed in the middle of a transaction undoes it, and the next ones work', async () => {
  for (let round = 0; round < 20; round++) {
    const company = newCompany()
    const attempt = db.withCompany(company.id, async (tx) => {
      await tx.companies.insert(company)
      await killAppConnections()
      await tx.companies.get()
    })
    expect(await failureOf(attempt)).toMatchObject({ kind: 'unavailable', outcome: 'not-done' })
    expect(await db.withCompany(company.id, (tx) => tx.companies.get())).toBeNull()
  }
})

test('a connection killed under a running statement undoes its transaction', async () => {
  const company = await insertCompany(fleet)
  const { id } = await insertIntegration(fleet, company)
  await admin.query('begin')
  await admin.query('select 1 from ksef_integrations where id = $1 for update', [id])
  const attempt = failureOf(db.withCompany(company.id, (tx) => tx.integrations.blockUntil(id, new Date())))
  for (;;) {
    const { rows } = await admin.query(
      `select pid from pg_stat_activity where usename = 'fleet_app' and datname = current_database() and wait_event_type = 'Lock'`,
    )
    if (rows.length > 0) break
  }
  await killAppConnections()
  await admin.query('rollback')
  expect(await attempt).toMatchObject({ kind: 'unavailable', outcome: 'not-done' })
})

test('a COMMIT whose answer is lost has an unknown outcome, and the transaction may stand', async () => {
  const target = new URL(urls.appUrl)
  const sockets: Socket[] = []
  const proxy = createServer((client) => {
    const server = dial(Number(target.port), target.hostname)
    sockets.push(client, server)
    let committing = false
    client.on('data', (bytes) => {
      committing ||= bytes.includes('commit')
      server.write(bytes)
    })
    server.on('data', (bytes) => {
      if (committing) client.destroy()
      else client.write(bytes)
    })
    client.on('error', () => {})
    server.on('error', (error) => client.destroy(error))
    client.on('close', () => server.end())
  })
  await new Promise<void>((resolve) => proxy.listen(0, '127.0.0.1', resolve))
  const address = proxy.address()
  if (address === null || typeof address === 'string') throw new Error('the proxy has no port')
  const through = new URL(urls.appUrl)
  through.hostname = '127.0.0.1'
  through.port = String(address.port)
  const unlucky = connect({ appUrl: through.href, systemUrl: urls.systemUrl })
  for (let round = 0; round < 10; round++) {
    const company = newCompany()
    const failure = await failureOf(unlucky.withCompany(company.id, (tx) => tx.companies.insert(company)))
    expect(failure).toMatchObject({ kind: 'unavailable', outcome: 'unknown' })
    expect(await db.withCompany(company.id, (tx) => tx.companies.get())).toEqual(company)
  }
  await unlucky.close()
  for (const socket of sockets) socket.destroy()
  proxy.close()
})

test('a server that cannot be reached is unavailable, and nothing was done', async () => {
  const nowhere = new URL(urls.appUrl)
  nowhere.port = '1'
  const lonely = connect({ appUrl: nowhere.href, systemUrl: nowhere.href })
  const attempts: (() => Promise<unknown>)[] = [
    () => lonely.withCompany(CompanyId.parse(randomUUID()), (tx) => tx.companies.get()),
    () => lonely.asSystem('measure', (tx) => tx.measure()),
    () => lonely.check(),
  ]
  for (const attempt of attempts) {
    expect(await failureOf(attempt())).toMatchObject({ kind: 'unavailable', outcome: 'not-done' })
  }
  await lonely.close()
})

test('a refused login is a failure that does not show it', async () => {
  const wrong = new URL(urls.appUrl)
  wrong.username = 'PLANTED-login'
  wrong.password = 'PLANTED-password'
  const stranger = connect({ appUrl: wrong.href, systemUrl: urls.systemUrl })
  const failure = await failureOf(
    stranger.withCompany(CompanyId.parse(randomUUID()), (tx) => tx.companies.get()),
  )
  expect(failure.sqlState).toMatch(/^28/)
  expect(inspect(failure, { depth: 20, showHidden: true })).not.toContain('PLANTED')
  await stranger.close()
})

test('two transactions that deadlock both succeed, because one is run again', async () => {
  const company = await insertCompany(fleet)
  const first = await insertIntegration(fleet, company)
  const second = await insertIntegration(fleet, company, { environment: 'demo' })
  const holding = [Promise.withResolvers<void>(), Promise.withResolvers<void>()]
  let runs = 0
  const cross = (own: 0 | 1, order: (typeof first)[]) =>
    db.withCompany(company.id, async (tx) => {
      runs++
      for (const { id } of order) {
        await tx.integrations.blockUntil(id, new Date())
        holding[own]?.resolve()
        await holding[1 - own]?.promise
      }
      return 'done'
    })
  expect(await Promise.all([cross(0, [first, second]), cross(1, [second, first])])).toEqual(['done', 'done'])
  expect(runs).toBe(3)
})

test('a transaction that is undone every time is given up after three repeats', async () => {
  const company = await insertCompany(fleet)
  const { id } = await insertIntegration(fleet, company)
  const pool = openPool({ url: urls.appUrl, size: 1, name: 'serial' })
  let runs = 0
  const begin = ['begin isolation level repeatable read', `set local fleet.company_id = '${company.id}'`]
  const attempt = transact(pool, begin, async (tx) => {
    runs++
    await tx.execute('select 1 from ksef_integrations')
    await db.withCompany(company.id, (other) => other.integrations.blockUntil(id, new Date()))
    await tx.execute('update ksef_integrations set blocked_until = now()')
  })
  expect(await failureOf(attempt)).toMatchObject({ kind: 'refused', sqlState: '40001' })
  expect(runs).toBe(4)
  await pool.end()
})

test('a pool with no free connection fails in bounded time instead of waiting for ever', async () => {
  const narrow = connect({ appUrl: urls.appUrl, systemUrl: urls.systemUrl, poolSize: 1 })
  const company = newCompany()
  const failure = await narrow.withCompany(company.id, () =>
    failureOf(narrow.withCompany(company.id, (tx) => tx.companies.get())),
  )
  expect(failure).toMatchObject({ kind: 'unavailable', outcome: 'not-done' })
  await narrow.close()
}, 20_000)

test('connections give up on locks, statements and forgotten transactions, and look in one schema only', async () => {
  const pool = openPool({ url: urls.appUrl, size: 1, name: 'settings' })
  const { rows } =
    await pool.query(`select current_setting('statement_timeout') as statement, current_setting('lock_timeout') as lock,
    current_setting('idle_in_transaction_session_timeout') as idle, current_setting('search_path') as path`)
  expect(rows).toEqual([{ statement: '15s', lock: '5s', idle: '30s', path: 'public,pg_temp' }])
  await pool.end()
})

test('crossing companies names its reason before it happens', async () => {
  const reasons: string[] = []
  const watched = connect({
    appUrl: urls.appUrl,
    systemUrl: urls.systemUrl,
    onSystem: (reason) => reasons.push(reason),
  })
  await watched.asSystem('measure', async () => expect(reasons).toEqual(['measure']))
  await watched.close()
})
