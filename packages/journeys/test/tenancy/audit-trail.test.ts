/** The audit of traffic against a real PostgreSQL, which goes away, comes back, and refuses. */
import { randomBytes } from 'node:crypto'
import {
  type AuditEntry,
  type AuditTrail,
  type CompanyId,
  createAuditTrail,
  createCompany,
  createIdSource,
  createLogger,
  DatabaseFailure,
  Nip,
} from '@ksef-fleet/core'
import { type ConnectedDatabase, connect } from '@ksef-fleet/db'
import { createTestDatabase, type TestDatabase } from '@ksef-fleet/db/test-database'
import pg from 'pg'
import { afterEach, beforeEach, describe, expect, test, vi } from 'vitest'

let database: TestDatabase
let db: ConnectedDatabase
let admin: pg.Pool
let company: CompanyId
let lines: string[]
const open: AuditTrail[] = []

beforeEach(async () => {
  database = await createTestDatabase()
  db = connect({ ...database, poolSize: 2 })
  admin = new pg.Pool({ connectionString: database.adminUrl, max: 1 })
  lines = []
  const deps = { db, environment: 'test' as const, now, newId: createIdSource({ now, randomBytes }) }
  company = (await createCompany(deps, { nip: Nip.parse('5265877635'), name: 'Tartak', actor: 'test' })).id
})
afterEach(async () => {
  await Promise.all(open.splice(0).map((trail) => trail.close()))
  await Promise.all([db.close(), admin.end()])
  await database[Symbol.asyncDispose]()
})

const now = () => new Date()

function newTrail(waitingMax?: number): AuditTrail {
  const log = createLogger({
    service: 'test',
    level: 'info',
    destination: { write: (line) => lines.push(line) },
  })
  const trail = createAuditTrail({ db, now, log, ...(waitingMax === undefined ? {} : { waitingMax }) })
  open.push(trail)
  return trail
}

const entry = (number: number): AuditEntry => ({
  actor: 'worker',
  action: 'ksef.call',
  subject: String(number),
  outcome: 'ok',
})

type Written = { subject: string; company_id: string | null; transaction_id: string }

/** What the log holds of calls, in the order in which it was written. */
async function written(): Promise<Written[]> {
  const { rows } = await admin.query<Written>(
    "select subject, company_id, transaction_id::text from ksef_audit_log where action = 'ksef.call' order by id",
  )
  return rows
}

const numbers = (count: number) => Array.from({ length: count }, (_, number) => String(number))
const subjects = async () => (await written()).map(({ subject }) => subject)

/** Nobody but the superuser gets in any more, and who is in is put out. */
async function goAway(): Promise<void> {
  const name = decodeURIComponent(new URL(database.adminUrl).pathname.slice(1))
  await admin.query(`alter database ${name} connection limit 0`)
  await admin.query(
    'select pg_terminate_backend(pid) from pg_stat_activity where datname = current_database() and pid <> pg_backend_pid()',
  )
}

async function comeBack(): Promise<void> {
  const name = decodeURIComponent(new URL(database.adminUrl).pathname.slice(1))
  await admin.query(`alter database ${name} connection limit -1`)
}

describe('entries', () => {
  test('are written by themselves soon after they were recorded, with the company they belong to', async () => {
    const trail = newTrail()
    trail.record(entry(0), company)
    trail.record(entry(1), null)
    await vi.waitFor(async () => expect(await subjects()).toEqual(numbers(2)), 10_000)
    expect((await written()).map(({ company_id }) => company_id)).toEqual([company, null])
    expect(trail.waiting()).toBe(0)
  })

  test('keep their order, in transactions of two hundred', async () => {
    const trail = newTrail()
    for (let number = 0; number < 450; number++) trail.record(entry(number), company)
    await trail.flush()
    expect(await subjects()).toEqual(numbers(450))
    expect(new Set((await written()).map((row) => row.transaction_id)).size).toBe(3)
  })

  test('recorded while others are being written are written too, none twice', async () => {
    const trail = newTrail()
    const flushes: Promise<void>[] = []
    for (let number = 0; number < 300; number++) {
      trail.record(entry(number), company)
      if (number % 40 === 0) flushes.push(trail.flush())
      if (number % 70 === 0) await new Promise(setImmediate)
    }
    await Promise.all([...flushes, trail.flush()])
    expect(await subjects()).toEqual(numbers(300))
  })

  test('that still wait are written when the trail is closed', async () => {
    const trail = newTrail()
    for (let number = 0; number < 5; number++) trail.record(entry(number), company)
    await trail.close()
    expect(await subjects()).toEqual(numbers(5))
  })

  test('the database will never take are given up with an error in the log, and the others are written', async () => {
    const trail = newTrail()
    for (let number = 0; number < 6; number++) {
      const spoiled = number === 3 ? { referenceNumber: 'no text of PostgreSQL holds a \0' } : {}
      trail.record({ ...entry(number), ...spoiled }, company)
    }
    await trail.flush()
    expect(await subjects()).toEqual(['0', '1', '2', '4', '5'])
    expect(lines.filter((line) => line.includes('audit.entry-refused'))).toHaveLength(1)
    expect(trail.waiting()).toBe(0)
  })
})

describe('while the database is away', () => {
  test('entries wait, it is told in the log, and they are written by themselves when it is back', async () => {
    const trail = newTrail()
    await goAway()
    for (let number = 0; number < 30; number++) trail.record(entry(number), company)
    await expect(trail.flush()).rejects.toBeInstanceOf(DatabaseFailure)
    expect(trail.waiting()).toBe(30)
    await vi.waitFor(() => expect(lines.join()).toContain('audit.unwritten'), 10_000)
    await comeBack()
    await vi.waitFor(async () => expect(await subjects()).toEqual(numbers(30)), 20_000)
  })

  test('nobody gets room to do what could not be told, once too many entries wait', async () => {
    const trail = newTrail(5)
    await goAway()
    for (let number = 0; number < 4; number++) trail.record(entry(number), company)
    await trail.room()
    trail.record(entry(4), company)
    await expect(trail.room()).rejects.toBeInstanceOf(DatabaseFailure)
    await comeBack()
    await trail.room()
    expect(await subjects()).toEqual(numbers(5))
    expect(trail.waiting()).toBe(0)
  })

  test('a trail that must close counts what is lost in the log', async () => {
    const trail = newTrail()
    await goAway()
    for (let number = 0; number < 7; number++) trail.record(entry(number), company)
    await trail.close()
    const lost = lines
      .map((line) => JSON.parse(line))
      .filter(({ event, msg }) => (event ?? msg) === 'audit.lost')
    expect(lost).toMatchObject([{ waiting: 7 }])
    await comeBack()
  })
})
