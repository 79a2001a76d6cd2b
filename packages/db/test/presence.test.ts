/** What a worker claimed is free as soon as its process is gone, however long its lease, and not before. */
import { randomUUID } from 'node:crypto'
import { type Company, DatabaseFailure, SessionId } from '@ksef-fleet/core'
import { afterAll, beforeEach, expect, test } from 'vitest'
import { type ConnectedDatabase, connect } from '../src/index.ts'
import { holdPresence } from '../src/presence.ts'
import {
  FORM,
  forgetCompanies,
  GROUP,
  insertCompany,
  insertIntegration,
  insertSubmission,
  NO_VERSION,
  openFleet,
} from './fleet.ts'

const fleet = await openFleet()
const { db, admin, urls } = fleet
afterAll(() => fleet[Symbol.asyncDispose]())
beforeEach(() => forgetCompanies(fleet))

const LEASE = { leaseSeconds: 600 }
const GONE_WITHIN_MS = 5_000

async function worker(): Promise<ConnectedDatabase> {
  const connected = connect({ appUrl: urls.appUrl, systemUrl: urls.systemUrl, isPresent: true })
  await connected.check()
  return connected
}

async function waiting(): Promise<Company> {
  const company = await insertCompany(fleet)
  await insertIntegration(fleet, company)
  await insertSubmission(fleet, company, { nextAttemptAt: new Date(Date.now() - 60_000) })
  return company
}

const claim = (by: ConnectedDatabase, company: Company) =>
  by.withCompany(company.id, (tx) =>
    tx.submissions.claimNext({ environment: 'test', group: GROUP, ...LEASE }),
  )

const open = (by: ConnectedDatabase, company: Company) =>
  by.withCompany(company.id, (tx) =>
    tx.sessions.insertOpening({
      id: SessionId.parse(randomUUID()),
      environment: 'test',
      formCode: FORM,
      sealedKey: 'sealed',
      ...NO_VERSION,
      ...LEASE,
    }),
  )

const sweep = (by: ConnectedDatabase = db) =>
  by.asSystem('sweep-due', async (tx) => {
    await tx.due.freeTheDead()
    return tx.due.expireClaims(100)
  })
const sends = () => db.asSystem('sweep-due', (tx) => tx.due.sends(100))

/** A worker that was there and whose lock nobody holds, as a kill leaves it. */
const died = () => admin.query('insert into worker_presences (holder, is_present) values (1, true)')

/** PostgreSQL has noticed: nobody holds a presence any more. */
async function noneIsPresent(): Promise<void> {
  const until = Date.now() + GONE_WITHIN_MS
  const present = async () =>
    (
      await admin.query(`select from pg_stat_activity where application_name = 'ksef-fleet presence'
                           and datname = current_database()`)
    ).rowCount
  while ((await present()) !== 0) if (Date.now() > until) throw new Error('a presence stays')
}

test('a claim lasts while its worker lives, and ends when it is gone', async () => {
  const company = await waiting()
  const alive = await worker()
  expect((await claim(alive, company))?.state).toBe('claimed')
  expect(await sweep()).toEqual({ lost: 0, pending: 0 })
  await alive.close()
  await noneIsPresent()
  expect(await sweep()).toEqual({ lost: 0, pending: 1 })
  expect(await claim(db, company)).toMatchObject({ state: 'claimed', fence: 2 })
})

test('only the claims of the one that is gone end', async () => {
  const companies = [await waiting(), await waiting()] as const
  const [dying, living] = [await worker(), await worker()]
  await claim(dying, companies[0])
  await claim(living, companies[1])
  await dying.close()
  const until = Date.now() + GONE_WITHIN_MS
  let ended = { lost: 0, pending: 0 }
  while (ended.pending === 0 && Date.now() < until) ended = await sweep(living)
  expect(ended).toEqual({ lost: 0, pending: 1 })
  expect(await sweep(living)).toEqual({ lost: 0, pending: 0 })
  await living.close()
})

test('a session that was being opened is free as well, and its company is rung for at once', async () => {
  const company = await waiting()
  const alive = await worker()
  await open(alive, company)
  expect(await sends()).toEqual([{ companyId: company.id }])
  await sweep()
  const isOver = () =>
    db.withCompany(company.id, async (tx) => {
      const session = await tx.sessions.current('test', FORM)
      return session !== null && (await tx.sessions.isLeaseOver(session.id))
    })
  expect(await isOver()).toBe(false)
  expect(await sends()).toEqual([])
  await alive.close()
  await noneIsPresent()
  await sweep()
  expect(await isOver()).toBe(true)
  expect(await sends()).toEqual([{ companyId: company.id }])
})

test('what was rung for before a death is rung for again, whoever had been rung', async () => {
  const company = await waiting()
  const lastDeathAt = () => db.asSystem('sweep-due', async (tx) => (await tx.due.outlook()).lastDeathAt)
  expect(await sends()).toEqual([{ companyId: company.id }])
  expect(await sends()).toEqual([])
  const leaving = await worker()
  await leaving.close()
  await sweep()
  // It left in order: all it had been rung for is done.
  expect(await sends()).toEqual([])
  const before = await lastDeathAt()
  await died()
  await sweep()
  expect((await lastDeathAt())?.getTime()).toBeGreaterThan(before?.getTime() ?? 0)
  expect(await sends()).toEqual([{ companyId: company.id }])
  // A sweeper that had not heard of it may have rung meanwhile.
  expect(await sends()).toEqual([{ companyId: company.id }])
  await admin.query(`update worker_presences set gone_at = gone_at - interval '1 second'`)
  expect(await sends()).toEqual([])
})

test('where nobody says who claims, as behind a pooler that forwards no settings, leases decide alone', async () => {
  const company = await waiting()
  await claim(db, company)
  await open(db, company)
  expect(await sweep()).toEqual({ lost: 0, pending: 0 })
})

test('a presence whose connection is cut comes back by itself', async () => {
  const alive = await worker()
  const present = async () =>
    (
      await admin.query<{ pid: number }>(`select pid from pg_locks where locktype = 'advisory' and granted
        and classid = 7234005 and database = (select oid from pg_database where datname = current_database())`)
    ).rows
  const [before] = await present()
  await admin.query('select pg_terminate_backend($1)', [before?.pid])
  const until = Date.now() + GONE_WITHIN_MS
  let [after] = await present()
  while ((after === undefined || after.pid === before?.pid) && Date.now() < until) [after] = await present()
  expect(after?.pid).toBeGreaterThan(0)
  expect(after?.pid).not.toBe(before?.pid)
  await alive.close()
})

test('a presence that cannot be taken says so, and lets itself be closed', async () => {
  const away = holdPresence('postgres://nobody@127.0.0.1:1/nothing')
  await expect(away.held()).rejects.toBeInstanceOf(DatabaseFailure)
  await away.close()
})
