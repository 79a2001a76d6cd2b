import pg from 'pg'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { fillEveryTable, fillProvider, SHARED_TABLES, SYSTEM_TABLES, tenantTables } from './every-table.ts'
import { createTestDatabase } from './test-database.ts'

const NO_PRIVILEGE = '42501'
const FOREIGN_KEY = '23503'

const database = await createTestDatabase()
const open = async (url: string) => {
  const client = new pg.Client({ connectionString: url })
  await client.connect()
  return client
}
const admin = await open(database.adminUrl)
const app = await open(database.appUrl)
const owner = await open(database.ownerUrl)
const mine = await fillEveryTable(admin, '1111111111')
const theirs = await fillEveryTable(admin, '2222222222')
const tables = await tenantTables(admin)
const provider = await fillProvider(admin)
/** Tables in which a company also sees the provider's rows, which name no company. */
const WITH_PROVIDER = ['ksef_credential_versions', 'ksef_credentials']
const foreignKeys = await readForeignKeys()

beforeAll(async () => {
  await admin.query('analyze')
})
afterAll(async () => {
  await Promise.all([admin.end(), app.end(), owner.end()])
  await database[Symbol.asyncDispose]()
})

/** Runs one statement as the application with a company set (or none), and undoes it. */
async function asApp(company: string | null, statement: string, values: unknown[] = []) {
  await app.query('begin')
  try {
    if (company !== null) await app.query(`select set_config('fleet.company_id', $1, true)`, [company])
    return await app.query(statement, values)
  } finally {
    await app.query('rollback')
  }
}

const codeOf = (attempt: Promise<unknown>): Promise<string> =>
  attempt.then(
    () => 'done',
    (error: unknown) => (error instanceof pg.DatabaseError ? (error.code ?? 'no code') : String(error)),
  )

async function readForeignKeys() {
  const { rows } = await admin.query<{
    name: string
    table: string
    target: string
    columns: string[]
    targets: string[]
  }>(`
    select c.conname as name, c.conrelid::regclass::text as table, c.confrelid::regclass::text as target,
           array(select a.attname::text from unnest(c.conkey) with ordinality k(n, o)
                   join pg_attribute a on a.attrelid = c.conrelid and a.attnum = k.n order by o) as columns,
           array(select a.attname::text from unnest(c.confkey) with ordinality k(n, o)
                   join pg_attribute a on a.attrelid = c.confrelid and a.attnum = k.n order by o) as targets
      from pg_constraint c where c.contype = 'f' order by 1`)
  return rows
}

describe.each(tables)('row-level security of $table', ({ table, companyColumn }) => {
  const updatable = async () => {
    const { rows } = await admin.query<{ column: string }>(
      `select column_name as column from information_schema.column_privileges
        where grantee = 'fleet_app' and privilege_type = 'UPDATE' and table_name = $1`,
      [table],
    )
    return rows[0]?.column
  }

  test('the fixture has a row of each company, so that finding none means something', async () => {
    const { rows } = await admin.query(
      `select distinct ${companyColumn} as id from ${table} where ${companyColumn} is not null order by 1`,
    )
    expect(rows.map(({ id }) => id)).toEqual([mine, theirs].sort())
  })

  test('without a company nothing is seen', async () => {
    expect((await asApp(null, `select * from ${table}`)).rows).toEqual([])
  })

  test('only the own company is seen, and of credentials the provider’s', async () => {
    const { rows } = await asApp(mine, `select distinct ${companyColumn} as id from ${table} order by 1`)
    expect(rows).toEqual([{ id: mine }, ...(WITH_PROVIDER.includes(table) ? [{ id: null }] : [])])
  })

  test('an empty setting, as a committed local one leaves behind, shows nothing and does not fail', async () => {
    expect((await asApp('', `select * from ${table}`)).rows).toEqual([])
  })

  test('a setting that is no id fails closed', async () => {
    expect(await codeOf(asApp('x', `select * from ${table}`))).toBe('22P02')
  })

  test('a local setting outside a transaction has no effect', async () => {
    await app.query(`set local fleet.company_id = '${mine}'`)
    expect((await app.query(`select * from ${table}`)).rows).toEqual([])
  })

  test('a foreign row cannot be updated', async () => {
    const column = await updatable()
    const attempt = asApp(
      mine,
      `update ${table} set ${column ?? companyColumn} = ${column ?? companyColumn} where ${companyColumn} = $1`,
      [theirs],
    )
    if (column === undefined) expect(await codeOf(attempt)).toBe(NO_PRIVILEGE)
    else expect((await attempt).rowCount).toBe(0)
  })

  test('an update without a condition reaches own rows only', async () => {
    const column = await updatable()
    if (column === undefined)
      return expect(await codeOf(asApp(mine, `update ${table} set ${companyColumn} = null`))).toBe(
        NO_PRIVILEGE,
      )
    const { rowCount } = await asApp(mine, `update ${table} set ${column} = ${column}`)
    const own = await asApp(mine, `select 1 from ${table} where ${companyColumn} = $1`, [mine])
    expect(rowCount).toBe(own.rowCount)
  })

  test('a foreign row cannot be locked', async () => {
    const column = await updatable()
    const attempt = asApp(mine, `select 1 from ${table} where ${companyColumn} = $1 for update`, [theirs])
    if (column === undefined) expect(await codeOf(attempt)).toBe(NO_PRIVILEGE)
    else expect((await attempt).rows).toEqual([])
  })

  test('an own row cannot be given to another company', async () => {
    expect(await codeOf(asApp(mine, `update ${table} set ${companyColumn} = $1`, [theirs]))).toBe(
      NO_PRIVILEGE,
    )
  })

  test.each(['', 'on conflict do nothing'])(
    'a row of another company cannot be inserted %s',
    async (conflict) => {
      const { rows: columns } = await admin.query<{ name: string }>(
        `select attname as name from pg_attribute
        where attrelid = $1::regclass and attnum > 0 and attidentity = '' and not attisdropped`,
        [table],
      )
      const names = columns.map(({ name }) => name).join(', ')
      const { rows } = await admin.query(
        `select to_jsonb(t) as row from ${table} t where ${companyColumn} = $1 limit 1`,
        [theirs],
      )
      const insert = `insert into ${table} (${names}) select ${names} from jsonb_populate_record(null::${table}, $1) ${conflict}`
      expect(await codeOf(asApp(mine, insert, [rows[0].row]))).toBe(NO_PRIVILEGE)
      expect(await codeOf(asApp(null, insert, [rows[0].row]))).toBe(NO_PRIVILEGE)
    },
  )

  test.each([
    ['delete rows', `delete from ${table}`],
    ['truncate', `truncate ${table} cascade`],
    ['switch row security off', `set local row_security = off; select * from ${table}`],
    ['disable it', `alter table ${table} disable row level security`],
    ['unforce it', `alter table ${table} no force row level security`],
    ['add a policy', `create policy open_to_all on ${table} using (true)`],
    ['drop the policy', `drop policy ${table}_company on ${table}`],
    ['drop the table', `drop table ${table} cascade`],
    ['grant itself more', `grant all on ${table} to fleet_app with grant option; truncate ${table} cascade`],
  ])('the application cannot %s', async (_, statement) => {
    expect(await codeOf(asApp(mine, statement))).toBe(NO_PRIVILEGE)
  })

  test('the owner is bound as well', async () => {
    await owner.query(`select set_config('fleet.company_id', $1, false)`, [mine])
    expect((await owner.query(`select * from ${table}`)).rows).toEqual([])
  })

  test('neither statistics nor provoked errors tell of hidden rows', async () => {
    const statistics = await asApp(mine, 'select 1 from pg_stats where tablename = $1', [table])
    expect(statistics.rows).toEqual([])
    const oracle = await asApp(null, `select 1 from ${table} t where 1 / (length(t::text) * 0) = 1`)
    expect(oracle.rows).toEqual([])
  })
})

describe.each(WITH_PROVIDER)('the provider’s rows of %s', (table) => {
  const id = table === 'ksef_credentials' ? 'id' : 'credential_id'

  test('are read by a company', async () => {
    const { rows } = await asApp(mine, `select ${id} as id from ${table} where company_id is null`)
    expect(rows).toEqual([{ id: provider }])
  })

  test.each([
    ['updated', `update ${table} set state = state where company_id is null`],
    ['locked', `select 1 from ${table} where company_id is null for update`],
    ['locked in share', `select 1 from ${table} where company_id is null for share`],
  ])('cannot be %s', async (_, statement) => {
    expect((await asApp(mine, statement)).rowCount).toBe(0)
  })

  test('cannot be inserted', async () => {
    const statement = `insert into ${table} select (jsonb_populate_record(t, '{"company_id": null}')).* from ${table} t`
    expect(await codeOf(asApp(mine, statement))).toBe(NO_PRIVILEGE)
  })

  test('cannot become the company’s, nor the company’s the provider’s', async () => {
    expect(await codeOf(asApp(mine, `update ${table} set company_id = $1`, [mine]))).toBe(NO_PRIVILEGE)
    expect(await codeOf(asApp(mine, `update ${table} set company_id = null`))).toBe(NO_PRIVILEGE)
  })
})

const hidden = SYSTEM_TABLES.filter((table) => !SHARED_TABLES.includes(table))
test.each(hidden)('the application has no way to %s', async (table) => {
  expect(await codeOf(asApp(mine, `select * from ${table}`))).toBe(NO_PRIVILEGE)
})

test.each(SHARED_TABLES)('the application reads %s and writes nothing of it', async (table) => {
  expect(await codeOf(asApp(mine, `select * from ${table}`))).toBe('done')
  for (const statement of [
    `delete from ${table}`,
    `update ${table} set environment = 'demo'`,
    `insert into ${table} default values`,
  ])
    expect(await codeOf(asApp(mine, statement)), statement).toBe(NO_PRIVILEGE)
})

test('a partition of the audit log is reached through the log alone', async () => {
  const { rows } = await admin.query<{ name: string }>(
    `select relname as name from pg_class where relispartition and relkind = 'r' and relname like 'ksef_audit_log_%'`,
  )
  expect(rows.length).toBeGreaterThan(4)
  for (const { name } of rows) {
    expect(await codeOf(asApp(mine, `select * from ${name}`))).toBe(NO_PRIVILEGE)
    expect(await codeOf(asApp(mine, `truncate ${name}`))).toBe(NO_PRIVILEGE)
    const forced = await admin.query(
      'select relforcerowsecurity as forced from pg_class where relname = $1',
      [name],
    )
    expect(forced.rows).toEqual([{ forced: true }])
  }
})

test('a line of the audit log cannot be given its id or its transaction', async () => {
  const insert = (column: string, value: string) =>
    asApp(
      mine,
      `insert into ksef_audit_log (company_id, at, actor, action, subject, outcome, ${column})
       values ($1, now(), 'a', 'b', 'c', 'ok', ${value})`,
      [mine],
    )
  expect(await codeOf(insert('id', '1'))).toBe(NO_PRIVILEGE)
  expect(await codeOf(insert('transaction_id', `'1'`))).toBe(NO_PRIVILEGE)
  expect(await codeOf(insert('operation', `'sendInvoice'`))).toBe('done')
})

test('the application cannot drop months of the audit log', async () => {
  expect(await codeOf(asApp(mine, 'select ksef_audit_log_keep(1)'))).toBe(NO_PRIVILEGE)
})

test.each(['fleet_owner', 'fleet_system', 'postgres'])('the application cannot become %s', async (role) => {
  expect(await codeOf(asApp(mine, `set local role ${role}`))).toBe(NO_PRIVILEGE)
})

test.each([
  ['a view', 'create view public.v as select 1'],
  ['a function', 'create function public.f() returns int language sql as $$ select 1 $$'],
  ['a table', 'create table public.t ()'],
  ['a temporary table', 'create temp table t ()'],
  ['a schema', 'create schema s'],
])('the application cannot create %s', async (_, statement) => {
  expect(await codeOf(asApp(mine, statement))).toBe(NO_PRIVILEGE)
})

/** Show that what is the provider's exists. Where there is a company, another key, with the company, binds as well. */
const OF_PROVIDER = [
  'ksef_credential_versions_any_credential_fkey',
  'webhook_attempts_any_endpoint_fkey',
  'webhook_deliveries_any_endpoint_fkey',
]
const companyKeys = foreignKeys.filter(({ name }) => !OF_PROVIDER.includes(name))

test.each(companyKeys)('foreign key $name starts with the company', ({ target, columns, targets }) => {
  expect(columns[0]).toBe('company_id')
  expect(targets[0]).toBe(target === 'companies' ? 'id' : 'company_id')
})

test.each(companyKeys.filter(({ target }) => target !== 'companies'))(
  'foreign key $name cannot point at another company’s row',
  async ({ table, target, columns, targets }) => {
    const { rows } = await admin.query(`select ${targets[1]} as id from ${target} where company_id = $1`, [
      theirs,
    ])
    // Documents refuse every change before a key is looked at; without that guard the key refuses this one.
    const guarded = table === 'ksef_documents_raw'
    if (guarded) await admin.query(`alter table ${table} disable trigger user`)
    const update = admin.query(`update ${table} set ${columns[1]} = $1 where company_id = $2`, [
      rows[0].id,
      mine,
    ])
    expect(await codeOf(update)).toBe(FOREIGN_KEY)
    if (guarded) await admin.query(`alter table ${table} enable trigger user`)
  },
)
