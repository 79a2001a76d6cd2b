import pg from 'pg'
import { afterAll, expect, test } from 'vitest'
import { SYSTEM_TABLES, tenantTables } from './every-table.ts'
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
  expect((await tenantTables(admin)).length).toBeGreaterThanOrEqual(14)
})

test('every table is a tenant table or the system’s, with row-level security enabled and forced', async () => {
  const offenders = await read(`
    select relname from pg_class c
     where relkind in ('r', 'p') and relnamespace = 'public'::regnamespace
       and not (relrowsecurity and relforcerowsecurity
                and (relname in ('companies', ${SYSTEM_TABLES.map((name) => `'${name}'`)})
                     or exists (select from pg_attribute where attrelid = c.oid and attname = 'company_id')))`)
  expect(offenders).toEqual([])
})

const COMPANY = `(NULLIF(current_setting('fleet.company_id'::text, true), ''::text))::uuid`
const policy = (tablename: string, policyname: string, rest: Record<string, string | null> = {}) => ({
  tablename,
  policyname,
  roles: policyname.includes('system') ? '{fleet_system}' : '{fleet_app}',
  cmd: 'ALL',
  permissive: 'PERMISSIVE',
  qual: 'true',
  with_check: null,
  ...rest,
})

/** A company reads the provider's too. The system reads all and writes the provider's, and the sweeper's marks of all. */
const ofCredentials = (table: string, updates: string) => [
  policy(table, `${table}_provider`, {
    cmd: 'SELECT',
    qual: `((company_id IS NULL) AND (${COMPANY} IS NOT NULL))`,
  }),
  policy(table, `${table}_system`, { cmd: 'SELECT' }),
  policy(table, `${table}_system_insert`, { cmd: 'INSERT', qual: null, with_check: '(company_id IS NULL)' }),
  policy(table, `${table}_system_update`, { cmd: 'UPDATE', qual: updates }),
]

test('every table has one policy for the application, on the company, and one for the system, but for credentials and the chain', async () => {
  const policies = await read(`
    select tablename, policyname, roles::text as roles, cmd, permissive, qual, with_check from pg_policies
     where schemaname = 'public'`)
  const expected = (await tenantTables(admin)).flatMap(({ table, companyColumn }) => [
    policy(table, `${table}_company`, { qual: `(${companyColumn} = ${COMPANY})` }),
    ...(table === 'ksef_credentials'
      ? ofCredentials(table, '(company_id IS NULL)')
      : table === 'ksef_credential_versions'
        ? ofCredentials(table, 'true')
        : [policy(table, `${table}_system`)]),
  ])
  const others = [
    policy('event_retirement', 'event_retirement_system'),
    policy('ksef_audit_seals', 'ksef_audit_seals_system'),
    // KSeF itself is everybody's to know.
    ...['ksef_availability', 'ksef_outages'].flatMap((table) => [
      policy(table, `${table}_everyone`, { cmd: 'SELECT' }),
      policy(table, `${table}_system`),
    ]),
    policy('ksef_call_counts', 'ksef_call_counts_system'),
    policy('worker_presences', 'worker_presences_system'),
    policy('ksef_audit_log_default', 'ksef_audit_log_default_owner', { roles: '{fleet_owner}' }),
  ]
  const byName = (one: { policyname?: string }, other: { policyname?: string }) =>
    (one.policyname ?? '').localeCompare(other.policyname ?? '')
  expect(policies.sort(byName)).toEqual([...expected, ...others].sort(byName))
})

/** Makes and drops partitions for the system's login, which must not own tables. */
const DEFINER_FUNCTIONS = [
  {
    name: 'ksef_audit_log_keep',
    owner: 'fleet_owner',
    settings: '{"search_path=pg_catalog, pg_temp"}',
    callers: '{fleet_system}',
  },
]

test('there is no view without security_invoker, no materialised view and no definer function but those listed', async () => {
  const relations = await read(`
    select relname from pg_class c join pg_namespace n on n.oid = c.relnamespace
     where n.nspname not in ('pg_catalog', 'information_schema')
       and (relkind = 'm' or (relkind = 'v' and not coalesce('security_invoker=true' = any(reloptions), false)))`)
  expect(relations).toEqual([])
  const functions = await read(`
    select proname as name, proowner::regrole::text as owner, proconfig::text as settings,
           array(select grantee::regrole::text from aclexplode(proacl) where grantee <> proowner)::text as callers
      from pg_proc p join pg_namespace n on n.oid = p.pronamespace
     where n.nspname not in ('pg_catalog', 'information_schema') and prosecdef`)
  expect(functions).toEqual(DEFINER_FUNCTIONS)
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
  const every = (await tenantTables(admin)).map(({ table }) => table)
  const inserted = every.filter((table) => table !== 'ksef_audit_log')
  const [log, status] = ['ksef_audit_log', 'ksef_credential_status']
  const credentials = 'ksef_credential_versions ksef_credentials'
  const webhooks = 'webhook_attempts webhook_deliveries webhook_endpoints'
  expect(grants).toEqual([
    { role: 'fleet_app', privilege: 'INSERT', tables: inserted.join(' ') },
    {
      role: 'fleet_app',
      privilege: 'SELECT',
      tables: [...every, status, 'ksef_availability', 'ksef_outages'].sort().join(' '),
    },
    { role: 'fleet_app', privilege: 'USAGE', tables: 'ksef_audit_log_number' },
    {
      role: 'fleet_system',
      privilege: 'DELETE',
      tables:
        'events ksef_call_counts ksef_exports outbox webhook_attempts webhook_deliveries worker_presences',
    },
    {
      role: 'fleet_system',
      privilege: 'INSERT',
      tables: `api_keys event_retirement events ksef_audit_seals ksef_call_counts ${credentials} ksef_outages ${webhooks} worker_presences`,
    },
    {
      role: 'fleet_system',
      privilege: 'SELECT',
      tables: `api_keys attempts companies event_retirement events ${log} ksef_audit_seals ksef_availability ksef_call_counts ${status} ${credentials} ksef_documents ksef_exports ksef_integrations ksef_missing_documents ksef_outages ksef_sync_state outbox sessions submissions ${webhooks} worker_presences`,
    },
    { role: 'fleet_system', privilege: 'USAGE', tables: 'ksef_audit_log_number' },
  ])
})

test('nobody may choose a line’s place in the audit log, or change a line or a seal', async () => {
  const grants = await read(`
    select grantee, table_name as table, privilege_type as privilege,
           string_agg(column_name, ' ' order by column_name) filter (where column_name in ('id', 'transaction_id')) as places
      from information_schema.column_privileges
     where table_name in ('ksef_audit_log', 'ksef_audit_seals') and grantee like 'fleet%' and grantee <> 'fleet_owner'
       and privilege_type <> 'SELECT'
     group by 1, 2, 3 order by 1, 2, 3`)
  expect(grants).toEqual([
    { grantee: 'fleet_app', table: 'ksef_audit_log', privilege: 'INSERT', places: null },
    { grantee: 'fleet_system', table: 'ksef_audit_log', privilege: 'INSERT', places: null },
    { grantee: 'fleet_system', table: 'ksef_audit_seals', privilege: 'INSERT', places: null },
  ])
})

test('documents, the audit log, events, idempotency keys and the NIP of a company are written once', async () => {
  const updates = await read(`
    select distinct c.relname from pg_class c join pg_attribute a on a.attrelid = c.oid, aclexplode(a.attacl) x
     where x.privilege_type = 'UPDATE' and x.grantee = 'fleet_app'::regrole order by 1`)
  expect(updates.map(({ relname }) => relname)).toEqual([
    ...[
      'api_keys',
      'attempts',
      'companies',
      'ksef_credential_versions',
      'ksef_credentials',
      'ksef_documents',
      'ksef_exports',
      'ksef_integrations',
      'ksef_missing_documents',
      'ksef_rate_blocks',
      'ksef_sync_state',
      'ksef_sync_windows',
      'offline_settings',
      'session_parts',
      'sessions',
      'submissions',
      'webhook_deliveries',
      'webhook_endpoints',
    ],
  ])
  const ofCompanies = await read(`
    select a.attname from pg_attribute a, aclexplode(a.attacl) x
     where a.attrelid = 'companies'::regclass and x.privilege_type = 'UPDATE' and x.grantee = 'fleet_app'::regrole order by 1`)
  expect(ofCompanies.map(({ attname }) => attname)).toEqual(['address', 'bank_account', 'contact', 'name'])
})

test('unique keys start with the company, but for those that tell nothing or must span companies', async () => {
  const spanning = await read(`
    select c.relname from pg_index i join pg_class c on c.oid = i.indexrelid
      left join pg_attribute a on a.attrelid = i.indrelid and a.attnum = i.indkey[0]
     where i.indisunique and not c.relispartition and c.relnamespace = 'public'::regnamespace and a.attname <> 'company_id' order by 1`)
  expect(spanning.map(({ relname }) => relname)).toEqual([
    // hash finds the company; ids are random or counted by the database; a NIP is one company's
    ...['api_keys_hash_key', 'api_keys_pkey', 'companies_nip_key', 'companies_pkey'],
    ...[
      'event_retirement_pkey',
      'events_pkey',
      'events_position_key',
      'ksef_audit_log_pkey',
      'ksef_audit_seals_pkey',
      // of KSeF, and of no company
      'ksef_availability_pkey',
      'ksef_call_counts_pkey',
      'ksef_credential_versions_active_key',
    ],
    ...['ksef_credential_versions_pkey', 'ksef_credentials_pkey'],
    ...['ksef_outages_pkey', 'ksef_outages_reference_key', 'outbox_pkey'],
    ...['webhook_attempts_pkey', 'webhook_deliveries_pkey', 'webhook_endpoints_pkey'],
    // of workers, and of no company
    'worker_presences_pkey',
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
