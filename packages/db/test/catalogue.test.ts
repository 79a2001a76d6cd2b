import pg from 'pg'
import { afterAll, expect, test } from 'vitest'
import { tenantTables } from './every-table.ts'
import { createTestDatabase } from './test-database.ts'

const database = await createTestDatabase()
const admin = new pg.Client({ connectionString: database.adminUrl })
await admin.connect()
afterAll(async () => {
  await admin.end()
  await database[Symbol.asyncDispose]()
})

const read = async (query: string) => (await admin.query(query)).rows

test('the sweep sees the tables', async () => {
  expect((await tenantTables(admin)).length).toBeGreaterThanOrEqual(12)
})

test('every table is a tenant table with row-level security enabled and forced', async () => {
  const offenders = await read(`
    select relname from pg_class c
     where relkind in ('r', 'p') and relnamespace = 'public'::regnamespace
       and not (relrowsecurity and relforcerowsecurity
                and (relname = 'companies' or exists (select from pg_attribute where attrelid = c.oid and attname = 'company_id')))`)
  expect(offenders).toEqual([])
})

test('every table has one policy for the application, on the company, and one for the system', async () => {
  const policies = await read(`
    select tablename, roles::text as roles, cmd, permissive, qual, with_check from pg_policies
     where schemaname = 'public' order by tablename, roles::text`)
  const expected = (await tenantTables(admin)).flatMap(({ table, companyColumn }) => [
    {
      tablename: table,
      roles: '{fleet_app}',
      cmd: 'ALL',
      permissive: 'PERMISSIVE',
      qual: `(${companyColumn} = (NULLIF(current_setting('fleet.company_id'::text, true), ''::text))::uuid)`,
      with_check: null,
    },
    {
      tablename: table,
      roles: '{fleet_system}',
      cmd: 'ALL',
      permissive: 'PERMISSIVE',
      qual: 'true',
      with_check: null,
    },
  ])
  expect(policies).toEqual(expected)
})

test('there is no view without security_invoker, no materialised view and no definer function', async () => {
  const relations = await read(`
    select relname from pg_class c join pg_namespace n on n.oid = c.relnamespace
     where n.nspname not in ('pg_catalog', 'information_schema')
       and (relkind = 'm' or (relkind = 'v' and not coalesce('security_invoker=true' = any(reloptions), false)))`)
  const functions = await read(`
    select proname from pg_proc p join pg_namespace n on n.oid = p.pronamespace
     where n.nspname not in ('pg_catalog', 'information_schema') and prosecdef`)
  expect([...relations, ...functions]).toEqual([])
})

test('the logins own nothing, belong to no role and have no attribute that passes by row-level security', async () => {
  expect(
    await read(
      `select relname from pg_class where relowner in ('fleet_app'::regrole, 'fleet_system'::regrole)`,
    ),
  ).toEqual([])
  expect(
    await read(
      `select 1 from pg_auth_members where member in ('fleet_app'::regrole, 'fleet_system'::regrole, 'fleet_owner'::regrole)`,
    ),
  ).toEqual([])
  const roles = await read(`
    select rolname, rolsuper or rolbypassrls or rolcreaterole or rolcreatedb or rolreplication as powerful
      from pg_roles where rolname like 'fleet\\_%' order by 1`)
  expect(roles).toEqual(
    ['fleet_app', 'fleet_owner', 'fleet_system'].map((rolname) => ({ rolname, powerful: false })),
  )
})

test('the grants are exactly those the stores need', async () => {
  const grants = await read(`
    select grantee::regrole::text as role, privilege_type as privilege, string_agg(relname, ' ' order by relname) as tables
      from pg_class, aclexplode(relacl)
     where relnamespace = 'public'::regnamespace and grantee <> relowner group by 1, 2 order by 1, 2`)
  const every = (await tenantTables(admin)).map(({ table }) => table).join(' ')
  expect(grants).toEqual([
    { role: 'fleet_app', privilege: 'INSERT', tables: every },
    { role: 'fleet_app', privilege: 'SELECT', tables: every },
    { role: 'fleet_system', privilege: 'DELETE', tables: 'outbox' },
    { role: 'fleet_system', privilege: 'INSERT', tables: 'api_keys ksef_audit_log' },
    {
      role: 'fleet_system',
      privilege: 'SELECT',
      tables: 'api_keys attempts companies ksef_integrations outbox sessions submissions',
    },
  ])
})

test('documents, the audit log, companies and idempotency keys are written once', async () => {
  const updates = await read(`
    select distinct c.relname from pg_class c join pg_attribute a on a.attrelid = c.oid, aclexplode(a.attacl) x
     where x.privilege_type = 'UPDATE' and x.grantee = 'fleet_app'::regrole order by 1`)
  expect(updates.map(({ relname }) => relname)).toEqual([
    ...[
      'api_keys',
      'attempts',
      'ksef_credentials',
      'ksef_integrations',
      'ksef_sync_state',
      'sessions',
      'submissions',
    ],
  ])
})

test('unique keys start with the company, but for those that tell nothing or must span companies', async () => {
  const spanning = await read(`
    select c.relname from pg_index i join pg_class c on c.oid = i.indexrelid
      left join pg_attribute a on a.attrelid = i.indrelid and a.attnum = i.indkey[0]
     where i.indisunique and c.relnamespace = 'public'::regnamespace and a.attname <> 'company_id' order by 1`)
  expect(spanning.map(({ relname }) => relname)).toEqual([
    // hash finds the company; ids are random or counted by the database; a NIP is one company's
    ...['api_keys_hash_key', 'api_keys_pkey', 'companies_nip_key', 'companies_pkey'],
    ...['ksef_audit_log_pkey', 'ksef_credentials_pkey', 'outbox_pkey'],
  ])
})

test('nobody but the three roles may connect, and public has no rights on the schema', async () => {
  const acl = await read(`
    select case x.grantee when 0 then 'public' else x.grantee::regrole::text end as role, x.privilege_type as privilege
      from pg_database, aclexplode(datacl) x where datname = current_database() and x.grantee <> datdba
     union all
    select case x.grantee when 0 then 'public' else x.grantee::regrole::text end, x.privilege_type
      from pg_namespace, aclexplode(nspacl) x where nspname = 'public' and x.grantee <> nspowner order by 1, 2`)
  expect(acl).toEqual([
    { role: 'fleet_app', privilege: 'CONNECT' },
    { role: 'fleet_app', privilege: 'USAGE' },
    { role: 'fleet_system', privilege: 'CONNECT' },
    { role: 'fleet_system', privilege: 'USAGE' },
  ])
})
