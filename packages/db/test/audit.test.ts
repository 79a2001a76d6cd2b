import type { AuditEntry } from '@ksef-fleet/core'
import pg from 'pg'
import { afterAll, describe, expect, test } from 'vitest'
import { insertCompany, openFleet } from './fleet.ts'

const fleet = await openFleet()
const { db, admin, urls } = fleet
afterAll(() => fleet[Symbol.asyncDispose]())

const entry = (set: Partial<AuditEntry> = {}): AuditEntry => ({
  actor: 'worker',
  action: 'ksef.call',
  subject: 's',
  outcome: 'ok',
  ...set,
})

describe('a line of the audit log', () => {
  test('is read back whole, without what it does not have', async () => {
    const company = await insertCompany(fleet)
    const full = entry({
      taxpayerNip: company.nip,
      providerNip: '5265877635',
      operation: 'sendInvoice',
      httpStatus: 202,
      durationMs: 17,
      errorCode: 'X',
      requestId: 'r',
      referenceNumber: '20261122-EE-1',
      details: { kind: 'certificate' },
    })
    await db.withCompany(company.id, (tx) => tx.audit.append(full))
    const at = new Date('2026-11-01T12:00:00.123Z')
    await db.withCompany(company.id, (tx) => tx.audit.appendAll([{ ...entry(), at }]))
    const read = await db.withCompany(company.id, (tx) => tx.audit.list({ limit: 10 }))
    const base = { id: expect.stringMatching(/^\d+$/), companyId: company.id }
    expect(read).toEqual([
      { ...base, ...full, at: expect.any(Date) },
      { ...base, ...entry(), at },
    ])
  })

  test('is a company’s to see when it is its own; the system sees all and writes for any', async () => {
    const [one, other] = [await insertCompany(fleet), await insertCompany(fleet)]
    const at = new Date()
    await db.asSystem('write-audit', (tx) =>
      tx.audit.appendFor([
        { ...entry({ subject: 'of one' }), companyId: one.id, at },
        { ...entry({ subject: 'of other' }), companyId: other.id, at },
        { ...entry({ subject: 'of provider' }), companyId: null, at },
      ]),
    )
    const subjects = await db.withCompany(one.id, (tx) => tx.audit.list({ limit: 10 }))
    expect(subjects.map(({ subject }) => subject)).toEqual(['of one'])
    const all = await db.asSystem('read-audit', (tx) => tx.audit.list({ limit: 3 }))
    expect(all.map(({ subject }) => subject)).toEqual(['of provider', 'of other', 'of one'])
  })

  test('cannot be written by one company for another', async () => {
    const [one, other] = [await insertCompany(fleet), await insertCompany(fleet)]
    const app = new pg.Client({ connectionString: urls.appUrl })
    await app.connect()
    await app.query(`select set_config('fleet.company_id', $1, false)`, [one.id])
    const insert = `insert into ksef_audit_log (company_id, at, actor, action, subject, outcome)
                    values ($1, now(), 'a', 'b', 'c', 'ok')`
    await expect(app.query(insert, [other.id])).rejects.toMatchObject({ code: '42501' })
    await app.end()
  })

  test('whose moment lies in no known month is kept all the same', async () => {
    const company = await insertCompany(fleet)
    const at = new Date('2031-05-01T00:00:00Z')
    await db.withCompany(company.id, (tx) => tx.audit.appendAll([{ ...entry(), at }]))
    expect(await db.withCompany(company.id, (tx) => tx.audit.list({ limit: 10 }))).toMatchObject([{ at }])
  })

  test.each([
    ['update', `update ksef_audit_log set subject = 'x'`],
    ['delete', 'delete from ksef_audit_log'],
    ['truncate', 'truncate ksef_audit_log'],
    ['update a seal', `update ksef_audit_seals set hash = 'x'`],
    ['delete a seal', 'delete from ksef_audit_seals'],
    ['detach a month', 'alter table ksef_audit_log detach partition ksef_audit_log_default'],
  ])('stays as it was written: neither login may %s', async (_, statement) => {
    for (const connectionString of [urls.appUrl, urls.systemUrl]) {
      const client = new pg.Client({ connectionString })
      await client.connect()
      await expect(client.query(statement)).rejects.toMatchObject({ code: '42501' })
      await client.end()
    }
  })
})

describe('the audit log is read', () => {
  test('by pages that skip and repeat nothing, though many lines share a moment', async () => {
    const company = await insertCompany(fleet)
    const moments = [1, 1, 1, 2, 2, 3, 3, 3, 3].map((ms) => new Date(Date.UTC(2026, 10, 20, 0, 0, 0, ms)))
    const lines = moments.map((at, index) => ({ ...entry({ subject: String(index) }), at }))
    await db.withCompany(company.id, (tx) => tx.audit.appendAll(lines))
    const seen: string[] = []
    for (let before: { at: Date; id: string } | undefined; ; ) {
      const page = await db.withCompany(company.id, (tx) =>
        tx.audit.list({ limit: 2, ...(before === undefined ? {} : { before }) }),
      )
      seen.push(...page.map(({ subject }) => subject))
      before = page.at(-1)
      if (before === undefined) break
    }
    expect(seen).toEqual(lines.map(({ subject }) => subject).reverse())
  })

  test('by filters, which all hold at once', async () => {
    const company = await insertCompany(fleet)
    const at = new Date('2026-11-21T10:00:00Z')
    const wanted = entry({
      operation: 'sendInvoice',
      referenceNumber: 'R',
      outcome: 'failed',
      actor: 'key:1',
    })
    await db.withCompany(company.id, (tx) =>
      tx.audit.appendAll([
        { ...wanted, at },
        { ...wanted, at: new Date('2026-11-22T10:00:00Z') },
        { ...wanted, outcome: 'ok', at },
        { ...wanted, operation: 'other', at },
        { ...wanted, referenceNumber: 'other', at },
        { ...wanted, actor: 'worker', at },
        { ...wanted, action: 'key.use', at },
      ]),
    )
    const found = await db.withCompany(company.id, (tx) =>
      tx.audit.list({
        limit: 10,
        from: at,
        to: new Date('2026-11-22T00:00:00Z'),
        action: 'ksef.call',
        outcome: 'failed',
        operation: 'sendInvoice',
        referenceNumber: 'R',
        actor: 'key:1',
      }),
    )
    expect(found).toMatchObject([{ ...wanted, at }])
  })
})

describe('months of the audit log', () => {
  const names = async () => {
    const { rows } = await admin.query<{ name: string }>(
      `select inhrelid::regclass::text as name from pg_inherits
        where inhparent = 'ksef_audit_log'::regclass order by 1`,
    )
    return rows.map(({ name }) => name)
  }
  const month = async (offset: number) => {
    const { rows } = await admin.query<{ name: string }>(
      `select to_char(date_trunc('month', now() at time zone 'UTC') + make_interval(months => $1), 'YYYY_MM') as name`,
      [offset],
    )
    return `ksef_audit_log_${rows[0]?.name}`
  }
  const keep = (months: number) => db.asSystem('keep-audit', (tx) => tx.audit.keep(months))

  test('stand from last month to three months ahead, and keeping them again changes nothing', async () => {
    const expected: string[] = []
    for (const offset of [-1, 0, 1, 2, 3]) expected.push(await month(offset))
    expect(await names()).toEqual([...expected, 'ksef_audit_log_default'])
    expect(await keep(12)).toEqual([])
    expect(await names()).toEqual([...expected, 'ksef_audit_log_default'])
  })

  test('that are missing are made, and take over what the default had of theirs', async () => {
    const [name, company] = [await month(3), await insertCompany(fleet)]
    await admin.query(`drop table ${name}`)
    const at = new Date(`${name.slice(-7).replace('_', '-')}-15T00:00:00Z`)
    await db.withCompany(company.id, (tx) => tx.audit.appendAll([{ ...entry(), at }]))
    const inDefault = async () =>
      (await admin.query('select 1 from ksef_audit_log_default where company_id = $1', [company.id])).rowCount
    expect(await inDefault()).toBe(1)
    await Promise.all([keep(12), keep(12), keep(12)])
    expect(await inDefault()).toBe(0)
    expect(await names()).toContain(name)
    expect(await db.withCompany(company.id, (tx) => tx.audit.list({ limit: 10 }))).toMatchObject([{ at }])
    const { rows } = await admin.query(
      'select relrowsecurity and relforcerowsecurity as forced, relowner::regrole::text as owner from pg_class where relname = $1',
      [name],
    )
    expect(rows).toEqual([{ forced: true, owner: 'fleet_owner' }])
  })

  test('older than asked are dropped by name, with what the default has of them; none younger', async () => {
    await using own = await openFleet()
    const company = await insertCompany(own)
    await own.admin.query(`
      create table ksef_audit_log_2026_01 (like ksef_audit_log including defaults including constraints);
      alter table ksef_audit_log attach partition ksef_audit_log_2026_01 for values from ('2026-01-01Z') to ('2026-02-01Z');
      alter table ksef_audit_log_2026_01 owner to fleet_owner`)
    const times = ['2025-12-31T00:00:00Z', '2026-01-15T00:00:00Z', new Date().toISOString()]
    await own.db.withCompany(company.id, (tx) =>
      tx.audit.appendAll(times.map((at) => ({ ...entry(), at: new Date(at) }))),
    )
    const dropped = await own.db.asSystem('keep-audit', (tx) => tx.audit.keep(1))
    expect(dropped).toEqual(['ksef_audit_log_2026_01'])
    const left = await own.db.withCompany(company.id, (tx) => tx.audit.list({ limit: 10 }))
    expect(left.map(({ at }) => at.toISOString())).toEqual([times[2]])
  })

  test('are kept for at least one', async () => {
    await expect(keep(0)).rejects.toMatchObject({ sqlState: '22023' })
  })
})
