import { type AuditEntry, createLogger } from '@ksef-fleet/core'
import { type ConnectedDatabase, connect } from '@ksef-fleet/db'
import { createTestDatabase, type TestDatabase } from '@ksef-fleet/db/test-database'
import { afterEach, beforeEach, expect, test, vi } from 'vitest'
import { startAuditRetention, startAuditSealer } from '../src/audit-upkeep.ts'
import type { Loop } from '../src/loop.ts'

let database: TestDatabase
let db: ConnectedDatabase
const loops: Loop[] = []
beforeEach(async () => {
  database = await createTestDatabase()
  db = connect({ ...database, poolSize: 4 })
})
afterEach(async () => {
  await Promise.all(loops.splice(0).map((loop) => loop.stop()))
  await db.close()
  await database[Symbol.asyncDispose]()
})

const log = createLogger({ service: 'worker', level: 'silent' })

const write = (count: number, at: Date) =>
  db.asSystem('write-audit', (tx) =>
    tx.audit.appendFor(
      Array.from({ length: count }, (_, number): AuditEntry & { companyId: null; at: Date } => ({
        actor: 'worker',
        action: 'ksef.call',
        subject: String(number),
        outcome: 'ok',
        companyId: null,
        at,
      })),
    ),
  )

const chainOf = (day: string) =>
  db.asSystem('read-audit', async (tx) => ({
    seals: await tx.audit.seals(day),
    fault: await tx.audit.verify(day),
  }))

test('several workers that chain the audit log side by side leave one whole chain over every entry', async () => {
  const at = new Date()
  const day = at.toISOString().slice(0, 10)
  for (let worker = 0; worker < 3; worker++) loops.push(startAuditSealer({ db, log, pauseMs: 20 }))
  for (let turn = 0; turn < 5; turn++) await write(300, at)
  await vi.waitFor(async () => {
    const { seals, fault } = await chainOf(day)
    expect(fault).toBeNull()
    expect(seals.reduce((sum, { entries }) => sum + entries, 0)).toBe(1_500)
    expect(seals.map(({ number }) => number)).toEqual(seals.map((_, index) => index + 1))
  }, 30_000)
})

test('months that are no longer to be kept are dropped, and those that are stay', async () => {
  const longAgo = new Date('2019-03-05T12:00:00Z')
  await write(2, longAgo)
  await write(1, new Date())
  loops.push(startAuditRetention({ db, log, months: 84, pauseMs: 50 }))
  await vi.waitFor(async () => {
    const left = await db.asSystem('read-audit', (tx) => tx.audit.list({ limit: 10 }))
    expect(left.map(({ subject }) => subject)).toEqual(['0'])
  }, 20_000)
})
