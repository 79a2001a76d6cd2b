import { setTimeout as sleep } from 'node:timers/promises'
import type { AuditEntry } from '@ksef-fleet/core'
import pg from 'pg'
import { afterEach, beforeEach, describe, expect, test } from 'vitest'
import { type Fleet, openFleet } from './fleet.ts'

let fleet: Fleet
beforeEach(async () => {
  fleet = await openFleet()
})
afterEach(() => fleet[Symbol.asyncDispose]())

const DAY = '2026-11-21'
const entry = (at: string, set: Partial<AuditEntry> = {}) => ({
  actor: 'worker',
  action: 'ksef.call',
  subject: 's',
  outcome: 'ok' as const,
  companyId: null,
  at: new Date(at),
  ...set,
})
const write = (...entries: ReturnType<typeof entry>[]) =>
  fleet.db.asSystem('write-audit', (tx) => tx.audit.appendFor(entries))
const seal = (limit = 1_000) => fleet.db.asSystem('seal-audit', (tx) => tx.audit.seal(limit))
/**
 * Seals until that many entries are. Transactions are the cluster's, so a neighbour's that runs right now, in another
 * test's database, holds the sealing up.
 */
async function sealed(count: number): Promise<void> {
  for (let total = 0; total < count; await sleep(20)) total += await seal()
}
const seals = (day = DAY) => fleet.db.asSystem('seal-audit', (tx) => tx.audit.seals(day))
const verify = (day = DAY) => fleet.db.asSystem('seal-audit', (tx) => tx.audit.verify(day))
const at = (hour: number, day = DAY) => `${day}T${String(hour).padStart(2, '0')}:00:00Z`

/** Two days; the second in three blocks of two. */
async function threeBlocks() {
  await write(entry(at(23, '2026-11-20')))
  await sealed(1)
  for (const hour of [1, 3, 5]) {
    await write(entry(at(hour)), entry(at(hour + 1), { details: { kind: 'certificate' } }))
    await sealed(2)
  }
}

describe('the chain', () => {
  test('seals each entry once, by day, each block continuing the one before', async () => {
    await threeBlocks()
    expect(await seal()).toBe(0)
    const blocks = await seals()
    expect(blocks.map(({ number, entries }) => [number, entries])).toEqual([
      [1, 2],
      [2, 2],
      [3, 2],
    ])
    const [before] = await seals('2026-11-20')
    expect(before?.previousHash).toBe('0'.repeat(64))
    expect(blocks.map(({ previousHash }) => previousHash)).toEqual([
      before?.hash,
      blocks[0]?.hash,
      blocks[1]?.hash,
    ])
    expect([await verify('2026-11-20'), await verify(), await verify('2026-11-19')]).toEqual([
      null,
      null,
      null,
    ])
  })

  test('takes up to its limit at a time, and a batch that spans days as one block for each', async () => {
    await write(entry(at(1)), entry(at(2, '2026-11-20')), entry(at(3)), entry(at(4)))
    const counts: number[] = []
    for (let count = 0; counts.length < 2; await sleep(20)) {
      count = await seal(3)
      if (count > 0) counts.push(count)
    }
    expect(counts).toEqual([3, 1])
    expect((await seals()).map(({ entries }) => entries)).toEqual([2, 1])
    expect((await seals('2026-11-20')).map(({ entries }) => entries)).toEqual([1])
    expect([await verify('2026-11-20'), await verify()]).toEqual([null, null])
  })

  test('puts an entry that comes late for its day into that day’s next block', async () => {
    await threeBlocks()
    await write(entry(at(0)), entry(at(1, '2026-11-19')))
    await sealed(2)
    expect(await seals()).toHaveLength(4)
    expect([await verify('2026-11-19'), await verify('2026-11-20'), await verify()]).toEqual([
      null,
      null,
      null,
    ])
  })

  test('leaves what a running transaction may still precede', async () => {
    const slow = new pg.Client({ connectionString: fleet.urls.systemUrl })
    await slow.connect()
    const insert = `insert into ksef_audit_log (at, actor, action, subject, outcome) values ($1, 'a', 'b', 'slow', 'ok')`
    await slow.query('begin')
    await slow.query(insert, [at(1)])
    await write(entry(at(2)))
    expect(await seal()).toBe(0)
    await slow.query('commit')
    await slow.end()
    await sealed(2)
    expect(await verify()).toBeNull()
  })

  test('has one sealer at a time; many at once seal nothing twice', async () => {
    const hours = Array.from({ length: 20 }, (_, hour) => entry(at(hour)))
    await write(...hours)
    let total = 0
    while (total < 20) {
      const counts = await Promise.all([seal(5), seal(5), seal(5), seal(5)])
      total += counts.reduce((sum, count) => sum + count, 0)
    }
    expect(total).toBe(20)
    expect((await seals()).map(({ number }) => number)).toEqual([1, 2, 3, 4])
    expect(await verify()).toBeNull()
  })

  test('answers 0 while another sealer is at work', async () => {
    await write(entry(at(1)))
    await fleet.db.asSystem('seal-audit', async (tx) => {
      while ((await tx.audit.seal(10)) === 0) await sleep(20)
      expect(await seal()).toBe(0)
    })
  })
})

const COLUMN_CHANGES = [
  ['id', 'id + 1000'],
  ['company_id', 'gen_random_uuid()'],
  ['at', `at + interval '1 millisecond'`],
  ['actor', `'x'`],
  ['action', `'x'`],
  ['subject', `'x'`],
  ['outcome', `'failed'`],
  ['taxpayer_nip', `'x'`],
  ['provider_nip', `'x'`],
  ['operation', `'x'`],
  ['http_status', '1'],
  ['duration_ms', '1'],
  ['error_code', `'x'`],
  ['request_id', `'x'`],
  ['reference_number', `'x'`],
  ['details', `'{"a": 1}'`],
  ['transaction_id', `(transaction_id::text::bigint - 1)::text::xid8`],
] as const

describe('tampering by an administrator shows', () => {
  /** As a superuser, past every grant and policy. */
  const tamper = async (statement: string) => {
    const { rowCount } = await fleet.admin.query(statement)
    expect(rowCount).toBeGreaterThan(0)
  }
  const firstOf = (block: number) =>
    `(select id from ksef_audit_log where at >= '${DAY}Z' and at < '2026-11-22Z' order by id offset ${(block - 1) * 2} limit 1)`

  test('in a change of any column', async () => {
    await threeBlocks()
    await fleet.admin.query('create table saved as table ksef_audit_log')
    for (const [column, value] of COLUMN_CHANGES) {
      await tamper(`update ksef_audit_log set ${column} = ${value} where id = ${firstOf(2)}`)
      expect(await verify(), column).not.toBeNull()
      await fleet.admin.query('delete from ksef_audit_log; insert into ksef_audit_log select * from saved')
      expect(await verify()).toBeNull()
    }
  })

  test('whatever the column: every one is among those tried above', async () => {
    const { rows } = await fleet.admin.query<{ name: string }>(
      `select attname as name from pg_attribute
        where attrelid = 'ksef_audit_log'::regclass and attnum > 0 and not attisdropped order by attnum`,
    )
    expect(new Set(rows.map(({ name }) => name))).toEqual(new Set(COLUMN_CHANGES.map(([name]) => name)))
  })

  test('in a removed entry', async () => {
    await threeBlocks()
    await tamper(`delete from ksef_audit_log where id = ${firstOf(2)}`)
    expect(await verify()).toEqual({ block: 2, why: '1 of its entries are gone' })
  })

  const forge = (transaction: string) => `
    insert into ksef_audit_log (at, actor, action, subject, outcome, transaction_id)
    values ('${at(12)}', 'a', 'b', 'c', 'ok', ${transaction})`

  test('in an entry put in between', async () => {
    await threeBlocks()
    await tamper(forge(`(select transaction_id from ksef_audit_log where id = ${firstOf(2)})`))
    expect(await verify()).toMatchObject({ why: '1 entries were put in afterwards' })
  })

  test('in an entry put in after a day’s last block but below what is sealed', async () => {
    await threeBlocks()
    await write(entry(at(1, '2026-11-22')))
    await sealed(1)
    await tamper(forge(`(select transaction_id from ksef_audit_log where at >= '2026-11-22Z')`))
    await tamper(`update ksef_audit_log set id = 0 where subject = 'c'`)
    expect(await verify()).toEqual({ block: 3, why: '1 entries are in no block' })
  })

  test('in an entry moved to another day', async () => {
    await threeBlocks()
    await tamper(`update ksef_audit_log set at = at + interval '1 day' where id = ${firstOf(3)}`)
    expect([await verify(), await verify('2026-11-22')]).toEqual([
      { block: 3, why: '1 of its entries are gone' },
      { block: 0, why: '1 entries are in no block' },
    ])
  })

  test.each(['digest', 'hash', 'previous_hash'])('in a changed %s of a block', async (column) => {
    await threeBlocks()
    await tamper(
      `update ksef_audit_seals set ${column} = repeat('a', 64) where day = '${DAY}' and number = 2`,
    )
    expect(await verify()).toEqual({ block: 2, why: 'the block was changed' })
  })

  test.each([
    ['entries', 'entries + 1'],
    ['end_id', 'end_id + 1'],
    ['sealed_at', `sealed_at + interval '1 second'`],
  ])('in a changed %s of a block', async (column, value) => {
    await threeBlocks()
    await tamper(`update ksef_audit_seals set ${column} = ${value} where day = '${DAY}' and number = 2`)
    expect(await verify()).toEqual({ block: 2, why: 'the block was changed' })
  })

  test.each([1, 2])('in removed block %i', async (number) => {
    await threeBlocks()
    await tamper(`delete from ksef_audit_seals where day = '${DAY}' and number = ${number}`)
    expect(await verify()).toEqual({
      block: number + 1,
      why: 'a block before it was changed or removed',
    })
  })

  test('in a whole day removed, entries and blocks: the next day continues nothing', async () => {
    await threeBlocks()
    await tamper(`delete from ksef_audit_seals where day = '2026-11-20'`)
    await tamper(`delete from ksef_audit_log where at < '${DAY}Z'`)
    expect(await verify()).toEqual({ block: 1, why: 'a block before it was changed or removed' })
  })

  test('in all blocks of a day removed while later days are sealed', async () => {
    await threeBlocks()
    await tamper(`delete from ksef_audit_seals where day = '2026-11-20'`)
    expect(await verify('2026-11-20')).toEqual({ block: 0, why: '1 entries are in no block' })
  })
})

test('of a month that retention dropped the blocks still hold, and still tell a change', async () => {
  await fleet.admin.query(`
    create table ksef_audit_log_2026_01 (like ksef_audit_log including defaults including constraints);
    alter table ksef_audit_log attach partition ksef_audit_log_2026_01 for values from ('2026-01-01Z') to ('2026-02-01Z');
    alter table ksef_audit_log_2026_01 owner to fleet_owner`)
  await write(entry(at(1, '2026-01-15')))
  await sealed(1)
  expect(await fleet.db.asSystem('keep-audit', (tx) => tx.audit.keep(1))).toEqual(['ksef_audit_log_2026_01'])
  expect(await verify('2026-01-15')).toBeNull()
  await fleet.admin.query(`update ksef_audit_seals set digest = 'x'`)
  expect(await verify('2026-01-15')).toEqual({ block: 1, why: 'the block was changed' })
})
